//! One request to a collector, retried where that may help.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime};

use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use prost::Message as _;
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Proxy};

use crate::export::shared::deadline as end_of;

use super::config::{Compression, Config};
use super::convert::Request;

/// The most bytes of an answer that are read.
const LARGEST_ANSWER: u64 = 4 << 20;

/// The first wait before a retry; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// The longest wait before a retry, also when the collector asks for more.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How often a waiting thread looks whether it shall stop.
const LOOK: Duration = Duration::from_millis(20);

/// Why data points did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// There is nothing to send.
    Empty,
    /// The collector could not be reached, or did not answer in time.
    Unreachable(String),
    /// The collector answered with this HTTP status.
    Refused(u16),
    /// The collector accepted the request, and what it said of that cannot be read: it did not
    /// come in time, broke off or is too long.
    Unreadable(String),
    /// Something accepted the request and answered as no collector does.
    NoCollector,
    /// The collector rejected some of the data points, with this message.
    Rejected(u64, String),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the report has no operations"),
            Self::Unreachable(why) => write!(f, "the collector cannot be reached: {why}"),
            Self::Refused(status) => write!(f, "the collector answered with HTTP status {status}"),
            Self::Unreadable(why) => write!(f, "the collector's answer cannot be read: {why}"),
            Self::NoCollector => write!(f, "the answer is not that of an OTLP collector"),
            Self::Rejected(points, message) => write!(
                f,
                "the collector rejected {points} data points: {}",
                message.chars().take(200).collect::<String>().escape_debug()
            ),
        }
    }
}

impl Error for SendError {}

/// A way to one collector.
pub(super) struct Transport {
    /// Why there is none, where a setting is at fault.
    agent: Result<Agent, SendError>,
    endpoint: String,
    headers: Vec<(String, String)>,
    compression: Compression,
    timeout: Duration,
}

/// What an attempt came to.
enum Attempt {
    Accepted,
    Failed(SendError),
    /// It may succeed later; after so long, if the collector said.
    Retry(SendError, Option<Duration>),
}

impl Transport {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            agent: agent_of(config),
            endpoint: config.endpoint.clone(),
            headers: config.headers.clone(),
            compression: config.compression,
            timeout: config.timeout,
        }
    }

    /// Sends a request until it is accepted, is refused for good, or its time or that of the
    /// whole export is over. Gives up between attempts when `shall_stop` says so.
    /// Returns how many data points were accepted.
    pub(super) fn send(
        &self,
        request: &Request,
        deadline: Instant,
        shall_stop: &dyn Fn() -> bool,
    ) -> Result<u64, SendError> {
        let deadline = deadline.min(end_of(self.timeout));
        let body = self.body_of(request)?;
        let mut wait = FIRST_WAIT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let (error, asked) = match self.attempt(&body, left.max(LOOK)) {
                Attempt::Accepted => return Ok(request.data_points),
                Attempt::Failed(error) => return Err(error),
                Attempt::Retry(error, asked) => (error, asked),
            };
            // Who asks for none, or for one that is over, would be asked without a pause.
            let pause = asked
                .unwrap_or_default()
                .max(jittered(wait))
                .min(LONGEST_WAIT);
            wait = (wait * 2).min(LONGEST_WAIT);
            if Instant::now() + pause >= deadline || !sleep(pause, shall_stop) {
                return Err(error);
            }
        }
    }

    /// A request as it goes over the wire.
    fn body_of<'a>(&self, request: &'a Request) -> Result<Cow<'a, [u8]>, SendError> {
        match self.compression {
            Compression::None => Ok(Cow::Borrowed(&request.bytes)),
            Compression::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
                let written = encoder.write_all(&request.bytes);
                let compressed = written.and_then(|()| encoder.finish()).map(Cow::Owned);
                compressed.map_err(|error| SendError::Unreachable(error.to_string()))
            }
        }
    }

    fn attempt(&self, body: &[u8], timeout: Duration) -> Attempt {
        let agent = match &self.agent {
            Ok(agent) => agent,
            Err(error) => return Attempt::Failed(error.clone()),
        };
        let mut call = agent
            .post(&self.endpoint)
            .config()
            .timeout_global(Some(timeout))
            .build()
            .content_type("application/x-protobuf");
        if self.compression == Compression::Gzip {
            call = call.header("content-encoding", "gzip");
        }
        for (name, value) in &self.headers {
            call = call.header(name, value);
        }
        match call.send(body) {
            Ok(answer) => judge(answer),
            Err(error) => {
                let message = SendError::Unreachable(error.to_string());
                match error {
                    _ if is_refusal(&error) => Attempt::Failed(message),
                    ureq::Error::Io(_)
                    | ureq::Error::ConnectionFailed
                    | ureq::Error::HostNotFound
                    | ureq::Error::Timeout(_) => Attempt::Retry(message, None),
                    _ => Attempt::Failed(message),
                }
            }
        }
    }
}

fn agent_of(config: &Config) -> Result<Agent, SendError> {
    let proxy = config.proxy.as_deref().map(Proxy::new).transpose();
    let no_address = |_| SendError::Unreachable("the proxy is no address".to_owned());
    let builder = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        // None is said where there is none: else it would be one of the environment.
        .proxy(proxy.map_err(no_address)?)
        .user_agent(concat!("perfkit/", env!("CARGO_PKG_VERSION")));
    #[cfg(feature = "otlp-tls")]
    let builder = {
        let tls = super::tls::load(config);
        builder.tls_config(tls.map_err(|of| SendError::Unreachable(of.problem))?)
    };
    Ok(builder.build().new_agent())
}

/// Whether a connection failed for a reason that lasts.
#[cfg(feature = "otlp-tls")]
fn is_refusal(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::Io(error) if super::tls::is_refusal(error))
}

#[cfg(not(feature = "otlp-tls"))]
fn is_refusal(_: &ureq::Error) -> bool {
    false
}

fn judge(mut answer: Response<ureq::Body>) -> Attempt {
    let status = answer.status();
    if status.is_success() {
        return accepted(&mut answer);
    }
    let error = SendError::Refused(status.as_u16());
    // The statuses that the OTLP specification calls retryable.
    match status {
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => {
            let asked = answer.headers().get("retry-after");
            let asked = asked.and_then(|value| retry_after(value.to_str().ok()?));
            Attempt::Retry(error, asked)
        }
        _ => Attempt::Failed(error),
    }
}

/// A success may still be partial; that is never retried.
fn accepted(answer: &mut Response<ureq::Body>) -> Attempt {
    let body = answer
        .body_mut()
        .with_config()
        .limit(LARGEST_ANSWER)
        .read_to_vec();
    let message = match body {
        Ok(body) => ExportMetricsServiceResponse::decode(&body[..]),
        Err(error) => return Attempt::Failed(SendError::Unreadable(error.to_string())),
    };
    match message {
        Ok(message) => match message.partial_success {
            Some(partial) if partial.rejected_data_points > 0 => {
                let rejected = partial.rejected_data_points.unsigned_abs();
                Attempt::Failed(SendError::Rejected(rejected, partial.error_message))
            }
            _ => Attempt::Accepted,
        },
        Err(_) => Attempt::Failed(SendError::NoCollector),
    }
}

/// Seconds, or a date.
fn retry_after(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// Between half and one and a half of a wait, so that many programs do not
/// retry at the same moment.
fn jittered(wait: Duration) -> Duration {
    let random = RandomState::new().hash_one(0_u8) % 1000;
    wait.mul_f64(0.5 + random as f64 / 1000.0)
}

/// Sleeps, and says whether to go on.
fn sleep(pause: Duration, shall_stop: &dyn Fn() -> bool) -> bool {
    let end = Instant::now() + pause;
    while Instant::now() < end {
        if shall_stop() {
            return false;
        }
        std::thread::sleep(LOOK.min(end.saturating_duration_since(Instant::now())));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after("7"), Some(Duration::from_secs(7)));
        let soon = SystemTime::now() + Duration::from_secs(100);
        let wait = retry_after(&httpdate::fmt_http_date(soon)).unwrap();
        assert!(wait > Duration::from_secs(60) && wait <= Duration::from_secs(100));
        assert_eq!(
            retry_after("Thu, 01 Jan 1970 00:00:00 GMT"),
            Some(Duration::ZERO)
        );
        assert_eq!(retry_after("soon"), None);
    }

    #[test]
    fn jitter_stays_around_the_wait() {
        for _ in 0..100 {
            let wait = jittered(Duration::from_millis(100)).as_millis();
            assert!((50..150).contains(&wait), "{wait}");
        }
    }
}
