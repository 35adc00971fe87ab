//! What other libraries of the ecosystem see of a program, as operations.

mod finished_call;

#[cfg(feature = "tower")]
pub mod tower;

#[cfg(feature = "tracing")]
pub mod tracing;
