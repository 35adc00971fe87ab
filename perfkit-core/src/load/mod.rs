//! Load at a rate of its own, whose percentiles are right at saturation too.
//!
//! An [`open`] load starts operations when they are due, whether or not earlier ones have
//! ended, as users do. Its response times count from the moment at which an operation was
//! *due*: what it waited, behind a service that stalls or behind a generator that is late, is
//! in its time. A [`closed`] load starts the next operation of a client when the one before has
//! ended, and so holds back those that would have met a stall; it is there for comparison, and
//! says so wherever it is shown.
//!
//! ```
//! use std::time::Duration;
//! use perfkit::load;
//!
//! # tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap().block_on(async {
//! let result = load::open(200.0)
//!     .for_(Duration::from_millis(200))
//!     .max_in_flight(100)
//!     .run(|_| async {
//!         tokio::time::sleep(Duration::from_millis(2)).await;
//!         Ok::<(), std::io::Error>(())
//!     })
//!     .await;
//! assert_eq!(result.run().offered, result.operation().lifetime.count());
//! println!("{result}");
//! result.report().save(std::env::temp_dir().join("perfkit-load-example.json")).unwrap();
//! # std::fs::remove_file(std::env::temp_dir().join("perfkit-load-example.json")).unwrap();
//! # });
//! ```
//!
//! | of each operation | is counted from | to |
//! |---|---|---|
//! | response time: `execution_time`, of failures `failure_time` | when it was due | its end |
//! | `service_time` | its start | its end |
//! | `schedule_lag` | when it was due | its start |
//!
//! [`find_capacity`] finds the highest rate that keeps limits.
//!
//! All are in nanoseconds. Operations that would be more than
//! [`max_in_flight`](Open::max_in_flight) are not started and counted as failures of the kind
//! `shed`; they have no time. Those that are in flight at the end are waited for, up to
//! [`drain`](Open::drain), and then cancelled and counted. Where the lag is long, the generator
//! was unfit, and the result says that it is inconclusive:
//! [`OperationSnapshot::unfit_generator`](crate::snapshot::OperationSnapshot::unfit_generator).

mod account;
mod answer;
mod capacity;
mod closed;
mod handle;
mod limits;
mod meter;
mod open;
mod pace;
mod result;
mod schedule;
mod search;
#[cfg(test)]
mod simulated;
mod tasks;
mod threads;

pub use crate::load_run::{Arrivals, LoadModel, LoadRun, LoadShard, RatePhase, UnfitGenerator};
pub use answer::Answer;
pub use capacity::{FindCapacity, FoundCapacity, find_capacity};
pub use closed::{Closed, closed};
pub use handle::Handle;
pub use limits::{Limits, LimitsError};
pub use open::{Open, open};
pub use result::LoadResult;
