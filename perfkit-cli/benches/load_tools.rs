//! What load tools say of a server that stands still for a second of ten, side by side.
//!
//! ```console
//! $ cargo bench -p perfkit-cli --features load --bench load_tools
//! ```
//!
//! wrk, hey and oha take part where they are installed (wrk and hey are Debian packages). The
//! truth is what users wait who come at the rate, whatever the server does: a tenth of them meets
//! the stall, and waits for up to a second. The server's own record is beside it.
#![allow(
    clippy::print_stdout,
    reason = "it is a program that prints what it finds"
)]

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use perfkit::histogram::Histogram;
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, Report};

/// Requests per second, of those tools that have a rate.
const RATE: u32 = 1000;

/// For how long each tool runs, and the server stands still.
const RUN: Duration = Duration::from_secs(10);
const STALL: std::ops::Range<Duration> = Duration::from_secs(4)..Duration::from_secs(5);

fn main() -> ExitCode {
    match compare() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> Result<(), Box<dyn Error>> {
    println!("a server that stands still from 4 s to 5 s of 10 s, and answers at once otherwise");
    println!(
        "{:<22} {:>9} {:>10} {:>10} {:>10}",
        "", "requests", "p50", "p99", "max"
    );
    println!(
        "{:<22} {:>9} {:>10} {:>10} {:>10}",
        "truth, at 1000/s", 10_000, "0", "900 ms", "1.00 s"
    );
    let url = |server: &Server| format!("http://{}/", server.address);
    let rate = RATE.to_string();
    let perfkit = env!("CARGO_BIN_EXE_perfkit");
    let tools: [(&str, &str, Vec<&str>); 5] = [
        (
            "perfkit load",
            perfkit,
            vec![
                "load",
                "--rate",
                &rate,
                "--arrivals",
                "constant",
                "--format",
                "json",
                "-q",
            ],
        ),
        (
            "perfkit, closed",
            perfkit,
            vec!["load", "--clients", "10", "--format", "json", "-q"],
        ),
        ("wrk", "wrk", vec!["-t1", "-c10", "-d10s", "--latency"]),
        ("hey -q", "hey", vec!["-z", "10s", "-c", "10", "-q", "100"]),
        (
            "oha -q",
            "oha",
            vec!["-z", "10s", "-q", &rate, "-j", "--no-tui"],
        ),
    ];
    for (name, program, arguments) in tools {
        let server = Server::start()?;
        let output = Command::new(program)
            .args(&arguments)
            .arg(url(&server))
            .output();
        let Ok(output) = output else {
            println!("{name:<22} is not installed");
            continue;
        };
        match said(perfkit, &output.stdout)? {
            Some(said) => println!("{}", row(name, &said)),
            None => println!("{name:<22} said nothing that is understood"),
        }
        println!("{}", row("  the server's record", &server.record()));
    }
    Ok(())
}

/// What a tool printed, as perfkit imports it.
fn said(perfkit: &str, stdout: &[u8]) -> Result<Option<MetricSummary>, Box<dyn Error>> {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), stdout)?;
    let output = Command::new(perfkit)
        .args(["report", "--format", "json"])
        .arg(file.path())
        .output()?;
    let Ok(report) = Report::from_json(&output.stdout) else {
        return Ok(None);
    };
    let operation = report.operations.first();
    let of_operation = operation.and_then(|operation| operation.lifetime.call_time());
    let of_benchmark = report.benchmarks.first();
    let of_benchmark = of_benchmark.and_then(|found| found.metrics.get(&Metric::WALL_TIME));
    Ok(of_operation.or(of_benchmark).cloned())
}

fn row(name: &str, time: &MetricSummary) -> String {
    let show =
        |ns: Option<f64>| ns.map_or_else(|| "-".to_owned(), |ns| Unit::Nanoseconds.format(ns, 3));
    format!(
        "{name:<22} {:>9} {:>10} {:>10} {:>10}",
        time.count,
        show(time.median),
        show(time.p99.or_else(|| time.percentile(0.99))),
        show(time.max)
    )
}

/// A server that records how long each request waited for its answer.
struct Server {
    address: SocketAddr,
    waited: Arc<Mutex<Histogram>>,
}

impl Server {
    fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        rustix::net::listen(&listener, 4096)?;
        let address = listener.local_addr()?;
        let waited = Arc::new(Mutex::new(Histogram::new()));
        let first: Arc<Mutex<Option<Instant>>> = Arc::default();
        let record = Arc::clone(&waited);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (record, first) = (Arc::clone(&record), Arc::clone(&first));
                thread::spawn(move || serve(stream, &record, &first));
            }
        });
        Ok(Self { address, waited })
    }

    fn record(&self) -> MetricSummary {
        let waited = self.waited.lock().unwrap_or_else(PoisonError::into_inner);
        MetricSummary::from_histogram(Unit::Nanoseconds, waited.clone())
    }
}

fn serve(mut stream: TcpStream, record: &Mutex<Histogram>, first: &Mutex<Option<Instant>>) {
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let mut buffer = [0; 4096];
    let _ = stream.set_nodelay(true);
    // A request of these tools is one packet.
    while stream.read(&mut buffer).is_ok_and(|read| read > 0) {
        let came = Instant::now();
        let start = {
            let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
            *first.get_or_insert(came)
        };
        let at = came.duration_since(start);
        if STALL.contains(&at) && at < RUN {
            thread::sleep(STALL.end - at);
        }
        if stream.write_all(ANSWER).is_err() {
            return;
        }
        let ns = u64::try_from(came.elapsed().as_nanos()).unwrap_or(u64::MAX);
        record
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .record(ns);
    }
}
