//! Where and how to export.

use std::error::Error;
use std::fmt;
#[cfg(feature = "otlp-tls")]
use std::path::PathBuf;
use std::time::Duration;

use super::failure_log::FailureLog;

pub(super) const DEFAULT_ENDPOINT: &str = "http://localhost:4318";
pub(super) const METRICS_PATH: &str = "/v1/metrics";

/// Where and how to export.
///
/// Later versions add fields: name those that you set, and take the rest from the
/// environment or from the defaults.
///
/// ```
/// use perfkit::otlp::{Compression, Config, Temporality};
///
/// let config = Config {
///     endpoint: "http://collector:4318/v1/metrics".to_owned(),
///     compression: Compression::Gzip,
///     temporality: Temporality::Delta,
///     ..Config::default()
/// };
/// # let _ = config;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The full address of the collector's metrics receiver; over gRPC without a path, such as
    /// `http://localhost:4317`.
    pub endpoint: String,
    /// How requests travel; http/protobuf by default.
    pub protocol: Protocol,
    /// Headers that every request carries.
    pub headers: Vec<(String, String)>,
    /// The longest that one request may take, retries included; 10 s by default.
    pub timeout: Duration,
    /// The longest that one export may take, which is several requests where there is much
    /// to tell; 30 s by default.
    pub export_timeout: Duration,
    /// The longest that the program waits at its end, when [`super::Otlp`] is dropped, for the
    /// last values to be sent; 2 s by default, whatever the other timeouts are.
    pub shutdown_timeout: Duration,
    /// The time from one export to the next.
    pub interval: Duration,
    /// How requests are compressed; not at all by default.
    pub compression: Compression,
    /// Whether values are told since the start, or since the last time; since the start by
    /// default.
    pub temporality: Temporality,
    /// The form of distributions; exponential by default.
    pub histograms: HistogramForm,
    /// The most buckets of an exponential histogram, from the first to the last that holds
    /// values; 160 by default, as OpenTelemetry has it, and 2 at least.
    ///
    /// The scale is as fine as that allows, 6 at most. With 160 buckets it is 6 where the
    /// longest time is up to 5.6 times the shortest, and then percentiles are within 0.55 % of
    /// those of a report. Up to 31 times it is 5 (1.1 %), up to 970 times 4 (2.2 %), up to
    /// 900,000 times 3 (4.4 %). With 3100 buckets it is always 6.
    pub max_buckets: usize,
    /// Upper bounds of the buckets of [`HistogramForm::ExplicitBuckets`], for metrics that are
    /// times. Where it is empty, which is the default, they are OpenTelemetry's own, taken as
    /// milliseconds: 0, 5, 10, 25, 50, 75, 100, 250, 500 and 750 ms, 1, 2.5, 5, 7.5 and 10 s.
    pub bounds: Vec<Duration>,
    /// The file, in PEM form, of the certificates that a collector's is issued by, instead of
    /// those that the system trusts.
    #[cfg(feature = "otlp-tls")]
    pub certificate: Option<PathBuf>,
    /// The file, in PEM form, of the certificate that the program shows to the collector, with
    /// those between it and one that the collector trusts.
    #[cfg(feature = "otlp-tls")]
    pub client_certificate: Option<PathBuf>,
    /// The file, in PEM form, of the private key of that certificate.
    #[cfg(feature = "otlp-tls")]
    pub client_key: Option<PathBuf>,
    /// The proxy that requests go through, such as `http://user:password@proxy:3128`; none
    /// by default, whatever the variables say that other programs take theirs from: headers
    /// may hold a secret, and a collector is nearby as a rule. Of http/protobuf alone.
    pub proxy: Option<String>,
    /// Whether the host, the process and the container are told (`host.name`, `process.pid`,
    /// `container.id` and others), and a random `service.instance.id`; true by default. What
    /// `OTEL_RESOURCE_ATTRIBUTES` says goes before it.
    pub detects_resource: bool,
    /// Where it is said that exports fail; on standard error by default.
    pub failure_log: FailureLog,
    /// Whether anything is exported at all.
    pub is_enabled: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            endpoint: format!("{DEFAULT_ENDPOINT}{METRICS_PATH}"),
            protocol: Protocol::HttpProtobuf,
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            export_timeout: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(2),
            interval: Duration::from_secs(60),
            compression: Compression::None,
            temporality: Temporality::Cumulative,
            histograms: HistogramForm::Exponential,
            max_buckets: 160,
            bounds: Vec::new(),
            #[cfg(feature = "otlp-tls")]
            certificate: None,
            #[cfg(feature = "otlp-tls")]
            client_certificate: None,
            #[cfg(feature = "otlp-tls")]
            client_key: None,
            proxy: None,
            detects_resource: true,
            failure_log: FailureLog::StandardError,
            is_enabled: true,
        }
    }
}

/// How requests travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// As protobuf over http.
    HttpProtobuf,
    /// As JSON over http.
    #[cfg(feature = "otlp-json")]
    HttpJson,
    /// Over gRPC.
    #[cfg(feature = "otlp-grpc")]
    Grpc,
}

impl Protocol {
    /// Whether it is one over http.
    pub(super) fn is_http(self) -> bool {
        match self {
            Self::HttpProtobuf => true,
            #[cfg(feature = "otlp-json")]
            Self::HttpJson => true,
            #[cfg(feature = "otlp-grpc")]
            Self::Grpc => false,
        }
    }
}

/// How requests are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    None,
    /// As gzip does.
    Gzip,
}

/// Since when values are told.
///
/// What only grows (calls, times, allocations) can be told either way. What also falls
/// (calls in flight, memory) is always told as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Temporality {
    /// Since the monitor's start or last reset: whatever is lost on the way, the next export
    /// carries it.
    Cumulative,
    /// Since the last export that arrived. What did not arrive is part of the next one,
    /// which then begins as early.
    Delta,
    /// As [`Temporality::Delta`], but since the start for what is read only when an export is
    /// made: the process's CPU time.
    LowMemory,
}

/// The form of distributions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HistogramForm {
    /// Buckets that are a fixed share wide (`base2_exponential_bucket_histogram`).
    Exponential,
    /// Buckets between bounds that are chosen beforehand (`explicit_bucket_histogram`); see
    /// [`Config::bounds`].
    ExplicitBuckets,
}

/// What is wrong with an environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    variable: String,
    problem: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.variable, self.problem)
    }
}

impl Error for ConfigError {}

impl ConfigError {
    pub(super) fn new(variable: &str, problem: impl Into<String>) -> Self {
        Self {
            variable: variable.to_owned(),
            problem: problem.into(),
        }
    }
}
