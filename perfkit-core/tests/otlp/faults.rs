//! A collector that does everything that a server can do wrong, each once, and is well again
//! then. Whatever it does: only what may be sent again is, nothing blocks or grows, and what it
//! has in the end is what happened.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use perfkit::Monitor;
use perfkit::otlp::{self, Config, FailureLog, SendError, Temporality};
use prost::Message as _;

use crate::collector::{Arrived, PATIENCE, accepted, answer, read_request};

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// The collector has it, and says so.
    Arrives,
    /// It is sent again at once, and arrives then.
    Retried,
    /// It is not sent again; the next export has it.
    Dropped,
    /// As that, after all the time that there is.
    TimesOut,
    /// The collector has it and its answer is of no use: the next export has it once more.
    Doubtful,
    /// The collector has it but for so many data points, and it is not sent again.
    Rejected(u64),
}
use Expected::{Arrives, Doubtful, Dropped, Rejected, Retried, TimesOut};

/// What the collector does with the first connection.
enum Act {
    /// Reads the request, and answers with these bytes.
    Answers(Vec<u8>),
    /// Reads the request, and does something.
    Reads(Box<dyn FnOnce(&mut TcpStream) + Send>),
    /// Does something without reading.
    Does(Box<dyn FnOnce(&mut TcpStream) + Send>),
}

struct Fault {
    name: String,
    act: Act,
    expected: Expected,
}

fn does(
    name: &str,
    expected: Expected,
    act: impl FnOnce(&mut TcpStream) + Send + 'static,
) -> Fault {
    Fault {
        name: name.to_owned(),
        act: Act::Does(Box::new(act)),
        expected,
    }
}

fn reads(
    name: &str,
    expected: Expected,
    act: impl FnOnce(&mut TcpStream) + Send + 'static,
) -> Fault {
    Fault {
        name: name.to_owned(),
        act: Act::Reads(Box::new(act)),
        expected,
    }
}

fn answers(name: &str, expected: Expected, bytes: impl AsRef<[u8]>) -> Fault {
    Fault {
        name: name.to_owned(),
        act: Act::Answers(bytes.as_ref().to_vec()),
        expected,
    }
}

/// Holds a connection until the other side leaves.
fn hold(stream: &mut TcpStream) {
    while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
}

/// Writes without an end, slowly or not, until the other side leaves.
fn write_on(stream: &mut TcpStream, bytes: &[u8], pause: Duration) {
    while stream.write_all(bytes).is_ok() {
        WRITTEN.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        std::thread::sleep(pause);
    }
}

/// How much was written without an end, of all tests together.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

fn of_connections() -> Vec<Fault> {
    let slowly = Duration::from_millis(5);
    vec![
        does("closes at once", Retried, |_| ()),
        does("resets once something came", Retried, |stream| {
            // What was not read when a connection is closed makes that a reset.
            let _ = stream.peek(&mut [0]);
        }),
        does("closes in the middle of the request", Retried, |stream| {
            let _ = stream.read_exact(&mut [0; 100]);
        }),
        does("closes its side alone", Retried, |stream| {
            let _ = stream.shutdown(Shutdown::Write);
            hold(stream);
        }),
        does("never reads nor answers", TimesOut, |stream| {
            let _ = stream.peek(&mut [0]);
            std::thread::sleep(PATIENCE);
        }),
        reads("closes without an answer", Retried, |_| ()),
        reads("reads and never answers", TimesOut, hold),
        reads("answers a byte at a time", Arrives, |stream| {
            for byte in accepted() {
                let _ = stream.write_all(&[byte]);
                std::thread::sleep(Duration::from_millis(1));
            }
        }),
        reads("drips before a head", TimesOut, move |stream| {
            write_on(stream, b" ", slowly);
        }),
        reads("drips a head", TimesOut, move |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx: ");
            write_on(stream, b"x", slowly);
        }),
        reads("drips a body", Doubtful, move |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n");
            write_on(stream, b"\0", slowly);
        }),
        reads("floods with a head", Dropped, |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx: ");
            write_on(stream, &[b'x'; 65_536], Duration::ZERO);
        }),
        reads("floods with heads", Dropped, |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
            write_on(stream, &b"x: y\r\n".repeat(10_000), Duration::ZERO);
        }),
        reads("floods with a body", Doubtful, |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            write_on(stream, &[0; 65_536], Duration::ZERO);
        }),
        reads("floods with chunks", Doubtful, |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            let chunk = [b"10000\r\n", &[0; 65_536][..], b"\r\n"].concat();
            write_on(stream, &chunk, Duration::ZERO);
        }),
    ]
}

fn of_forms() -> Vec<Fault> {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    let until_end = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
    vec![
        answers("ends its body by its end", Arrives, until_end),
        answers("answers in chunks", Arrives, format!("{chunked}0\r\n\r\n")),
        answers(
            "has a chunk of no size",
            Doubtful,
            format!("{chunked}zz\r\n\r\n"),
        ),
        answers("breaks off a chunk", Doubtful, format!("{chunked}ff\r\nab")),
        answers(
            "breaks off its body",
            Doubtful,
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\nab",
        ),
        answers(
            "sends more than it said",
            Arrives,
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\nabc",
        ),
        answers(
            "has no number as its length",
            Dropped,
            "HTTP/1.1 200 OK\r\ncontent-length: many\r\nconnection: close\r\n\r\n",
        ),
        answers("speaks HTTP/1.0", Arrives, "HTTP/1.0 200 OK\r\n\r\n"),
        answers("speaks HTTP/9.9", Dropped, "HTTP/9.9 200 OK\r\n\r\n"),
        answers("has no status", Dropped, "HTTP/1.1 abc\r\n\r\n"),
        answers("is SSH", Dropped, "SSH-2.0-OpenSSH_9.2p1\r\n"),
        answers("is TLS", Dropped, [21, 3, 3, 0, 2, 2, 70].repeat(20)),
        answers("is nothing known", Dropped, [0xff; 300]),
        answers(
            "says to go on, and then answers",
            Arrives,
            [b"HTTP/1.1 100 Continue\r\n\r\n", &accepted()[..]].concat(),
        ),
    ]
}

fn of_statuses() -> Vec<Fault> {
    let of = |expected, statuses: &[u16]| {
        let of_one = |status: &u16| {
            let headers = "location: /elsewhere\r\n";
            let name = format!("has status {status}");
            answers(&name, expected, answer(*status, headers, b""))
        };
        statuses.iter().map(of_one).collect::<Vec<_>>()
    };
    let mut all = of(Arrives, &[200, 201, 202, 204]);
    all.extend(of(Retried, &[429, 502, 503, 504]));
    all.extend(of(
        Dropped,
        &[
            300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 407, 408, 409, 410,
            411, 413, 414, 415, 417, 421, 422, 425, 426, 428, 431, 451, 500, 501, 505, 507, 508,
            511, 599,
        ],
    ));
    all
}

fn of_pauses() -> Vec<Fault> {
    let date = |seconds: i64| {
        let now = SystemTime::now();
        let time = match u64::try_from(seconds) {
            Ok(later) => now + Duration::from_secs(later),
            Err(_) => now - Duration::from_secs(seconds.unsigned_abs()),
        };
        httpdate::fmt_http_date(time)
    };
    let soon = [
        "0",
        " 0 ",
        "-5",
        "1.5",
        "soon",
        "",
        "99999999999999999999999",
        "\u{e9}",
    ];
    let late = ["3600", "18446744073709551615"];
    let soon = soon.map(str::to_owned).into_iter().chain([date(-3600)]);
    let late = late
        .map(str::to_owned)
        .into_iter()
        .chain([date(86_400), "Fri, 31 Dec 9999 23:59:59 GMT".to_owned()]);
    let soon = soon.map(|value| (value, Retried));
    // Longer than a request may take: nobody waits for it.
    let late = late.map(|value| (value, Dropped));
    let of = |(value, expected): (String, Expected)| {
        let headers = format!("retry-after: {value}\r\n");
        let name = format!("says to come again after {value:?}");
        answers(&name, expected, answer(503, &headers, b""))
    };
    soon.chain(late).map(of).collect()
}

fn of_bodies() -> Vec<Fault> {
    let ok = |name: &str, expected, body: &[u8]| answers(name, expected, answer(200, "", body));
    let partial = |rejected_data_points, error_message: &str| {
        let response = ExportMetricsServiceResponse {
            partial_success: Some(ExportMetricsPartialSuccess {
                rejected_data_points,
                error_message: error_message.to_owned(),
            }),
        };
        response.encode_to_vec()
    };
    let mut bomb = GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![0; 64 << 20]).unwrap();
    let bomb = answer(200, "content-encoding: gzip\r\n", &bomb.finish().unwrap());
    let page = b"<html><body>Sign in to the hotel</body></html>";
    let whole = partial(1, "cut");
    let long = partial(2, &"x\u{1b}[31m".repeat(500_000));
    vec![
        ok("has a warning", Arrives, &partial(0, "you should not")),
        ok(
            "rejects some",
            Rejected(2),
            &partial(2, "too \u{1b}[31mold"),
        ),
        ok(
            "rejects more than it got",
            Rejected(u64::MAX),
            &partial(i64::MAX, "all"),
        ),
        ok("rejects less than none", Arrives, &partial(-7, "")),
        ok("rejects with a long text", Rejected(2), &long),
        ok("is a web page", Doubtful, page),
        ok("is JSON", Doubtful, b"{\"partialSuccess\":{}}"),
        ok(
            "breaks off its message",
            Doubtful,
            &whole[..whole.len() - 1],
        ),
        ok("has a message of noise", Doubtful, &[0xff; 1000]),
        ok("answers with 5 MiB", Doubtful, &vec![0; 5 << 20]),
        answers("answers with a bomb", Doubtful, bomb),
    ]
}

/// A collector whose first connection is faulty.
struct Faulty {
    endpoint: String,
    arrived: Receiver<Arrived>,
    connections: Arc<AtomicUsize>,
}

impl Faulty {
    fn start(act: Act, expected: Expected) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}/v1/metrics", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let (sender, arrived) = channel();
        let count = Arc::clone(&connections);
        let is_first_kept = matches!(expected, Arrives | Doubtful | Rejected(_));
        let first = Mutex::new(Some(act));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let act = first.lock().unwrap().take();
                if let Some(Act::Does(act)) = act {
                    std::thread::spawn(move || act(&mut stream));
                    continue;
                }
                let Some((head, body)) = read_request(&mut stream) else {
                    continue;
                };
                let request = Arrived {
                    head,
                    message: ExportMetricsServiceRequest::decode(&body[..]).unwrap(),
                    is_kept: act.is_none() || is_first_kept,
                };
                if sender.send(request).is_err() {
                    return;
                }
                match act {
                    Some(Act::Reads(act)) => drop(std::thread::spawn(move || act(&mut stream))),
                    Some(Act::Answers(answer)) => drop(stream.write_all(&answer)),
                    _ => drop(stream.write_all(&accepted())),
                }
            }
        });
        Self {
            endpoint,
            arrived,
            connections,
        }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn call(monitor: &Monitor, number: i64) {
    for _ in 0..number {
        monitor.measure("work", || ());
    }
}

fn meet(fault: Fault, temporality: Temporality) {
    let Fault {
        name,
        act,
        expected,
    } = fault;
    let context = format!("{name}, {temporality:?}, expected: {expected:?}");
    // Nothing but what hangs is ever waited for to the end.
    let hangs = expected == TimesOut || name == "drips a body";
    let faulty = Faulty::start(act, expected);
    let config = Config {
        endpoint: faulty.endpoint.clone(),
        temporality,
        timeout: match hangs {
            true => Duration::from_secs(3),
            // Less than the longest pause that is obeyed.
            false => Duration::from_secs(25),
        },
        interval: Duration::from_secs(3600),
        failure_log: FailureLog::Silent,
        ..Config::default()
    };
    let monitor = Monitor::new();
    call(&monitor, 5);
    let otlp = otlp::start_with(&monitor, config).unwrap();
    let has_arrived = otlp.flush(PATIENCE);
    assert_eq!(
        has_arrived,
        matches!(expected, Arrives | Retried),
        "{context}: {otlp:?}"
    );
    let attempts = if expected == Retried { 2 } else { 1 };
    assert_eq!(faulty.connections(), attempts, "{context}");
    let stats = otlp.stats();
    assert_eq!(
        stats.produced,
        stats.acknowledged + stats.dropped + stats.pending,
        "{context}"
    );
    assert_eq!(stats.pending, 0, "{context}");
    let dropped = match expected {
        Arrives | Retried => 0,
        Rejected(points) => points.min(stats.produced),
        Dropped | TimesOut | Doubtful => stats.produced,
    };
    assert_eq!(stats.dropped, dropped, "{context}");
    let told = stats
        .last_error
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(
        told.len() < 2000 && !told.contains('\u{1b}'),
        "{context}: {told}"
    );

    // It is well again, and has in the end what happened.
    call(&monitor, 7);
    assert!(otlp.flush(PATIENCE), "{context}: {otlp:?}");
    assert!(otlp.shutdown(PATIENCE), "{context}");
    let arrived: Vec<_> = faulty
        .arrived
        .try_iter()
        .filter(|arrived| arrived.is_kept)
        .collect();
    let mut totals = arrived
        .iter()
        .map(|arrived| arrived.total("perfkit.operation.calls"));
    let known: i64 = match temporality {
        Temporality::Cumulative => totals.next_back().unwrap(),
        _ => totals.sum(),
    };
    // Who has it and does not say so gets it twice, where differences are told.
    let is_twice = expected == Doubtful && temporality != Temporality::Cumulative;
    let twice = if is_twice { 5 } else { 0 };
    assert_eq!(known, 12 + twice, "{context}");
}

fn meet_all(temporality: Temporality) {
    let faults = [
        of_connections(),
        of_forms(),
        of_statuses(),
        of_pauses(),
        of_bodies(),
    ];
    let faults: Vec<Fault> = faults.into_iter().flatten().collect();
    assert!(faults.len() >= 80, "{}", faults.len());
    let faults = Mutex::new(faults.into_iter());
    // Most of the time somebody waits.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let next = faults.lock().unwrap().next();
                    let Some(fault) = next else { return };
                    meet(fault, temporality);
                }
            });
        }
    });
    // Of an answer without an end no more is read than 4 MiB, and what is on its way.
    assert!(WRITTEN.load(Ordering::Relaxed) < 256 << 20);
}

#[test]
fn whatever_a_collector_does_totals_since_the_start_are_right() {
    meet_all(Temporality::Cumulative);
}

#[test]
fn whatever_a_collector_does_differences_add_up() {
    meet_all(Temporality::Delta);
}

#[test]
fn while_an_export_hangs_its_data_points_are_pending() {
    let faulty = Faulty::start(Act::Reads(Box::new(hold)), TimesOut);
    let config = Config {
        endpoint: faulty.endpoint.clone(),
        timeout: Duration::from_secs(3600),
        export_timeout: Duration::from_secs(3600),
        failure_log: FailureLog::Silent,
        ..Config::default()
    };
    let monitor = Monitor::new();
    call(&monitor, 5);
    let otlp = otlp::start_with(&monitor, config).unwrap();
    assert!(!otlp.flush(Duration::from_millis(20)));
    drop(faulty.arrived.recv_timeout(PATIENCE).unwrap());
    let stats = otlp.stats();
    assert!(stats.pending > 0);
    assert_eq!((stats.produced, stats.acknowledged), (stats.pending, 0));
    assert!(!otlp.shutdown(Duration::from_millis(20)));
}

#[test]
fn where_nobody_listens_it_is_tried_again_until_the_time_is_over() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/v1/metrics", listener.local_addr().unwrap());
    drop(listener);
    let config = Config {
        endpoint,
        timeout: Duration::from_millis(500),
        failure_log: FailureLog::Silent,
        ..Config::default()
    };
    let monitor = Monitor::new();
    call(&monitor, 5);
    let otlp = otlp::start_with(&monitor, config).unwrap();
    assert!(!otlp.flush(PATIENCE));
    let stats = otlp.stats();
    assert!(matches!(stats.last_error, Some(SendError::Unreachable(_))));
    assert_eq!(
        (stats.produced, stats.dropped, stats.pending),
        (stats.dropped, stats.dropped, 0)
    );
}
