//! A real collector takes every form that is sent.
//!
//! It is started where `PERFKIT_TEST_COLLECTOR` names its program (rotel-agent).

#[cfg(feature = "otlp-tls")]
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use perfkit::Monitor;
use perfkit::otlp::{self, Compression, Config, FailureLog, HistogramForm, Protocol, Temporality};

use crate::collector::PATIENCE;
use crate::required::skip;

struct RealCollector {
    process: Child,
    folder: PathBuf,
    ports: [u16; 2],
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl RealCollector {
    /// With files of this name.
    fn start(name: &str) -> Option<Self> {
        let Some(program) = std::env::var_os("PERFKIT_TEST_COLLECTOR") else {
            skip("PERFKIT_TEST_COLLECTOR names no collector");
            return None;
        };
        let folder = format!("perfkit-real-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        let ports = [free_port(), free_port()];
        let mut command = Command::new(program);
        command
            .arg("start")
            .args(["--otlp-grpc-endpoint", &format!("127.0.0.1:{}", ports[0])])
            .args(["--otlp-http-endpoint", &format!("127.0.0.1:{}", ports[1])])
            .args(["--exporter", "blackhole", "--debug-log", "metrics"])
            .args(["--debug-log-verbosity", "detailed"])
            .arg("--pid-file")
            .arg(folder.join("pid"))
            .arg("--log-file")
            .arg(folder.join("errors"))
            .stdout(std::fs::File::create(folder.join("log")).unwrap())
            .stderr(Stdio::null());
        let process = command.spawn().unwrap();
        let collector = Self {
            process,
            folder,
            ports,
        };
        for port in ports {
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        Some(collector)
    }

    /// The data points of an operation in the log, once there are so many.
    fn points(&self, operation: &str, expected: usize) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap();
            let points = log.split("Data point attributes:").skip(1);
            let points = points.filter(|point| point.contains(operation));
            let points: Vec<_> = points.map(str::to_owned).collect();
            if points.len() >= expected || Instant::now() > deadline {
                return points;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for RealCollector {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_real_collector_takes_every_form() {
    let Some(collector) = RealCollector::start("forms") else {
        return;
    };
    let http = (
        Protocol::HttpProtobuf,
        format!("http://127.0.0.1:{}/v1/metrics", collector.ports[1]),
    );
    let ways = [
        #[cfg(feature = "otlp-grpc")]
        (
            Protocol::Grpc,
            format!("http://127.0.0.1:{}", collector.ports[0]),
        ),
        http,
    ];
    for (protocol, endpoint) in ways {
        for temporality in [Temporality::Cumulative, Temporality::Delta] {
            for histograms in [HistogramForm::Exponential, HistogramForm::ExplicitBuckets] {
                for compression in [Compression::None, Compression::Gzip] {
                    let operation =
                        format!("{protocol:?}{temporality:?}{histograms:?}{compression:?}work");
                    let config = Config {
                        protocol,
                        endpoint: endpoint.clone(),
                        temporality,
                        histograms,
                        compression,
                        failure_log: FailureLog::Silent,
                        ..Config::default()
                    };
                    let monitor = Monitor::new();
                    (0..5).for_each(|_| monitor.measure(&operation, || ()));
                    let otlp = otlp::start_with(&monitor, config).unwrap();
                    assert!(otlp.flush(PATIENCE), "{operation}: {otlp:?}");
                    let stats = otlp.stats();
                    assert_eq!(stats.acknowledged, stats.produced, "{operation}");
                    // Its time, its self time, its calls and those in flight.
                    let points = collector.points(&operation, 4);
                    let has = |text: &str| points.iter().any(|point| point.contains(text));
                    assert!(points.len() >= 4, "{operation}: {points:?}");
                    assert!(
                        has("Count: 5") && has("Value: 5"),
                        "{operation}: {points:?}"
                    );
                    drop(otlp);
                }
            }
        }
    }
}

/// Ends TLS before a port of this machine, in OpenSSL, for clients alone that have a
/// certificate of the authority's.
#[cfg(feature = "otlp-tls")]
struct Terminator {
    process: Child,
    port: u16,
}

#[cfg(feature = "otlp-tls")]
impl Terminator {
    const PROGRAM: &str = r#"
import asyncio, ssl, sys

folder, port = sys.argv[1], int(sys.argv[2])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder + "/server.pem", folder + "/server.key")
context.load_verify_locations(folder + "/ca.pem")
context.verify_mode = ssl.CERT_REQUIRED
context.set_alpn_protocols(["h2", "http/1.1"])

async def pump(source, sink):
    try:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    except OSError:
        pass
    finally:
        sink.close()

async def serve(reader, writer):
    upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(pump(reader, upstream_writer), pump(upstream_reader, writer))

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"#;

    fn start(port: u16) -> Option<Self> {
        let Some(python) = std::env::var_os("PERFKIT_TEST_PYTHON") else {
            skip("PERFKIT_TEST_PYTHON names no Python");
            return None;
        };
        let mut process = Command::new(python)
            .args(["-c", Self::PROGRAM])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/otlp/tls"))
            .arg(port.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = process.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap();
        Some(Self { process, port })
    }
}

#[cfg(feature = "otlp-tls")]
impl Drop for Terminator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The collector itself has no TLS: it stands behind what ends it, as behind a proxy.
#[cfg(feature = "otlp-tls")]
#[test]
fn a_real_collector_behind_mutual_tls_takes_what_comes_with_a_certificate() {
    let Some(collector) = RealCollector::start("mutual") else {
        return;
    };
    let file = |name: &str| {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/otlp/tls"));
        Some(folder.join(name))
    };
    let ways = [
        (Protocol::HttpProtobuf, collector.ports[1], "/v1/metrics"),
        #[cfg(feature = "otlp-grpc")]
        (Protocol::Grpc, collector.ports[0], ""),
    ];
    for (protocol, port, path) in ways {
        let Some(terminator) = Terminator::start(port) else {
            return;
        };
        for compression in [Compression::None, Compression::Gzip] {
            let known = Config {
                protocol,
                endpoint: format!("https://127.0.0.1:{}{path}", terminator.port),
                compression,
                certificate: file("ca.pem"),
                client_certificate: file("client.pem"),
                client_key: file("client.key"),
                failure_log: FailureLog::Silent,
                ..Config::default()
            };
            let unknown = Config {
                client_certificate: None,
                client_key: None,
                // Where it is tried again, not for long.
                timeout: Duration::from_secs(2),
                ..known.clone()
            };
            let send = |who: &str, config: Config| {
                let operation = format!("{protocol:?}{compression:?}{who}");
                let monitor = Monitor::new();
                (0..5).for_each(|_| monitor.measure(&operation, || ()));
                let otlp = otlp::start_with(&monitor, config).unwrap();
                let has_arrived = otlp.flush(PATIENCE);
                let stats = otlp.stats();
                assert_eq!(has_arrived, stats.acknowledged == stats.produced);
                (operation, has_arrived)
            };
            let (refused, has_arrived) = send("refused", unknown);
            assert!(!has_arrived, "{refused}");
            let (taken, has_arrived) = send("taken", known);
            assert!(has_arrived, "{taken}");
            let points = collector.points(&taken, 4);
            assert!(points.iter().any(|point| point.contains("Count: 5")));
            assert_eq!(collector.points(&refused, 0), Vec::<String>::new());
        }
    }
}
