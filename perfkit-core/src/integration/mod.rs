//! What other libraries of the ecosystem see of a program, as operations.

#[cfg(any(feature = "tower", feature = "tracing"))]
mod finished_call;
#[cfg(any(feature = "metrics", feature = "tracing"))]
mod label_values;
#[cfg(any(feature = "metrics", feature = "tower", feature = "tracing"))]
mod section_lock;
#[cfg(all(test, any(feature = "metrics", feature = "tower", feature = "tracing")))]
mod while_held;

#[cfg(feature = "metrics")]
pub mod metrics;

#[cfg(feature = "tower")]
pub mod tower;

#[cfg(feature = "tracing")]
pub mod tracing;
