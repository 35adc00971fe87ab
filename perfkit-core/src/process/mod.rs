//! Memory and CPU time of whole processes: this one, sampled, and children that
//! ended; and what the processor counts.
//!
//! Both belong to processes, never to a call: they are read on request, off
//! every hot path.

#[cfg(all(feature = "bench", unix))]
mod child;
#[cfg(feature = "bench")]
mod counter;
#[cfg(all(feature = "bench", unix))]
mod heap;
#[cfg(all(feature = "bench", unix))]
mod layout;
#[cfg(feature = "process")]
mod own;
#[cfg(unix)]
mod peer;
mod rights;
#[cfg(all(feature = "spawner", unix))]
#[doc(hidden)]
pub mod spawner;
mod thread;

#[cfg(all(feature = "bench", unix))]
pub use child::{ResourceUsage, own_peak_memory_bytes, try_reap};
#[cfg(feature = "bench")]
pub use counter::{HardwareCounter, HardwareEvent};
#[cfg(all(feature = "bench", unix))]
pub(crate) use heap::{release_free_memory, reset_peak_memory};
#[cfg(all(feature = "bench", unix))]
pub(crate) use layout::spawn_at_fixed_addresses;
#[cfg(feature = "process")]
pub use own::{ProcessUsage, usage};
#[cfg(unix)]
pub(crate) use peer::{is_of_same_user, own_user};
pub(crate) use rights::{append_within_limit, has_elevated_rights};
pub(crate) use thread::{spawn_without_signals, spawn_without_signals_of_writing};
