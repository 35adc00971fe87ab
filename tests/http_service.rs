//! What clients of a real service see and what its report says are the same.

#[path = "../perfkit-core/tests/real_prometheus/mod.rs"]
mod real_prometheus;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::support::{Folder, assert_fits_schema, eventually, example};
use perfkit::{Calls, Report};
use real_prometheus::Prometheus;

/// The eleventh lesson, which serves until it is told to end.
struct Server {
    folder: Folder,
    process: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        let folder = Folder::new();
        let mut process = Command::new(example("11_http_service"))
            .env("PERFKIT_REPORT", folder.path("report.json"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = process.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").unwrap().to_owned();
        Self {
            folder,
            process,
            address,
        }
    }

    /// Sends a request and leaves the answer to be read.
    fn send(&self, method: &str, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }

    /// The status of an answer, and its text with the length of chunks within.
    fn ask(&self, method: &str, path: &str) -> (u16, String) {
        let mut answer = String::new();
        self.send(method, path).read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap();
        (status.parse().unwrap(), body.to_owned())
    }

    /// Waits until so many requests are waited for; returns how often it asked.
    fn await_waiting(&self, count: usize) -> u64 {
        let asked = Cell::new(0);
        let is_reached = eventually(|| {
            asked.set(asked.get() + 1);
            self.ask("GET", "/waiting") == (200, count.to_string())
        });
        assert!(is_reached, "never {count} waiting");
        asked.get()
    }

    fn end(mut self) -> Report {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success());
        assert_fits_schema(&self.folder.read("report.json"));
        self.folder.report("report.json")
    }
}

fn calls(success: u64, failure: u64, cancelled: u64) -> Calls {
    let mut calls = Calls::default();
    (calls.success, calls.failure, calls.cancelled) = (success, failure, cancelled);
    calls
}

#[test]
fn the_report_of_a_service_counts_what_its_clients_saw() {
    const CLIENTS: u64 = 4;
    const ROUNDS: u64 = 25;
    let server = Server::start();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let server = &server;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let id = client * 1000 + round;
                    let user = server.ask("GET", &format!("/users/{id}"));
                    assert_eq!(user, (200, format!("user {id}\n")));
                    assert_eq!(server.ask("POST", "/orders").0, 503);
                    assert_eq!(server.ask("GET", &format!("/no/{id}")).0, 404);
                    assert_eq!(server.ask("DELETE", "/orders").0, 405);
                }
                let (status, rows) = server.ask("GET", "/export/5");
                assert_eq!((status, rows.matches("row ").count()), (200, 5));
            });
        }
    });

    // Clients that wait no longer: some for a head, others in the midst of a body.
    let waiting: Vec<_> = (0..3).map(|_| server.send("GET", "/summary")).collect();
    let mut asked = server.await_waiting(3);
    drop(waiting);
    asked += server.await_waiting(0);
    for _ in 0..2 {
        let mut stream = server.send("GET", "/export/1000000");
        let mut read = BufReader::new(&mut stream).lines();
        assert!(read.any(|line| line.unwrap() == "row 2"));
    }

    let all = CLIENTS * ROUNDS;
    let expected = [
        ("DELETE /orders", calls(all, 0, 0)),
        ("GET (unmatched)", calls(all, 0, 0)),
        ("GET /export/{rows}", calls(CLIENTS + 2, 0, 0)),
        ("GET /export/{rows} (body)", calls(CLIENTS, 0, 2)),
        ("GET /summary", calls(0, 0, 3)),
        ("GET /users/{id}", calls(all, 0, 0)),
        ("GET /users/{id} (body)", calls(all, 0, 0)),
        ("GET /waiting", calls(asked, 0, 0)),
        ("GET /waiting (body)", calls(asked, 0, 0)),
        ("POST /orders", calls(0, all, 0)),
        ("POST /orders (body)", calls(all, 0, 0)),
    ];
    let report = server.end();
    let found = report.operations.iter();
    let found: BTreeMap<_, _> = found
        .map(|operation| (operation.name.as_str(), operation.lifetime.calls))
        .collect();
    assert_eq!(found, BTreeMap::from(expected));

    let named = |name: &str| report.operations.iter().find(|found| found.name == name);
    let orders = &named("POST /orders").unwrap().errors;
    assert_eq!((orders[0].kind.as_str(), orders[0].count), ("503", all));
    let rows = named("GET /export/{rows} (body)").unwrap();
    let bytes = rows.lifetime.bytes().unwrap().sum;
    assert_eq!(bytes, (CLIENTS * "row 0\n".len() as u64 * 5) as f64);
}

/// The number that a real Prometheus finds; absent where there is none yet.
fn found(prometheus: &Prometheus, query: &str) -> Option<f64> {
    let result = prometheus.query(&format!("{query} or vector(-1)"));
    let value = result[0]["value"][1].as_str().unwrap().parse();
    value.ok().filter(|value| *value >= 0.0)
}

#[test]
fn a_real_prometheus_finds_what_the_report_of_a_service_says() {
    const REQUESTS: u64 = 250;
    let server = Server::start();
    let Some(prometheus) = Prometheus::start(server.address.parse().unwrap()) else {
        return;
    };
    for id in 0..REQUESTS {
        assert_eq!(server.ask("GET", &format!("/users/{id}")).0, 200);
        assert_eq!(server.ask("GET", &format!("/export/{}", id % 4)).0, 200);
        assert_eq!(server.ask("POST", "/orders").0, 503);
    }
    let names = [
        "GET /users/{id}",
        "GET /export/{rows}",
        "GET /export/{rows} (body)",
    ];
    let series = |name: &str| {
        format!("sum(perfkit_operation_duration_seconds{{code_function_name=\"{name}\"}})")
    };
    let is_scraped = |name: &str| {
        let count = found(&prometheus, &format!("histogram_count({})", series(name)));
        count == Some(REQUESTS as f64)
    };
    let failed = "sum(perfkit_operation_calls_total{code_function_name=\"POST /orders\", \
                  perfkit_outcome=\"failure\"})";
    assert!(eventually(|| {
        let has_failed = found(&prometheus, failed) == Some(REQUESTS as f64);
        has_failed && names.iter().all(|name| is_scraped(name))
    }));
    let percentiles: Vec<_> = [0.5, 0.95, 0.99]
        .into_iter()
        .flat_map(|quantile| names.map(|name| (quantile, name)))
        .map(|(quantile, name)| {
            let query = format!("histogram_quantile({quantile}, {})", series(name));
            (quantile, name, found(&prometheus, &query).unwrap())
        })
        .collect();

    let report = server.end();
    for (quantile, name, seconds) in percentiles {
        let operation = report.operations.iter().find(|o| o.name == name).unwrap();
        let said = operation.lifetime.percentile(quantile).unwrap() * 1e-9;
        let error = seconds / said - 1.0;
        assert!(error.abs() <= 0.01, "{name} {quantile}: {seconds} {said}");
    }
}
