//! What other libraries of the ecosystem see of a program, as operations.

mod detached_call;

#[cfg(feature = "tower")]
pub mod tower;
