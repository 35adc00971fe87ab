//! Ways out of the process.

mod json_lines;
#[cfg(feature = "otlp")]
mod metric_table;
#[cfg(any(feature = "otlp", feature = "prometheus"))]
mod shared;

#[cfg(feature = "otlp")]
pub mod otlp;

#[cfg(feature = "prometheus")]
pub mod prometheus;

pub use json_lines::JsonLines;
