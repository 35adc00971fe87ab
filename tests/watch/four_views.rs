//! The four views of one service that docs/export.md shows: a real collector, a real
//! Prometheus, `perfkit watch`, and the program's own report.
//!
//! They are started where `PERFKIT_TEST_COLLECTOR` and `PERFKIT_TEST_PROMETHEUS` name programs;
//! without these the test says so and does nothing, unless `PERFKIT_TEST_REQUIRE_ALL` is set.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use perfkit::{OperationSnapshot, Report};

use crate::program::Session;
use crate::real_prometheus::Prometheus;
use crate::support::required::skip;
use crate::support::{Answer, Folder, eventually, example};

/// Requests of each kind.
const REQUESTS: u64 = 250;

const NAMES: [&str; 3] = [
    "GET /users/{id}",
    "GET /export/{rows}",
    "GET /export/{rows} (body)",
];

const QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];

/// A program that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A collector that writes what it gets to a log.
struct Collector {
    _running: Running,
    folder: Folder,
    endpoint: String,
}

impl Collector {
    fn start() -> Option<Self> {
        let Some(program) = std::env::var_os("PERFKIT_TEST_COLLECTOR") else {
            skip("PERFKIT_TEST_COLLECTOR names no collector");
            return None;
        };
        let folder = Folder::new();
        let [grpc, http] = [(); 2].map(|()| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap()
        });
        let running = Command::new(program)
            .args(["start", "--otlp-grpc-endpoint", &grpc.to_string()])
            .args(["--otlp-http-endpoint", &http.to_string()])
            .args(["--exporter", "blackhole", "--debug-log", "metrics"])
            .args(["--debug-log-verbosity", "detailed"])
            .arg("--pid-file")
            .arg(folder.path("pid"))
            .stdout(File::create(folder.path("log")).unwrap())
            .stderr(Stdio::null())
            .spawn();
        let running = Running(running.unwrap());
        assert!(eventually(|| TcpStream::connect(http).is_ok()));
        Some(Self {
            _running: running,
            folder,
            endpoint: format!("http://{http}"),
        })
    }

    /// The last that it was told of the duration of an operation: buckets with their bounds.
    fn duration(&self, operation: &str) -> Option<Distribution> {
        let log = self.folder.read("log");
        let metrics = log.split("-> Name: ");
        let durations = metrics.filter(|text| text.starts_with("perfkit.operation.duration\n"));
        let points = durations.flat_map(|text| text.split("Data point attributes:").skip(1));
        let attribute = format!("code.function.name: Str({operation})\n");
        let last = points.filter(|point| point.contains(&attribute)).last()?;
        let field = |line: &str, name: &str| line.strip_prefix(name)?.parse().ok();
        let count = last.lines().find_map(|line| field(line, "Count: "))?;
        let buckets = last.lines().filter_map(|line| {
            let (low, rest) = line.strip_prefix("Bucket (")?.split_once(", ")?;
            let (high, count) = rest.split_once("], Count: ")?;
            let bounds: (f64, f64) = (low.parse().ok()?, high.parse().ok()?);
            Some((bounds.0, bounds.1, count.parse().ok()?))
        });
        let buckets = buckets.collect();
        Some(Distribution { count, buckets })
    }
}

struct Distribution {
    count: u64,
    /// Lower and upper bound in seconds, and how many are between them.
    buckets: Vec<(f64, f64, u64)>,
}

impl Distribution {
    /// The middle of the bucket that the percentile is in.
    fn percentile(&self, quantile: f64) -> f64 {
        let rank = (quantile * self.count as f64).ceil() as u64;
        let mut seen = 0;
        let reaches = |(_, _, count): &&(f64, f64, u64)| {
            seen += count;
            seen >= rank
        };
        let (low, high, _) = self.buckets.iter().find(reaches).unwrap();
        (low * high).sqrt()
    }
}

/// The eleventh lesson, as the page starts it.
struct Service {
    running: Running,
    folder: Folder,
    address: String,
}

impl Service {
    fn start(session: &Session, collector: &Collector) -> Self {
        let folder = Folder::new();
        let mut command = Command::new(example("11_http_service"));
        command
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint)
            .env("OTEL_METRIC_EXPORT_INTERVAL", "200")
            .env("PERFKIT_OTLP_MAX_BUCKETS", "3100")
            .env("PERFKIT", "watch")
            .env("PERFKIT_REPORT", folder.path("report.json"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        session.enter(&mut command);
        let mut running = Running(command.spawn().unwrap());
        let mut line = String::new();
        let stdout = running.0.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        Self {
            running,
            folder,
            address: line.trim().strip_prefix("http://").unwrap().to_owned(),
        }
    }

    fn get(&self, path: &str) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }

    fn end(mut self) -> Report {
        drop(self.running.0.stdin.take());
        assert!(self.running.0.wait().unwrap().success());
        self.folder.report("report.json")
    }
}

/// The number that Prometheus finds; absent where there is none yet.
fn found(prometheus: &Prometheus, query: &str) -> Option<f64> {
    let result = prometheus.query(&format!("{query} or vector(-1)"));
    let value = result[0]["value"][1].as_str().unwrap().parse();
    value.ok().filter(|value| *value >= 0.0)
}

fn series(name: &str) -> String {
    format!("sum(perfkit_operation_duration_seconds{{code_function_name=\"{name}\"}})")
}

fn operation<'a>(report: &'a Report, name: &str) -> &'a OperationSnapshot {
    let mut operations = report.operations.iter();
    operations.find(|found| found.name == name).unwrap()
}

#[test]
fn a_service_has_the_same_numbers_in_all_four_views() {
    let session = Session::new();
    let Some(collector) = Collector::start() else {
        return;
    };
    let service = Service::start(&session, &collector);
    let Some(prometheus) = Prometheus::start(service.address.parse().unwrap()) else {
        return;
    };
    for id in 0..REQUESTS {
        service.get(&format!("/users/{id}"));
        service.get(&format!("/export/{}", id % 4));
    }
    let counts = |of: &dyn Fn(&str) -> Option<u64>| {
        assert!(eventually(|| NAMES
            .iter()
            .all(|name| of(name) == Some(REQUESTS))));
    };
    counts(&|name| {
        let count = found(&prometheus, &format!("histogram_count({})", series(name)));
        count.map(|count| count as u64)
    });
    counts(&|name| Some(collector.duration(name)?.count));
    let pid = service.running.0.id().to_string();
    let watch = session.perfkit(&["watch", &pid, "--once", "--format", "json"]);
    let watched = Answer::of(watch).exits_with(0).report();
    let scraped = NAMES.map(|name| {
        QUANTILES.map(|quantile| {
            let query = format!("histogram_quantile({quantile}, {})", series(name));
            found(&prometheus, &query).unwrap()
        })
    });

    let report = service.end();
    for (name, scraped) in NAMES.into_iter().zip(scraped) {
        let [of_report, of_watch] = [&report, &watched].map(|r| &operation(r, name).lifetime);
        assert_eq!(of_report.calls, of_watch.calls, "{name}");
        assert_eq!(of_report.calls.success, REQUESTS, "{name}");
        let collected = collector.duration(name).unwrap();
        for (quantile, scraped) in QUANTILES.into_iter().zip(scraped) {
            let seconds = of_report.percentile(quantile).unwrap() * 1e-9;
            let watched = of_watch.percentile(quantile).unwrap() * 1e-9;
            for seen in [watched, scraped, collected.percentile(quantile)] {
                let error = seen / seconds - 1.0;
                assert!(error.abs() <= 0.01, "{name} {quantile}: {seen} {seconds}");
            }
        }
    }
}
