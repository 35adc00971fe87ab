//! OTLP export against a collector of our own that does as it is told. The one at
//! `tests/collector.rs` of the whole has the command and a real collector.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[cfg(feature = "prometheus")]
mod agreement;
#[cfg(feature = "otlp-bridge")]
mod bridge;
mod collector;
mod contents;
mod delta;
mod down;
#[cfg(feature = "otlp-exemplars")]
mod exemplars;
mod faults;
#[cfg(feature = "otlp-grpc")]
mod grpc;
#[cfg(feature = "otlp-json")]
mod json;
mod other_decoder;
mod program;
mod real;
#[path = "../required/mod.rs"]
mod required;
#[cfg(feature = "otlp-tls")]
mod tls;
mod variables;

#[global_allocator]
static ALLOCATOR: perfkit::CountingAllocator = perfkit::CountingAllocator::system();
