//! A collector that answers as it is told, and keeps what it accepted.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data, number_data_point};
use opentelemetry_proto::tonic::resource::v1::Resource;
use perfkit::otlp::{Config, FailureLog};
use prost::Message as _;

/// Longer than anything takes that ends.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// One request as it arrived.
pub(crate) struct Arrived {
    /// In lower case.
    pub(crate) head: String,
    pub(crate) message: ExportMetricsServiceRequest,
    /// Whether the collector's answer says that it has it.
    pub(crate) is_kept: bool,
}

pub(crate) struct Collector {
    pub(crate) endpoint: String,
    pub(crate) arrived: Receiver<Arrived>,
}

/// Answers as told, and as it is said afterwards. Says where it listens, and hands over what
/// it reads of the head, the body and the answer of each request.
pub(crate) fn listen<T: Send + 'static>(
    answers: Vec<Vec<u8>>,
    afterwards: &'static [u8],
    read: impl Fn(String, Vec<u8>, &[u8]) -> T + Send + 'static,
) -> (String, Receiver<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, arrived) = channel();
    std::thread::spawn(move || {
        let mut answers = answers.into_iter();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let Some((head, body)) = read_request(&mut stream) else {
                continue;
            };
            let answer = answers
                .next()
                .unwrap_or_else(|| answer(200, "", afterwards));
            // Before the answer: who has that may ask for what arrived.
            if sender.send(read(head, body, &answer)).is_err() {
                return;
            }
            let _ = stream.write_all(&answer);
        }
    });
    (format!("http://{address}/v1/metrics"), arrived)
}

impl Collector {
    /// Answers as told, and accepts everything afterwards.
    pub(crate) fn start(answers: Vec<Vec<u8>>) -> Self {
        let (endpoint, arrived) = listen(answers, b"", |head, body, answer| Arrived {
            message: ExportMetricsServiceRequest::decode(&body[..]).unwrap(),
            is_kept: answer.starts_with(b"HTTP/1.1 200 "),
            head,
        });
        Self { endpoint, arrived }
    }

    pub(crate) fn next(&self) -> Arrived {
        self.arrived.recv_timeout(PATIENCE).unwrap()
    }

    /// With nothing sent but when it is asked for, and nothing said of failures.
    pub(crate) fn config(&self) -> Config {
        Config {
            endpoint: self.endpoint.clone(),
            interval: Duration::from_secs(3600),
            failure_log: FailureLog::Silent,
            ..Config::default()
        }
    }
}

pub(crate) fn accepted() -> Vec<u8> {
    answer(200, "", b"")
}

pub(crate) fn answer(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// The head in lower case, and the body as it was before it was compressed; `None` if the
/// client left.
pub(crate) fn read_request(stream: &mut impl Read) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        (stream.read(&mut byte).ok()? > 0).then_some(())?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1)?;
    let mut body = vec![0; length.lines().next()?.parse().unwrap()];
    stream.read_exact(&mut body).ok()?;
    if head.contains("content-encoding: gzip") {
        let mut whole = Vec::new();
        GzDecoder::new(&body[..]).read_to_end(&mut whole).unwrap();
        body = whole;
    }
    Some((head, body))
}

impl Arrived {
    pub(crate) fn metrics(&self) -> &[Metric] {
        &self.message.resource_metrics[0].scope_metrics[0].metrics
    }

    pub(crate) fn resource(&self) -> &Resource {
        self.message.resource_metrics[0].resource.as_ref().unwrap()
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Metric> {
        self.metrics().iter().find(|metric| metric.name == name)
    }

    pub(crate) fn metric(&self, name: &str) -> &Metric {
        self.find(name)
            .unwrap_or_else(|| panic!("there is no {name}"))
    }

    /// The points of a sum: attributes but for the function's name, and value.
    pub(crate) fn sums(&self, name: &str) -> Vec<(String, i64)> {
        let Some(Data::Sum(sum)) = self.find(name).and_then(|metric| metric.data.as_ref()) else {
            return Vec::new();
        };
        let points = sum.data_points.iter();
        let points = points.map(|point| {
            let value = match point.value.unwrap() {
                number_data_point::Value::AsInt(value) => value,
                number_data_point::Value::AsDouble(value) => (value * 1e9).round() as i64,
            };
            (text_of(&point.attributes), value)
        });
        points.collect()
    }

    /// All points of a sum together.
    pub(crate) fn total(&self, name: &str) -> i64 {
        self.sums(name).iter().map(|(_, value)| value).sum()
    }
}

fn text_of(attributes: &[KeyValue]) -> String {
    let pairs = attributes.iter().filter(|a| a.key != "code.function.name");
    let pairs = pairs.map(|pair| format!("{}={}", pair.key, text(pair)));
    pairs.collect::<Vec<_>>().join(" ")
}

pub(crate) fn text(pair: &KeyValue) -> String {
    match pair.value.clone().and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        other => format!("{other:?}"),
    }
}
