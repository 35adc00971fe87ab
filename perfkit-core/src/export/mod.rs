//! Ways out of the process.

pub mod otlp;
