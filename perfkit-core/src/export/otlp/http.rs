//! One attempt over http, as protobuf or in another form.

use std::time::{Duration, SystemTime};

use ureq::http::{Response, StatusCode};
use ureq::{Agent, Proxy};

use super::config::{Compression, Config, Protocol};
use super::form::{Body, Form, PROTOBUF};
use super::send_error::{Attempt, SendError};

/// The most bytes of an answer that are read.
const LARGEST_ANSWER: u64 = 4 << 20;

fn form_of(protocol: Protocol) -> &'static Form {
    match protocol {
        #[cfg(feature = "otlp-json")]
        Protocol::HttpJson => &super::json::FORM,
        _ => &PROTOBUF,
    }
}

/// A way to a collector over http.
pub(super) struct Http {
    agent: Agent,
    endpoint: String,
    headers: Vec<(String, String)>,
    form: &'static Form,
    is_compressed: bool,
}

impl Http {
    pub(super) fn of(config: &Config) -> Result<Self, SendError> {
        Ok(Self {
            agent: agent_of(config)?,
            endpoint: config.endpoint.clone(),
            headers: config.headers.clone(),
            form: form_of(config.protocol),
            is_compressed: config.compression == Compression::Gzip,
        })
    }

    /// A request as it is sent, but for its compression.
    pub(super) fn body_of<'a>(&self, request: &'a [u8]) -> Body<'a> {
        (self.form.request)(request)
    }

    /// Sends what is compressed already, if it is to be.
    pub(super) fn attempt(&self, body: &[u8], timeout: Duration) -> Attempt {
        let mut call = self
            .agent
            .post(&self.endpoint)
            .config()
            .timeout_global(Some(timeout))
            .build()
            .content_type(self.form.content_type);
        if self.is_compressed {
            call = call.header("content-encoding", "gzip");
        }
        for (name, value) in &self.headers {
            call = call.header(name, value);
        }
        match call.send(body) {
            Ok(answer) => judge(answer, self.form),
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

fn judge(mut answer: Response<ureq::Body>, form: &Form) -> Attempt {
    let status = answer.status();
    if status.is_success() {
        return accepted(&mut answer, form);
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
fn accepted(answer: &mut Response<ureq::Body>, form: &Form) -> Attempt {
    let body = answer
        .body_mut()
        .with_config()
        .limit(LARGEST_ANSWER)
        .read_to_vec();
    let body = match body {
        Ok(body) => body,
        Err(error) => return Attempt::Failed(SendError::Unreadable(error.to_string())),
    };
    match (form.rejected)(&body) {
        Some((0, _)) => Attempt::Accepted,
        Some((points, why)) => Attempt::Failed(SendError::Rejected(points, why)),
        None => Attempt::Failed(SendError::NoCollector),
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
}
