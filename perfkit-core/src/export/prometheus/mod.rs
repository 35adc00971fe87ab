//! Export to Prometheus, and to whatever else reads its formats.
//!
//! [`serve_default`] opens an endpoint on a thread of its own, which Prometheus
//! scrapes. [`respond`] answers scrapes from a web server that the program has
//! already; [`text`], [`openmetrics`] and [`protobuf`] write for a file of
//! node_exporter's textfile collector, or for a push gateway. Nothing runs unless it
//! is asked for, and nothing of it runs on the threads that are measured.
//!
//! The metrics are those of [`metrics()`]: their names, and those of labels, are the ones of
//! OTLP as OpenTelemetry's specification translates them, so that a dashboard serves a
//! program that is scraped and one that sends to a collector.
//!
//! An operation's own labels stand beside these, with `label_` before those that
//! have one of these names. Values that the program handed over
//! ([`crate::OperationSnapshot::is_of_values`]) have histograms of their own by their unit.
//!
//! All values are of the lifetime: they grow from the monitor's start and begin
//! anew after [`crate::Monitor::reset`], which Prometheus takes for a restart.
//! `perfkit_outcome` is `success`, `failure`, `panic` or `cancelled`. The duration
//! is that of successful outermost calls, as everywhere in perfkit, and so are
//! the other quantities, but for the self time, which is that of all successful
//! calls, and the failure duration, which is that of the others. What was not
//! measured of an operation is not there, rather than zero. What is of the whole program
//! (process memory and CPU time, calls that a collector missed) is told by [`respond`] and by
//! endpoints, and is in no text of a snapshot.
//!
//! # Accuracy
//! `_sum` and `_count` of a histogram are exact, and so is the mean.
//!
//! A native histogram has 128 buckets to a doubling: what `histogram_quantile` finds
//! in it is within 1 % of the percentile of a report, which is within 0.8 %. Prometheus
//! has them where native histograms are enabled and it scrapes protobuf.
//!
//! The classic histogram's bounds stand at 1, 1.5, 2, 3, 5 and 7 of every decade from
//! 100 ns to 100 s, the same for every operation and at any time, so that they
//! can be added up over operations, instances and versions. A percentile that
//! Prometheus interpolates is in the right bucket: in the worst case, between 3 and 5,
//! it is 67 % too high or 40 % too low. Where that is too coarse, the percentiles of a
//! native histogram or a report are fine; those over OTLP are as fine as its buckets.
//!
//! A call that took no longer than a bound is always counted within it. One that
//! took up to 0.8 % longer may be, because perfkit's own buckets are that wide.
//!
//! # Size
//! An operation is 64 to 70 time series where all its calls succeed, 58 more where
//! some do not, 58 more where CPU time is measured, 40 more where memory is, and one for each
//! kind of error (17 at most): 6 to 25 KB of text, and
//! 64 to 243 times the length of its name and labels. The limits of names and labels
//! bound the page.
//!
//! # Names
//! A backslash, a quote or a line break in a name is escaped, as the formats
//! want it. Other control characters, and characters that are invisible or turn
//! the direction of writing, appear as `\u{1b}`: they would reach terminals.

mod bounds;
mod catalogue;
mod config;
mod connection;
mod encoding;
mod endpoint;
mod exposition;
mod family;
mod host;
mod http;
mod label;
mod native;
mod negotiation;
mod protobuf_format;
mod readiness;
mod server;
mod subject;
mod text_format;

#[cfg(feature = "bench")]
pub use catalogue::result_metrics;
pub use catalogue::{MetricDescription, MetricType, metrics};
pub use config::Config;
pub use server::Server;
pub use text_format::TextFormat;

use std::io;
use std::net::{Ipv4Addr, ToSocketAddrs};

use crate::export::number_series::number_series;
use crate::monitor::Monitor;
use crate::snapshot::Snapshot;

use encoding::Encoding;
use exposition::Exposition;
use negotiation::Format;

/// The port of [`serve_default`]: that of OpenTelemetry's Prometheus exporters.
pub const DEFAULT_PORT: u16 = 9464;

/// The lifetime of all operations, counters and gauges in Prometheus' text format 0.0.4.
///
/// ```
/// let monitor = perfkit::Monitor::new();
/// monitor.measure("greet", || "hello");
/// let text = perfkit::prometheus::text(&monitor.snapshot());
/// let line = r#"perfkit_operation_calls_total{code_function_name="greet",perfkit_outcome="success"} 1"#;
/// assert!(text.lines().any(|found| found == line));
/// ```
#[must_use]
pub fn text(snapshot: &Snapshot) -> String {
    page(TextFormat::Text, snapshot)
}

/// The lifetime of all operations, counters and gauges in the text format of OpenMetrics 1.0.
///
/// There are no `_created` samples: start times computed from two clocks would
/// differ a little from scrape to scrape, and each would look like a restart.
///
/// ```
/// let monitor = perfkit::Monitor::new();
/// let text = perfkit::prometheus::openmetrics(&monitor.snapshot());
/// assert_eq!(text, "# EOF\n");
/// ```
#[must_use]
pub fn openmetrics(snapshot: &Snapshot) -> String {
    page(TextFormat::OpenMetrics, snapshot)
}

fn page(format: TextFormat, snapshot: &Snapshot) -> String {
    let numbers = number_series(&snapshot.counters, &snapshot.gauges);
    format.page(&snapshot.operations, &numbers, &[])
}

/// The lifetime of all operations, counters and gauges in Prometheus' protobuf format, with native
/// histograms and the classic ones beside them.
///
/// Each `io.prometheus.client.MetricFamily` follows its length. Prometheus asks for
/// it where it takes native histograms ([`respond`]).
#[must_use]
pub fn protobuf(snapshot: &Snapshot) -> Vec<u8> {
    let numbers = number_series(&snapshot.counters, &snapshot.gauges);
    protobuf_format::render(&snapshot.operations, &numbers, &[])
}

/// The answer to a scrape of the global monitor, for a web server that the program has
/// already: the `Content-Type`, and the body in the format that the request's `Accept`
/// prefers.
///
/// Formats are protobuf, OpenMetrics and the text format 0.0.4, which is also the answer
/// where the request says nothing. With axum:
///
/// ```
/// use axum::http::{HeaderMap, header::{ACCEPT, CONTENT_TYPE}};
/// use axum::{Router, response::IntoResponse, routing::get};
///
/// async fn metrics(headers: HeaderMap) -> impl IntoResponse {
///     let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
///     let (content_type, body) = perfkit::prometheus::respond(accept);
///     ([(CONTENT_TYPE, content_type)], body)
/// }
///
/// let app: Router = Router::new().route("/metrics", get(metrics));
/// ```
///
/// Writing the page keeps the thread that asks busy: of thousands of operations, ask on
/// one of `tokio::task::spawn_blocking`. Who may read it is the server's to decide:
/// [`Config::allowed_hosts`] is for the endpoint of
/// perfkit's own.
#[must_use]
pub fn respond(accept: Option<&str>) -> (&'static str, Vec<u8>) {
    respond_with(Monitor::global(), accept)
}

/// The answer to a scrape of a monitor, as [`respond`] gives it for the global one.
#[must_use]
pub fn respond_with(monitor: &Monitor, accept: Option<&str>) -> (&'static str, Vec<u8>) {
    let format = Format::preferred(accept);
    (format.content_type(), format.page(&Exposition::of(monitor)))
}

/// The answer to a scrape, for a web server that the program has already.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The `Content-Encoding`, where there is one.
    pub content_encoding: Option<&'static str>,
    /// The page.
    pub body: Vec<u8>,
}

impl Answer {
    /// The answer of a monitor to a request with these `Accept` and `Accept-Encoding`: as
    /// [`respond_with`] gives it, and compressed where the request names gzip. A web server
    /// that compresses by itself needs [`respond_with`] alone.
    ///
    /// ```
    /// use perfkit::prometheus::Answer;
    ///
    /// let answer = Answer::to(perfkit::Monitor::global(), None, Some("gzip"));
    /// assert_eq!(answer.content_encoding, Some("gzip"));
    /// assert_eq!(answer.body[..2], [0x1f, 0x8b]);
    /// ```
    #[must_use]
    pub fn to(monitor: &Monitor, accept: Option<&str>, accept_encoding: Option<&str>) -> Self {
        let encoding = Encoding::preferred(accept_encoding);
        let (content_type, page) = respond_with(monitor, accept);
        Self {
            content_type,
            content_encoding: encoding.name(),
            body: encoding.encoded(page),
        }
    }
}

/// Opens an endpoint for the global monitor on `http://127.0.0.1:9464/metrics`,
/// which programs on the same machine can read and no others.
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// let endpoint = perfkit::prometheus::serve_default()?;
/// perfkit::measure("work", || ());
/// endpoint.stop();
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The port is taken, or the system refuses a thread.
pub fn serve_default() -> io::Result<Server> {
    serve((Ipv4Addr::LOCALHOST, DEFAULT_PORT))
}

/// Opens an endpoint for the global monitor on an address of one's choice; with
/// port 0 the system chooses one ([`Server::address`]).
///
/// There is neither TLS nor a password: whoever can connect to the address can
/// read the names of operations and errors, and how often and how long they ran.
/// On a loopback address requests for other hosts are refused, so that pages on
/// the web cannot ([`Config::allowed_hosts`]).
///
/// # Errors
/// The address cannot be resolved or is taken, or the system refuses a thread.
pub fn serve(address: impl ToSocketAddrs) -> io::Result<Server> {
    Config::new().serve(address)
}

/// Opens an endpoint for a monitor, as [`serve`] does for the global one.
///
/// # Errors
/// The address cannot be resolved or is taken, or the system refuses a thread.
pub fn serve_with(monitor: &Monitor, address: impl ToSocketAddrs) -> io::Result<Server> {
    Config::new().monitor(monitor).serve(address)
}
