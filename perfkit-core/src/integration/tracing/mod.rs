//! Spans of tracing's, as operations: a layer for a subscriber of `tracing-subscriber`.
//!
//! ```
//! use perfkit::Monitor;
//! use tracing_subscriber::filter::LevelFilter;
//! use tracing_subscriber::prelude::*;
//!
//! #[tracing::instrument(err)]
//! fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
//!     text.parse()
//! }
//!
//! # let monitor = Monitor::new();
//! # let layer = perfkit::tracing::Layer::new().monitor(&monitor);
//! # /*
//! let layer = perfkit::tracing::Layer::new();
//! # */
//! let subscriber = tracing_subscriber::registry().with(layer.with_filter(LevelFilter::INFO));
//! tracing::subscriber::with_default(subscriber, || {
//!     parse("42").unwrap();
//!     parse("x").unwrap_err();
//! });
//!
//! # let snapshot = monitor.snapshot();
//! # /*
//! let snapshot = perfkit::snapshot();
//! # */
//! let parse = &snapshot.operations[0];
//! assert!(parse.name.ends_with("::parse"));
//! assert_eq!((parse.lifetime.calls.success, parse.lifetime.calls.failure), (1, 1));
//! assert_eq!(parse.errors[0].last_text, "invalid digit found in string");
//! ```
//!
//! | of a span | becomes |
//! |---|---|
//! | target and name, `shop::cart::total` | the operation's name, as `#[measure]` would call the function; see [`Layer::with_target`] |
//! | the time from where it is first entered until it is closed | execution time |
//! | the part of it in which it is entered | busy time; the rest it was idle |
//! | the execution time less that of child spans | self time; children side by side are counted once |
//! | a span within another of the same operation | a recursive call, as everywhere in perfkit |
//! | an event of the level ERROR with a field `error`, as `#[instrument(err)]` emits it | failure of the kind `error`, with its text |
//! | a panic that leaves it | panic |
//! | fields that are named to the layer | labels; see [`Layer::labels`] |
//!
//! Which spans are measured, filters for a layer say, by level, target or whatever else
//! (`Layer::with_filter` of `tracing-subscriber`). Without any, the layer asks for all
//! spans and events that are compiled in.
//!
//! A span that was never entered was no call. That a future was dropped before its end
//! cannot be seen of its span, which counts as a success then: perfkit's own
//! [`measure_async`](crate::measure_async) sees it. Neither is a measured function within a
//! span its child.

mod layer;
mod operations;
mod span_call;
mod visitor;

pub use layer::Layer;
