//! One attempt over gRPC, on a runtime that lives as long as the attempt.

use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use prost::Message as _;
use tokio::runtime::{Builder, Handle};
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue, MetadataMap};
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};
use ureq::http::uri::PathAndQuery;

use super::config::{Compression, Config};
use super::send_error::{Attempt, SendError};

/// The most bytes of an answer that are read.
const LARGEST_ANSWER: usize = 4 << 20;

const EXPORT: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

/// A way to a collector over gRPC.
pub(super) struct Grpc {
    endpoint: Endpoint,
    headers: MetadataMap,
    is_compressed: bool,
}

impl Grpc {
    pub(super) fn of(config: &Config) -> Result<Self, SendError> {
        let fail = |problem: &str| SendError::Unreachable(problem.to_owned());
        let no_address = |_| fail("the endpoint is no address");
        let endpoint = Endpoint::from_shared(config.endpoint.clone()).map_err(no_address)?;
        let agent = concat!("perfkit/", env!("CARGO_PKG_VERSION"));
        let endpoint = endpoint.user_agent(agent).map_err(no_address)?;
        let mut headers = MetadataMap::new();
        for (name, value) in &config.headers {
            let name = AsciiMetadataKey::from_bytes(name.to_ascii_lowercase().as_bytes());
            let value = value.parse::<AsciiMetadataValue>();
            let (Ok(name), Ok(value)) = (name, value) else {
                return Err(fail("a header is none that gRPC allows"));
            };
            headers.append(name, value);
        }
        Ok(Self {
            endpoint: with_tls(endpoint, config)?,
            headers,
            is_compressed: config.compression == Compression::Gzip,
        })
    }

    pub(super) fn attempt(&self, body: &[u8], timeout: Duration) -> Attempt {
        // Who calls from within a runtime, as to send a report, may not start another there.
        if Handle::try_current().is_err() {
            return self.attempt_here(body, timeout);
        }
        let apart = std::thread::scope(|scope| {
            let builder = std::thread::Builder::new().name("perfkit-otlp".to_owned());
            let thread = builder.spawn_scoped(scope, || self.attempt_here(body, timeout));
            thread.ok().and_then(|thread| thread.join().ok())
        });
        let no_thread = || SendError::Unreachable("no thread could be started".to_owned());
        apart.unwrap_or_else(|| Attempt::Failed(no_thread()))
    }

    fn attempt_here(&self, body: &[u8], timeout: Duration) -> Attempt {
        let runtime = match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return Attempt::Failed(SendError::Unreachable(error.to_string())),
        };
        let attempt = runtime.block_on(async {
            let call = tokio::time::timeout(timeout, self.call(body, timeout));
            call.await.unwrap_or_else(|_| {
                Attempt::Retry(SendError::Unreachable("timeout".to_owned()), None)
            })
        });
        // A name that is still being looked up is not waited for.
        runtime.shutdown_background();
        attempt
    }

    async fn call(&self, body: &[u8], timeout: Duration) -> Attempt {
        let channel = self.endpoint.connect_lazy();
        let mut client = tonic::client::Grpc::new(channel);
        client = client.max_decoding_message_size(LARGEST_ANSWER);
        if self.is_compressed {
            client = client.send_compressed(CompressionEncoding::Gzip);
        }
        if let Err(error) = client.ready().await {
            return unreachable(&error);
        }
        let mut request = Request::new(Bytes::copy_from_slice(body));
        *request.metadata_mut() = self.headers.clone();
        request.set_timeout(timeout);
        let path = PathAndQuery::from_static(EXPORT);
        let answer = client.server_streaming(request, path, Messages).await;
        let mut messages = match answer {
            Ok(answer) => answer.into_inner(),
            Err(status) => return judge(&status),
        };
        let first = messages.message().await;
        let rest = match first {
            Ok(Some(_)) => messages.message().await,
            _ => Ok(None),
        };
        match (first, rest) {
            (Ok(Some(Some(message))), Ok(None)) => accepted(message),
            (Ok(_), Ok(_)) => Attempt::Failed(SendError::NoCollector),
            (Err(status), _) | (_, Err(status)) => match judge(&status) {
                Attempt::Retry(error, _) => Attempt::Failed(unreadable(error)),
                judged => judged,
            },
        }
    }
}

/// What comes after the collector began to answer is no reason to send it again: it may have it.
fn unreadable(error: SendError) -> SendError {
    match error {
        SendError::Unreachable(why) => SendError::Unreadable(why),
        SendError::RefusedCall(code, message) => {
            SendError::Unreadable(format!("{code}: {message}"))
        }
        other => other,
    }
}

#[cfg(feature = "otlp-tls")]
fn with_tls(endpoint: Endpoint, config: &Config) -> Result<Endpoint, SendError> {
    use tonic::transport::{Certificate, ClientTlsConfig, Identity};

    let fail = |problem: String| SendError::Unreachable(problem);
    if !config.endpoint.starts_with("https://") {
        return Ok(endpoint);
    }
    // Whether the files fit is found out in one place for both protocols.
    super::tls::load(config).map_err(|of| fail(of.problem))?;
    let read = |path: &std::path::Path| std::fs::read(path).map_err(|e| fail(e.to_string()));
    let mut tls = ClientTlsConfig::new();
    tls = match &config.certificate {
        Some(path) => tls.ca_certificate(Certificate::from_pem(read(path)?)),
        None => tls.with_native_roots(),
    };
    if let (Some(certificate), Some(key)) = (&config.client_certificate, &config.client_key) {
        tls = tls.identity(Identity::from_pem(read(certificate)?, read(key)?));
    }
    endpoint
        .tls_config(tls)
        .map_err(|error| fail(chain_of(&error)))
}

#[cfg(not(feature = "otlp-tls"))]
fn with_tls(endpoint: Endpoint, config: &Config) -> Result<Endpoint, SendError> {
    match config.endpoint.starts_with("https://") {
        true => Err(SendError::Unreachable(
            "https needs TLS, which is in the feature otlp-tls".to_owned(),
        )),
        false => Ok(endpoint),
    }
}

/// A success may still be partial; that is never sent again.
fn accepted(message: ExportMetricsServiceResponse) -> Attempt {
    match message.partial_success {
        Some(partial) if partial.rejected_data_points > 0 => {
            let rejected = partial.rejected_data_points.unsigned_abs();
            Attempt::Failed(SendError::Rejected(rejected, partial.error_message))
        }
        _ => Attempt::Accepted,
    }
}

/// The codes that the OTLP specification calls retryable; that of an exhausted resource only
/// where the collector says when to come again.
fn judge(status: &Status) -> Attempt {
    if let Some(error) = std::error::Error::source(status) {
        return unreachable(error);
    }
    let pause = pause_of(status.details());
    let name = format!("{:?}", status.code());
    let error = SendError::RefusedCall(name, status.message().to_owned());
    match status.code() {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => Attempt::Retry(error, pause),
        Code::ResourceExhausted if pause.is_some() => Attempt::Retry(error, pause),
        _ => Attempt::Failed(error),
    }
}

/// A connection that cannot be made or breaks.
fn unreachable(error: &(dyn std::error::Error + 'static)) -> Attempt {
    let message = SendError::Unreachable(chain_of(error));
    match is_refusal(error) {
        true => Attempt::Failed(message),
        false => Attempt::Retry(message, None),
    }
}

/// An error with all its causes.
fn chain_of(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        if parts.last() != Some(&part) {
            parts.push(part);
        }
        cause = error.source();
    }
    parts.join(": ")
}

/// Whether a connection failed for a reason that lasts.
#[cfg(feature = "otlp-tls")]
fn is_refusal(error: &(dyn std::error::Error + 'static)) -> bool {
    let is_one = |error: &(dyn std::error::Error + 'static)| {
        let io = error.downcast_ref::<std::io::Error>();
        io.is_some_and(super::tls::is_refusal) || error.is::<rustls::Error>()
    };
    let mut next = Some(error);
    while let Some(error) = next {
        if is_one(error) {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(not(feature = "otlp-tls"))]
fn is_refusal(_: &(dyn std::error::Error + 'static)) -> bool {
    false
}

/// `google.rpc.Status`, of which the details are of interest.
#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, prost::Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, prost::Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, prost::Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

/// When the collector wants to be asked again.
fn pause_of(details: &[u8]) -> Option<Duration> {
    const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";
    let details = RpcStatus::decode(details).ok()?.details;
    let info = details
        .iter()
        .find(|detail| detail.type_url == RETRY_INFO)?;
    let delay = RetryInfo::decode(&info.value[..])
        .ok()?
        .retry_delay
        .unwrap_or_default();
    let (seconds, nanos) = (delay.seconds.max(0), delay.nanos.clamp(0, 999_999_999));
    Some(Duration::new(seconds.unsigned_abs(), nanos.unsigned_abs()))
}

/// Requests are encoded already. An answer that is no message is `None`.
#[derive(Clone, Copy)]
struct Messages;

impl Codec for Messages {
    type Encode = Bytes;
    type Decode = Option<ExportMetricsServiceResponse>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Messages {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, target: &mut EncodeBuf<'_>) -> Result<(), Status> {
        target.put(item);
        Ok(())
    }
}

impl Decoder for Messages {
    type Item = Option<ExportMetricsServiceResponse>;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Self::Item>, Status> {
        let bytes = source.copy_to_bytes(source.remaining());
        Ok(Some(ExportMetricsServiceResponse::decode(bytes).ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_read_whatever_it_says() {
        let status = |seconds, nanos| {
            let delay = Delay { seconds, nanos };
            let info = RetryInfo {
                retry_delay: Some(delay),
            };
            let detail = |type_url: &str, value| Any {
                type_url: type_url.to_owned(),
                value,
            };
            let details = vec![
                detail("type.googleapis.com/google.rpc.Help", vec![255]),
                detail(
                    "type.googleapis.com/google.rpc.RetryInfo",
                    info.encode_to_vec(),
                ),
            ];
            pause_of(&RpcStatus { details }.encode_to_vec())
        };
        assert_eq!(status(2, 5), Some(Duration::new(2, 5)));
        assert_eq!(status(-2, -5), Some(Duration::ZERO));
        assert_eq!(status(0, i32::MAX), Some(Duration::new(0, 999_999_999)));
        assert_eq!(status(i64::MAX, 0), Some(Duration::new(i64::MAX as u64, 0)));
        assert_eq!(pause_of(b""), None);
        assert_eq!(pause_of(&[255; 20]), None);
    }
}
