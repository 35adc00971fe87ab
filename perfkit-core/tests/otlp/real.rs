//! A real collector takes every form that is sent.
//!
//! It is started where `PERFKIT_TEST_COLLECTOR` names its program (rotel-agent).

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
    fn start() -> Option<Self> {
        let Some(program) = std::env::var_os("PERFKIT_TEST_COLLECTOR") else {
            skip("PERFKIT_TEST_COLLECTOR names no collector");
            return None;
        };
        let folder = std::env::temp_dir().join(format!("perfkit-real-{}", std::process::id()));
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
    let Some(collector) = RealCollector::start() else {
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
