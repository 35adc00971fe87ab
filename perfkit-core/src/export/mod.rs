//! Ways out of the process.

#[cfg(feature = "otlp")]
mod metric_table;
mod shared;

#[cfg(feature = "otlp")]
pub mod otlp;

#[cfg(feature = "prometheus")]
pub mod prometheus;
