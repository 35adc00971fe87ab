//! A Prometheus of the machine's, which scrapes a program.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::required::skip;

/// The head and the body of an answer.
pub(crate) fn get(address: SocketAddr, path: &str, accept: &str) -> (String, Vec<u8>) {
    // In 1.1 long answers come in chunks.
    let request = format!(
        "GET {path} HTTP/1.0\r\nHost: {address}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    );
    let mut stream = TcpStream::connect(address).unwrap();
    // A server that never answers is a failure, not a test that never ends.
    let patience = Some(Duration::from_secs(60));
    stream.set_read_timeout(patience).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer
        .windows(4)
        .position(|end| end == b"\r\n\r\n")
        .unwrap();
    let body = answer.split_off(end + 4);
    (String::from_utf8(answer).unwrap(), body)
}

/// A Prometheus with its data in a folder of its own; ended and removed when dropped.
pub(crate) struct Prometheus {
    process: Child,
    folder: PathBuf,
    address: SocketAddr,
}

impl Prometheus {
    /// Starts it with native histograms, to scrape the address every second; `None` where
    /// there is none, which is said.
    pub(crate) fn start(target: SocketAddr) -> Option<Self> {
        let Some(program) = std::env::var_os("PERFKIT_TEST_PROMETHEUS") else {
            skip("PERFKIT_TEST_PROMETHEUS names no Prometheus");
            return None;
        };
        let name = format!(
            "perfkit-prometheus-{}-{}",
            std::process::id(),
            target.port()
        );
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let config = format!(
            "scrape_configs:\n- job_name: perfkit\n  scrape_interval: 1s\n  scrape_timeout: 1s\n  \
             static_configs:\n  - targets: ['{target}']\n"
        );
        let config_file = folder.join("prometheus.yml");
        std::fs::write(&config_file, config).unwrap();
        // Free a moment ago.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let process = Command::new(program)
            .arg("--enable-feature=native-histograms,exemplar-storage")
            .arg(format!("--config.file={}", config_file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Some(Self {
            process,
            folder,
            address,
        })
    }

    /// A query's result, once there is any. A query that is wrong fails.
    pub(crate) fn query(&self, query: &str) -> Vec<serde_json::Value> {
        self.ask(
            &format!("/api/v1/query?query={}", percent_encoded(query)),
            query,
            |data| data["result"].clone(),
        )
    }

    /// The exemplars of a query's series, once there are any.
    #[allow(
        dead_code,
        reason = "not all tests that have a Prometheus ask for them"
    )]
    pub(crate) fn exemplars(&self, query: &str) -> Vec<serde_json::Value> {
        let times = "start=2020-01-01T00:00:00Z&end=2100-01-01T00:00:00Z";
        let path = format!(
            "/api/v1/query_exemplars?query={}&{times}",
            percent_encoded(query)
        );
        self.ask(&path, query, serde_json::Value::clone)
    }

    fn ask(
        &self,
        path: &str,
        query: &str,
        result: impl Fn(&serde_json::Value) -> serde_json::Value,
    ) -> Vec<serde_json::Value> {
        let begin = Instant::now();
        loop {
            if TcpStream::connect(self.address).is_ok() {
                let (_, body) = get(self.address, path, "application/json");
                // Before it is ready it answers with words.
                let answer = serde_json::from_slice::<serde_json::Value>(&body);
                let answer = answer.unwrap_or_default();
                assert_ne!(answer["status"], "error", "{query}: {answer}");
                if let serde_json::Value::Array(result) = result(&answer["data"])
                    && !result.is_empty()
                {
                    return result;
                }
            }
            let is_early = begin.elapsed() < Duration::from_secs(120);
            assert!(is_early, "{query} has no result; {}", self.complaints());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Its log, and what became of its scrapes.
    fn complaints(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let (_, targets) = get(self.address, "/api/v1/targets", "application/json");
        log + &String::from_utf8_lossy(&targets)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn percent_encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}
