//! Ways out of the process.

#[cfg(any(feature = "otlp", feature = "prometheus"))]
mod attributes;
mod json_lines;
#[cfg(any(feature = "otlp", feature = "prometheus"))]
mod metric_table;
#[cfg(any(feature = "otlp", feature = "prometheus"))]
mod number_series;
#[cfg(any(feature = "otlp", feature = "prometheus"))]
mod operation_series;
#[cfg(any(feature = "otlp", feature = "prometheus"))]
mod program_totals;
#[cfg(all(feature = "bench", any(feature = "otlp", feature = "prometheus")))]
mod result_gauges;
#[cfg(any(feature = "otlp", feature = "prometheus"))]
mod shared;
#[cfg(any(feature = "prometheus", all(feature = "otlp", test)))]
mod translation;

#[cfg(feature = "otlp")]
pub mod otlp;

#[cfg(feature = "prometheus")]
pub mod prometheus;

pub use json_lines::JsonLines;
