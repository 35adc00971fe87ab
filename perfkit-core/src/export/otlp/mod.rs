//! Export to OpenTelemetry collectors, over OTLP: http/protobuf and, in the feature `otlp-grpc`,
//! gRPC.
//!
//! [`start`] sends the global monitor's operations at a regular interval, on a
//! thread of its own. Histograms are exponential ones of at most
//! [`Config::max_buckets`] buckets, on which it depends how near their percentiles are to those of
//! a report; count, sum, minimum and maximum are exact.
//! Nothing of it runs on the threads that are measured, and a collector that
//! does not answer costs the program nothing but that thread's waiting.
//!
//! Which metrics these are, and which environment variables are obeyed, stands in
//! `docs/export.md`. The duration is that of successful calls, as everywhere in perfkit; those
//! that failed, panicked or were cancelled have a histogram of their own, which adds up with it.
//!
//! TLS is in the feature `otlp-tls`: without it `https` endpoints are refused. No proxy is used but that of
//! `PERFKIT_OTLP_PROXY`.
//!
//! ```no_run
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let _otlp = perfkit::otlp::start()?;
//!     perfkit::measure("work", || ());
//!     Ok(()) // sends the last values, which takes two seconds at most
//! }
//! ```

mod attributes;
#[cfg(feature = "otlp-bridge")]
pub mod bridge;
mod config;
mod convert;
#[cfg(feature = "otlp-exemplars")]
mod current_trace;
mod environment;
mod explicit;
mod exponential;
mod exporter;
mod failure_log;
mod form;
mod growth;
#[cfg(feature = "otlp-grpc")]
mod grpc;
mod http;
#[cfg(feature = "otlp-json")]
mod json;
mod numbers;
mod points;
mod resource;
#[cfg(feature = "bench")]
mod results;
mod send_error;
#[cfg(feature = "otlp-tls")]
mod tls;
mod transport;

pub use config::{Compression, Config, ConfigError, HistogramForm, Protocol, Temporality};
#[cfg(feature = "otlp-exemplars")]
pub use current_trace::current_trace;
pub use exporter::{Otlp, Stats};
pub use failure_log::FailureLog;
pub use send_error::SendError;

use std::time::Duration;

use crate::export::number_series::number_series;
use crate::export::program_totals::overflow_calls;
use crate::export::shared::deadline;
use crate::monitor::Monitor;
use crate::report::Report;

use convert::{Export, Form, Total};
use growth::{Ledger, Reading};
use numbers::NumberReading;
use points::Period;
use transport::Transport;

/// Why the export could not be started.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The environment asks for something that cannot be done.
    Config(ConfigError),
    /// The system refuses a thread.
    Thread(std::io::Error),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Thread(error) => write!(f, "no thread could be started: {error}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Thread(error) => Some(error),
        }
    }
}

/// Starts exporting the global monitor, as the environment says. The export
/// ends, with the last values sent, when the result is dropped or shut down.
///
/// Where variables are set that speak of metrics and are not obeyed, a line on standard error
/// names them, once; [`Otlp::unobeyed`] has them too.
///
/// # Errors
/// An environment variable is wrong, or the system refuses a thread.
pub fn start() -> Result<Otlp, StartError> {
    let config = Config::from_environment().map_err(StartError::Config)?;
    let mut otlp = start_with(Monitor::global(), config)?;
    otlp.names_unobeyed(environment::unobeyed());
    Ok(otlp)
}

/// Starts exporting a monitor.
///
/// # Errors
/// The system refuses a thread.
pub fn start_with(monitor: &Monitor, config: Config) -> Result<Otlp, StartError> {
    Otlp::start(monitor.clone(), config).map_err(StartError::Thread)
}

/// What a collector accepted of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// How many data points were accepted.
    pub data_points: u64,
}

/// Sends what a saved report says once: its operations, counters and gauges and, in the feature `bench`, its
/// benchmarks, comparisons and gate.
///
/// # Errors
/// The report has no results, or the collector did not accept all of them
/// within the timeout.
pub fn send_report(report: &Report, config: &Config) -> Result<Sent, SendError> {
    let resource = resource::of_report(&report.environment);
    let operations = report.operations.iter().map(|o| o.lifetime.span_ns);
    let counters = report.counters.iter().map(|c| c.lifetime.span_ns);
    let longest = operations.chain(counters).max();
    let span = Duration::from_nanos(longest.unwrap_or(0));
    let start = report.created.checked_sub(span).unwrap_or(report.created);
    let period = Period::new(start, report.created);
    let mut requests = Vec::new();
    if !report.operations.is_empty() {
        let export = Export {
            readings: report.operations.iter().map(Reading::untold).collect(),
            totals: overflow_calls(&report.operations)
                .map(Total::from)
                .into_iter()
                .collect(),
            period,
            form: &Form::of(config),
            resource: &resource,
        };
        requests = export.requests();
    }
    let numbers = number_series(&report.counters, &report.gauges).into_iter();
    let numbers = numbers.map(|series| NumberReading::new(series, &Ledger::default()));
    let numbers: Vec<_> = numbers.collect();
    let form = Form::of(config);
    requests.extend(numbers::requests(&numbers, period, &form, &resource));
    #[cfg(feature = "bench")]
    {
        let gauges = crate::export::result_gauges::gauges(report);
        requests.extend(results::requests(&gauges, period, &resource));
    }
    if requests.is_empty() {
        return Err(SendError::Empty);
    }
    let transport = Transport::new(config);
    let deadline = deadline(config.export_timeout);
    let mut data_points = 0;
    for request in &requests {
        data_points += transport.send(request, deadline, &|| false)?;
    }
    Ok(Sent { data_points })
}
