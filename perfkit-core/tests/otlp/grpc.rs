//! OTLP over gRPC, against a server that answers as it is told.

use std::collections::VecDeque;
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use flate2::read::GzDecoder;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{HeaderMap, Request, Response};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use perfkit::otlp::{self, Compression, Config, FailureLog, Protocol, SendError, Temporality};
use perfkit::{Monitor, Report};
use prost::Message as _;

use crate::collector::{Arrived, Collector, PATIENCE};
use crate::program::{run, stdout};

/// What the server does with a call, after it has read it.
pub(crate) enum Reply {
    /// Sends a head, these frames and then a status.
    Frames(Vec<u8>, u32),
    /// Sends a status alone, with details.
    Status(u32, Vec<u8>),
    /// Sends a head and these frames, and then resets the stream.
    Breaks(Vec<u8>),
    /// Resets the stream at once.
    Resets(Reason),
    Hangs,
}

/// A message in its frame.
fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[0], &length.to_be_bytes()[..], message].concat()
}

fn accepts() -> Reply {
    Reply::Frames(frame(b""), 0)
}

pub(crate) struct Server {
    pub(crate) endpoint: String,
    pub(crate) arrived: Receiver<Arrived>,
}

type Replies = Arc<Mutex<VecDeque<Reply>>>;

impl Server {
    /// Replies as told, and accepts everything afterwards.
    pub(crate) fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        listener.set_nonblocking(true).unwrap();
        let (sender, arrived) = channel();
        let replies: Replies = Arc::new(Mutex::new(replies.into()));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let (replies, sender) = (Arc::clone(&replies), sender.clone());
                    tokio::spawn(async move {
                        let Ok(mut connection) = h2::server::handshake(stream).await else {
                            return;
                        };
                        while let Some(Ok((request, respond))) = connection.accept().await {
                            let reply = replies.lock().unwrap().pop_front();
                            let reply = reply.unwrap_or_else(accepts);
                            tokio::spawn(handle(request, respond, reply, sender.clone()));
                        }
                    });
                }
            });
        });
        Self { endpoint, arrived }
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            endpoint: self.endpoint.clone(),
            protocol: Protocol::Grpc,
            interval: Duration::from_secs(3600),
            failure_log: FailureLog::Silent,
            ..Config::default()
        }
    }

    fn next(&self) -> Arrived {
        self.arrived.recv_timeout(PATIENCE).unwrap()
    }
}

async fn handle(
    request: Request<RecvStream>,
    mut respond: SendResponse<bytes::Bytes>,
    reply: Reply,
    sender: Sender<Arrived>,
) {
    let (head, mut stream) = request.into_parts();
    let mut body = Vec::new();
    while let Some(Ok(data)) = stream.data().await {
        let _ = stream.flow_control().release_capacity(data.len());
        body.extend_from_slice(&data);
    }
    let mut message = body[5..].to_vec();
    if body[0] == 1 {
        let mut whole = Vec::new();
        std::io::Read::read_to_end(&mut GzDecoder::new(&body[5..]), &mut whole).unwrap();
        message = whole;
    }
    let lines = head
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value:?}\n"));
    let arrived = Arrived {
        head: format!("{}\n{}", head.uri.path(), lines.collect::<String>()),
        message: ExportMetricsServiceRequest::decode(&message[..]).unwrap(),
        is_kept: matches!(reply, Reply::Frames(_, 0)),
    };
    let _ = sender.send(arrived);
    let head = || Response::builder().header("content-type", "application/grpc");
    match reply {
        Reply::Frames(frames, status) => {
            let Ok(mut stream) = respond.send_response(head().body(()).unwrap(), false) else {
                return;
            };
            let _ = stream.send_data(frames.into(), false);
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", status.to_string().parse().unwrap());
            let _ = stream.send_trailers(trailers);
        }
        Reply::Status(status, details) => {
            let head = head()
                .header("grpc-status", status.to_string())
                .header("grpc-message", "no%1b[31m way")
                .header("grpc-status-details-bin", STANDARD_NO_PAD.encode(details));
            let _ = respond.send_response(head.body(()).unwrap(), true);
        }
        Reply::Breaks(frames) => {
            let Ok(mut stream) = respond.send_response(head().body(()).unwrap(), false) else {
                return;
            };
            let _ = stream.send_data(frames.into(), false);
            tokio::time::sleep(Duration::from_millis(50)).await;
            stream.send_reset(Reason::INTERNAL_ERROR);
        }
        Reply::Resets(reason) => respond.send_reset(reason),
        Reply::Hangs => tokio::time::sleep(PATIENCE).await,
    }
}

fn monitor() -> Monitor {
    let monitor = Monitor::new();
    (0..5).for_each(|_| monitor.measure("work", || ()));
    monitor
}

/// What comes of a report, and how often it was sent.
fn send(reply: Reply, timeout: Duration) -> (Result<(), SendError>, usize) {
    let server = Server::start(vec![reply]);
    let report = Report::from_snapshot(monitor().snapshot());
    let config = Config {
        timeout,
        ..server.config()
    };
    let sent = otlp::send_report(&report, &config).map(|_| ());
    (sent, server.arrived.try_iter().count())
}

/// `google.rpc.Status` with a `RetryInfo` of so many seconds, or of 200 ms for zero.
fn retry_after(seconds: u8) -> Vec<u8> {
    let delay = match seconds {
        0 => vec![0x10, 0x80, 0x84, 0xaf, 0x5f],
        seconds => vec![0x08, seconds],
    };
    let within = |tag: u8, value: &[u8]| [&[tag, value.len() as u8], value].concat();
    let url = b"type.googleapis.com/google.rpc.RetryInfo";
    let any = [within(0x0a, url), within(0x12, &within(0x0a, &delay))].concat();
    within(0x1a, &any)
}

#[test]
fn a_call_arrives_whole_with_its_headers() {
    for compression in [Compression::None, Compression::Gzip] {
        let server = Server::start(vec![]);
        let config = Config {
            compression,
            headers: vec![("X-Key".to_owned(), "secret".to_owned())],
            ..server.config()
        };
        let otlp = otlp::start_with(&monitor(), config).unwrap();
        assert!(otlp.flush(PATIENCE), "{otlp:?}");
        let arrived = server.next();
        assert_eq!(arrived.total("perfkit.operation.calls"), 5);
        let head = &arrived.head;
        let path = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export\n";
        assert!(head.starts_with(path), "{head}");
        assert!(head.contains("x-key: \"secret\""), "{head}");
        assert!(
            head.contains("content-type: \"application/grpc\""),
            "{head}"
        );
        assert!(head.contains("user-agent: \"perfkit/"), "{head}");
        let is_compressed = head.contains("grpc-encoding: \"gzip\"");
        assert_eq!(is_compressed, compression == Compression::Gzip, "{head}");
        let component = "otel.component.type=otlp_grpc_metric_exporter".to_owned();
        let exported = arrived.sums("otel.sdk.exporter.metric_data_point.exported");
        assert_eq!(exported[0], (component, 0));
        assert!(otlp.shutdown(PATIENCE));
    }
}

#[test]
fn only_codes_that_may_pass_are_sent_again() {
    for code in 1..=16 {
        let is_passing = [1, 4, 10, 11, 14, 15].contains(&code);
        let (sent, times) = send(Reply::Status(code, vec![]), PATIENCE);
        assert_eq!(
            (sent.is_ok(), times),
            (is_passing, 1 + usize::from(is_passing)),
            "{code}: {sent:?}"
        );
        if let Err(error) = sent {
            assert!(matches!(error, SendError::RefusedCall(..)), "{error:?}");
            let said = error.to_string();
            assert!(
                said.contains("gRPC status") && !said.contains('\u{1b}'),
                "{said}"
            );
        }
    }
    // One that is exhausted says when it will not be.
    let (sent, times) = send(Reply::Status(8, retry_after(0)), PATIENCE);
    assert_eq!((sent.is_ok(), times), (true, 2), "{sent:?}");
    // Nobody waits for longer than a request may take.
    let (sent, times) = send(Reply::Status(14, retry_after(100)), Duration::from_secs(20));
    assert_eq!((sent.is_ok(), times), (false, 1), "{sent:?}");
}

#[test]
fn what_a_server_does_wrong_is_an_error_and_not_sent_again() {
    let message = |rejected_data_points| {
        let response = ExportMetricsServiceResponse {
            partial_success: Some(ExportMetricsPartialSuccess {
                rejected_data_points,
                error_message: "no".to_owned(),
            }),
        };
        response.encode_to_vec()
    };
    let two = [frame(b""), frame(b"")].concat();
    let too_long = frame(&vec![0; 5 << 20]);
    let claims_more = [&[0, 0x7f, 0xff, 0xff, 0xff][..], b"ab"].concat();
    let cases = [
        ("rejects some", Reply::Frames(frame(&message(2)), 0)),
        ("no message", Reply::Frames(vec![], 0)),
        ("two messages", Reply::Frames(two, 0)),
        ("noise", Reply::Frames(frame(&[0xff; 100]), 0)),
        ("noise as a frame", Reply::Frames(vec![0xff; 100], 0)),
        ("claims more", Reply::Frames(claims_more, 0)),
        ("too long", Reply::Frames(too_long, 0)),
        (
            "compressed unasked",
            Reply::Frames([&[1, 0, 0, 0, 2][..], b"ab"].concat(), 0),
        ),
        ("fails after its message", Reply::Frames(frame(b""), 14)),
        ("breaks off", Reply::Breaks(vec![0, 0, 0])),
    ];
    for (what, reply) in cases {
        let (sent, times) = send(reply, PATIENCE);
        assert!(sent.is_err() && times == 1, "{what}: {sent:?}, {times}");
    }
    let (sent, times) = send(Reply::Frames(frame(&message(0)), 0), PATIENCE);
    assert_eq!((sent, times), (Ok(()), 1));
}

#[test]
fn a_connection_that_breaks_or_hangs_is_met_in_time() {
    let (sent, times) = send(Reply::Resets(Reason::REFUSED_STREAM), PATIENCE);
    assert!(sent.is_ok() && times == 2, "{sent:?}, {times}");
    let short = Duration::from_millis(500);
    let (sent, times) = send(Reply::Hangs, short);
    let is_in_time = matches!(sent, Err(SendError::Unreachable(_)));
    assert!(is_in_time && times <= 1, "{sent:?}, {times}");
    // Nobody, somebody who says nothing, and somebody who speaks HTTP/1.1.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", listener.local_addr().unwrap());
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let refusing = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let plain = Collector::start(vec![]);
    let plain = plain.endpoint.replace("/v1/metrics", "");
    let report = Report::from_snapshot(monitor().snapshot());
    for endpoint in [silent, refusing, plain] {
        let config = Config {
            endpoint,
            protocol: Protocol::Grpc,
            timeout: short,
            ..Config::default()
        };
        let sent = otlp::send_report(&report, &config);
        assert!(matches!(sent, Err(SendError::Unreachable(_))), "{sent:?}");
    }
}

#[test]
fn a_program_with_a_runtime_of_its_own_may_send() {
    let server = Server::start(vec![]);
    let report = Report::from_snapshot(monitor().snapshot());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        assert!(otlp::send_report(&report, &server.config()).is_ok());
        let otlp = otlp::start_with(&monitor(), server.config()).unwrap();
        assert!(otlp.flush(PATIENCE));
        drop(otlp);
    });
}

#[test]
fn differences_add_up_over_calls_that_fail() {
    let replies = (0..9).map(|round| match round % 3 {
        0 => Reply::Status(13, vec![]),
        1 => Reply::Status(3, vec![]),
        _ => accepts(),
    });
    let server = Server::start(replies.collect());
    let config = Config {
        temporality: Temporality::Delta,
        ..server.config()
    };
    let monitor = Monitor::new();
    let otlp = otlp::start_with(&monitor, config).unwrap();
    for round in 0..9 {
        (0..7).for_each(|_| monitor.measure("work", || ()));
        assert_eq!(otlp.flush(PATIENCE), round % 3 == 2);
    }
    let kept = server.arrived.try_iter().filter(|arrived| arrived.is_kept);
    let calls: i64 = kept
        .map(|arrived| arrived.total("perfkit.operation.calls"))
        .sum();
    assert_eq!(calls, 63);
    let stats = otlp.stats();
    assert_eq!((stats.exports, stats.failed_exports), (9, 6));
    assert_eq!(stats.produced, stats.acknowledged + stats.dropped);
}

#[test]
fn the_variables_choose_it() {
    let server = Server::start(vec![]);
    let output = run(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &server.endpoint),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
    ]);
    assert!(
        stdout(&output).contains("arrived: true"),
        "{}",
        stdout(&output)
    );
    assert_eq!(server.next().total("perfkit.operation.calls"), 10);
    let proxied = run(&[
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("PERFKIT_OTLP_PROXY", "http://127.0.0.1:9"),
    ]);
    let said = stdout(&proxied);
    assert!(
        said.contains("error: PERFKIT_OTLP_PROXY: it is of http alone"),
        "{said}"
    );
}
