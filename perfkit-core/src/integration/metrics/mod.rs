//! What the macros of the crate `metrics` record, kept with windows and percentiles.
//!
//! ```
//! use metrics::{counter, histogram};
//!
//! # let monitor = perfkit::Monitor::new();
//! # let recorder = perfkit::metrics::Recorder::new().monitor(&monitor);
//! # metrics::with_local_recorder(&recorder, || {
//! # /*
//! metrics::set_global_recorder(perfkit::metrics::Recorder::new())?;
//! # */
//! metrics::describe_histogram!("query", metrics::Unit::Seconds, "of the database");
//! for rows in [3, 5] {
//!     histogram!("query").record(std::time::Duration::from_millis(rows));
//!     counter!("rows").increment(rows);
//! }
//! # });
//!
//! # /*
//! let snapshot = perfkit::snapshot();
//! # */
//! # let snapshot = monitor.snapshot();
//! let query = &snapshot.operation("query").unwrap().lifetime;
//! assert_eq!(query.execution_time().unwrap().max, Some(5e6));
//! assert_eq!(snapshot.counter("rows").unwrap().lifetime.total, 8);
//! ```
//!
//! | macro | becomes |
//! |---|---|
//! | `histogram!` | an operation, of which each recorded value is a call: the values as `execution_time` where a unit of time is described, else as `value` |
//! | `counter!` | a [`Counter`](crate::Counter) of times, bytes or things |
//! | `gauge!` | a [`Gauge`](crate::Gauge) |
//!
//! Counters and gauges of the same name and labels that the program has of
//! [`counter`](crate::counter()) and [`gauge`](crate::gauge()) are the same ones.
//!
//! Units are those of `describe_histogram!` and its like, where that comes before the first
//! use of the metric. Values of a histogram or gauge without a unit are numbers that stand
//! for themselves.
//!
//! Labels are those of the metric. Of the first 200 labels 100 values each are kept apart,
//! and all further values are `other`; labels and values have 100 characters at most.
//!
//! # What cannot be kept
//! Values of histograms are whole nanoseconds, bytes and things, and all others multiples of a
//! millionth, up to 280 million. Those that are negative, larger or not numbers are failures of
//! the kind `out_of_range`. What a counter was before is known of the first 10,000: of further
//! ones `absolute` is not counted, and how often that was is the counter `metrics_not_kept`.
//! Only whole numbers have a distribution in reports that is merged over processes: of others
//! each process has its percentiles.
//!
//! Collectors ([`Monitor::set_collector`](crate::Monitor::set_collector)) get nothing of all this.

mod conversion;
mod handle;
mod kept_handles;
mod metric_type;
mod recorder;

pub use recorder::Recorder;
