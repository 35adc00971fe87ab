//! Measures execution time, memory, CPU and throughput of named operations,
//! keeps rolling windows with percentiles, and reports them.
//!
//! `cargo add perfkit-core` adds it; in code its name is `perfkit`:
//!
//! ```toml
//! [dependencies]
//! perfkit-core = "0.1"
//! ```
//!
//! ```
//! use perfkit::measure;
//!
//! #[measure]
//! fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
//!     text.trim().parse()
//! }
//!
//! parse("42").unwrap();
//! parse("x").unwrap_err();
//!
//! let snapshot = perfkit::snapshot();
//! let parse = &snapshot.operations[0];
//! assert!(parse.name.ends_with("::parse"));
//! assert_eq!((parse.lifetime.calls.success, parse.lifetime.calls.failure), (1, 1));
//! let time = parse.lifetime.execution_time().unwrap();
//! assert!(time.median_duration() <= time.max_duration());
//! ```
//!
//! | to | use |
//! |---|---|
//! | measure a function, a method or an `async fn` | `#[measure]` |
//! | measure a closure | [`measure()`], [`try_measure`] |
//! | measure a future | [`measure_async`], [`try_measure_async`] |
//! | measure a stream | `measure_stream`, in the feature `stream` |
//! | measure a section of code | [`Timer`] |
//! | measure memory, CPU or throughput too | [`operation`] and its options |
//! | count what is no call, or keep a number that rises and falls | [`counter`], [`gauge`], [`ratio`] |
//! | read counts, averages and percentiles | [`snapshot()`] |
//! | save them, or sum them up | [`Report`] |
//! | get a report when the program ends | [`report_at_exit`], [`save_report`] |
//! | look at it while it runs | [`watchable`], and `perfkit watch` |
//! | send every value somewhere | [`Monitor::set_collector`] |
//! | send totals to OpenTelemetry | `otlp::start`, in the feature `otlp` |
//! | let Prometheus read them | `prometheus::serve_default`, in the feature `prometheus` |
//! | measure the requests of an HTTP service | `tower::Layer`, in the feature `tower` |
//! | take spans of tracing's for operations | `tracing::Layer`, in the feature `tracing` |
//! | keep what the macros of `metrics` record | `metrics::Recorder`, in the feature `metrics` |
//! | run a suite that was written for criterion | `criterion`, in the feature `criterion` |
//! | hold them to a budget in a test | `budget::Budget`, in the feature `bench` |
//! | put load on something, and find its capacity | `load::open`, in the feature `load` |
//! | keep measurements apart | [`Monitor::new`] |
//!
//! Modules stand in the order in which data flows; each uses only those above.

pub mod unit;

#[doc(hidden)]
pub mod text;

mod side;

mod small_map;

#[doc(hidden)]
pub mod stats;

pub mod clock;

pub mod histogram;

mod number;

pub mod metric;

pub mod metric_summary;

pub mod window;

pub mod alloc;

pub mod process;

mod error_kind;

mod label;

pub mod outcome;

mod labelled_outcome;

mod load_run;

mod recorder;

pub mod monitor;

pub mod measure;

pub mod snapshot;

mod probe_overhead;

pub mod report;

pub mod global;

#[cfg(feature = "bench")]
pub mod budget;

#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod compare;

#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod history;

#[cfg(feature = "bench")]
pub mod bench;

#[cfg(feature = "load")]
pub mod load;

mod export;

#[cfg(any(feature = "metrics", feature = "tower", feature = "tracing"))]
mod integration;

#[doc(hidden)]
pub mod __private;

pub use alloc::CountingAllocator;
#[cfg(all(unix, feature = "criterion"))]
pub use bench::criterion;
pub use clock::{Clock, MockClock};
pub use error_kind::ErrorKind;
pub use export::JsonLines;
#[cfg(feature = "otlp")]
pub use export::otlp;
#[cfg(feature = "prometheus")]
pub use export::prometheus;
#[cfg(feature = "stream")]
pub use global::measure_stream;
pub use global::{
    ConfigureError, configure, counter, counter_labelled, gauge, gauge_labelled, measure,
    measure_async, operation, ratio, report_at_exit, save_report, set_enabled, snapshot,
    try_measure, try_measure_async, watchable,
};
#[cfg(feature = "metrics")]
pub use integration::metrics;
#[cfg(feature = "tower")]
pub use integration::tower;
#[cfg(feature = "tracing")]
pub use integration::tracing;
pub use labelled_outcome::LabelledOutcome;
pub use measure::Timer;
pub use metric::{Direction, Metric};
pub use metric_summary::MetricSummary;
pub use monitor::{
    CollectedCall, Collector, Counter, Gauge, Labelled, Measurement, Monitor, MonitorBuilder,
    Operation,
};
pub use outcome::{Ending, Failure, Outcome};
#[cfg(all(feature = "bench", feature = "macros"))]
pub use perfkit_macros::benchmark;
#[cfg(feature = "macros")]
pub use perfkit_macros::measure;
pub use probe_overhead::ProbeOverhead;
pub use recorder::{Calls, TraceContext};
pub use report::{Report, Summary};
pub use small_map::SmallMap;
pub use snapshot::{
    CounterSnapshot, CounterWindow, Exemplar, GaugeSnapshot, GaugeWindow, OperationSnapshot,
    RatioSnapshot, RatioWindow, Snapshot, WindowSnapshot,
};
pub use window::Window;

/// The code of the README and of `docs`, run as documentation tests.
#[cfg(all(doctest, feature = "bench"))]
mod pages {
    #[doc = include_str!("../../README.md")]
    struct Readme;
    #[cfg(feature = "stream")]
    #[doc = include_str!("../../docs/recording.md")]
    struct Recording;
    #[doc = include_str!("../../docs/benchmarks.md")]
    struct Benchmarks;
    #[doc = include_str!("../../docs/coming-from-criterion.md")]
    struct ComingFromCriterion;
    #[cfg(all(feature = "otlp", feature = "prometheus"))]
    #[doc = include_str!("../../docs/export.md")]
    struct Export;
    #[cfg(all(feature = "metrics", feature = "tower", feature = "tracing"))]
    #[doc = include_str!("../../docs/integrations.md")]
    struct Integrations;
}
