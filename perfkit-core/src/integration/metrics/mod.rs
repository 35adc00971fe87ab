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
//! let rows = &snapshot.operation("rows").unwrap().lifetime;
//! assert_eq!(rows.items().unwrap().sum, 8.0);
//! ```
//!
//! | macro | becomes an operation of which | with |
//! |---|---|---|
//! | `histogram!` | each recorded value is a call | the values as `execution_time` where a unit of time is described, else as `value` |
//! | `counter!` | each increment is a call | the increments as `items`, or `bytes` where such a unit is described; the sum is the counter's, `items_per_second` its rate |
//! | `gauge!` | each change is a call | the values that it was changed to as `value`. Which one it has now, and for how long, is not kept |
//!
//! Units are those of `describe_histogram!` and its like, where that comes before the first
//! use of the metric. Values of a histogram or gauge without a unit are numbers that stand
//! for themselves.
//!
//! Labels are those of the metric. Of the first 200 labels 100 values each are kept apart,
//! and all further values are `other`; labels and values have 100 characters at most.
//!
//! # What cannot be kept
//! Values are whole nanoseconds, bytes and things, and all others multiples of a millionth,
//! up to 280 million. Those that are negative, larger or not numbers are failures of the
//! kind `out_of_range`. What a metric was before is known of the first 10,000: beyond them
//! `increment` and `decrement` of a gauge and `absolute` of a counter are failures of the kind
//! `too_many_metrics`; `set` of a gauge and `increment` of a counter are recorded as of any.
//! Only whole numbers have a distribution in reports that is merged over processes: of others
//! each process has its percentiles.
//!
//! Where a gauge has to be seen as it is, let an exporter see it too: `FanoutBuilder` of
//! `metrics-util` gives everything to several recorders. Collectors
//! ([`Monitor::set_collector`](crate::Monitor::set_collector)) get nothing of all this.

mod conversion;
mod handle;
mod metric_type;
mod recorder;

pub use recorder::Recorder;
