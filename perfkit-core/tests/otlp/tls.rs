//! TLS: a collector is trusted whose certificate is issued by whom the program trusts, and one
//! that wants to know the program gets its certificate. `tls/make` made those of these tests.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use perfkit::otlp::{self, Config, FailureLog, SendError};
use perfkit::{Monitor, Report};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::collector::{Collector, PATIENCE, accepted, read_request};
use crate::program::{run, stdout};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/otlp/tls")
        .join(name)
}

fn certificates(name: &str) -> Vec<CertificateDer<'static>> {
    let found = CertificateDer::pem_file_iter(file(name)).unwrap();
    found.map(Result::unwrap).collect()
}

/// With a certificate, and one that issues those of clients if these need one.
fn server_config(name: &str, clients: Option<&str>) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(certificates(authority));
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::from_pem_file(file(&format!("{name}.key"))).unwrap();
    let chain = certificates(&format!("{name}.pem"));
    builder.with_single_cert(chain, key).unwrap()
}

/// A collector behind TLS: where it is, what arrives, and how many connections there were.
struct TlsCollector {
    endpoint: String,
    bodies: Receiver<Vec<u8>>,
    connections: Arc<AtomicUsize>,
}

impl TlsCollector {
    fn start(name: &str, clients: Option<&str>) -> Self {
        let config = Arc::new(server_config(name, clients));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, bodies) = channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(connection, stream.unwrap());
                let Some((_, body)) = read_request(&mut stream) else {
                    continue;
                };
                let _ = sender.send(body);
                let _ = std::io::Write::write_all(&mut stream, &accepted());
                stream.conn.send_close_notify();
                let _ = stream.conn.complete_io(&mut stream.sock);
            }
        });
        Self {
            endpoint: format!("https://localhost:{port}/v1/metrics"),
            bodies,
            connections,
        }
    }

    fn config(&self) -> Config {
        Config {
            endpoint: self.endpoint.clone(),
            certificate: Some(file("ca.pem")),
            failure_log: FailureLog::Silent,
            ..Config::default()
        }
    }

    /// What comes of a report that is sent.
    fn send(&self, config: &Config) -> Result<(), String> {
        let monitor = Monitor::new();
        monitor.measure("work", || ());
        let report = Report::from_snapshot(monitor.snapshot());
        let sent = otlp::send_report(&report, config);
        assert_eq!(self.bodies.try_recv().is_ok(), sent.is_ok());
        match sent {
            Ok(_) => Ok(()),
            Err(SendError::Unreachable(why)) => Err(why),
            Err(other) => panic!("{other:?}"),
        }
    }

    /// Why a report cannot be sent. What will not change is tried once.
    fn refusal(&self, config: &Config) -> String {
        let before = self.connections.load(Ordering::SeqCst);
        let why = self.send(config).unwrap_err();
        let attempts = self.connections.load(Ordering::SeqCst) - before;
        assert!(attempts <= 1, "{attempts} attempts: {why}");
        why
    }
}

#[test]
fn a_collector_is_trusted_that_an_authority_of_ones_own_vouches_for() {
    let collector = TlsCollector::start("server", None);
    assert_eq!(collector.send(&collector.config()), Ok(()));
    // By its address as well as by its name.
    let by_address = Config {
        endpoint: collector.endpoint.replace("localhost", "127.0.0.1"),
        ..collector.config()
    };
    assert_eq!(collector.send(&by_address), Ok(()));
}

#[test]
fn a_collector_is_not_trusted_for_any_other_reason() {
    let trusted = TlsCollector::start("server", None);
    let by_system = Config {
        certificate: None,
        ..trusted.config()
    };
    let why = trusted.refusal(&by_system);
    assert!(why.contains("certificate"), "{why}");
    let by_another = Config {
        certificate: Some(file("other-ca.pem")),
        ..trusted.config()
    };
    let why = trusted.refusal(&by_another);
    assert!(why.contains("UnknownIssuer"), "{why}");

    let elsewhere = TlsCollector::start("elsewhere", None);
    let why = elsewhere.refusal(&elsewhere.config());
    assert!(why.contains("not valid for name"), "{why}");
    let expired = TlsCollector::start("expired", None);
    let why = expired.refusal(&expired.config());
    assert!(why.contains("expired"), "{why}");
}

#[test]
fn a_collector_that_wants_to_know_the_program_gets_its_certificate() {
    let collector = TlsCollector::start("server", Some("ca.pem"));
    let known = |name: &str| Config {
        client_certificate: Some(file(&format!("{name}.pem"))),
        client_key: Some(file(&format!("{name}.key"))),
        ..collector.config()
    };
    assert_eq!(collector.send(&known("client")), Ok(()));
    // Whether the collector's alert arrives before its end is not said.
    assert!(collector.send(&quick(known("stranger"))).is_err());
    assert!(collector.send(&quick(collector.config())).is_err());
}

/// For failures that may look like a connection that broke off, which is tried again.
fn quick(config: Config) -> Config {
    Config {
        timeout: Duration::from_millis(500),
        ..config
    }
}

#[test]
fn files_that_do_not_fit_are_a_problem_and_no_panic() {
    let collector = TlsCollector::start("server", Some("ca.pem"));
    let files = |certificate: &str, key: &str| Config {
        client_certificate: Some(file(certificate)),
        client_key: Some(file(key)),
        ..collector.config()
    };
    let roots = |name: &str| Config {
        certificate: Some(file(name)),
        ..collector.config()
    };
    for (config, problem) in [
        (
            files("client.pem", "server.key"),
            "it is not the key of the certificate",
        ),
        (files("client.pem", "client.pem"), "no private key in it"),
        (files("client.key", "client.key"), "no certificate in it"),
        (files("client.pem", "there-is-none"), "No such file"),
        (roots("there-is-none"), "No such file"),
        (roots("ca/none"), "No such file"),
        (roots("client.key"), "no certificate in it"),
    ] {
        let why = collector.refusal(&config).to_lowercase();
        assert!(
            why.contains(&problem.to_lowercase()),
            "{why} is not {problem}"
        );
        assert!(!why.contains("begin"), "{why}");
    }
    assert_eq!(collector.connections.load(Ordering::SeqCst), 0);
}

/// Each side of TLS met by one that does not speak it, and by one that says nothing.
#[test]
fn who_does_not_speak_tls_is_an_error_in_time() {
    let plain = Collector::start(vec![]);
    let https = plain.endpoint.replace("http:", "https:");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("https://{}/v1/metrics", silent.local_addr().unwrap());
    let behind_tls = TlsCollector::start("server", None);
    let http = behind_tls.endpoint.replace("https:", "http:");
    for endpoint in [https, silent, http] {
        let config = quick(Config {
            endpoint,
            ..behind_tls.config()
        });
        assert!(behind_tls.send(&config).is_err());
    }
}

#[test]
fn the_variables_name_the_files() {
    let collector = TlsCollector::start("server", Some("ca.pem"));
    let path = |name: &str| file(name).to_str().unwrap().to_owned();
    let (ca, certificate, key) = (path("ca.pem"), path("client.pem"), path("client.key"));
    let endpoint = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &*collector.endpoint);
    let trusted = ("OTEL_EXPORTER_OTLP_CERTIFICATE", &*ca);
    let output = run(&[
        endpoint,
        trusted,
        (
            "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE",
            &certificate,
        ),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", &key),
    ]);
    assert!(
        stdout(&output).contains("arrived: true"),
        "{}",
        stdout(&output)
    );
    assert!(
        stdout(&output).contains("unobeyed: []"),
        "{}",
        stdout(&output)
    );
    assert!(collector.bodies.recv_timeout(PATIENCE).is_ok());
    let alone = run(&[
        endpoint,
        trusted,
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &certificate),
    ]);
    let said = stdout(&alone);
    assert!(
        said.contains("error: OTEL_EXPORTER_OTLP_CLIENT_KEY: "),
        "{said}"
    );
    assert!(said.contains("name its file too"), "{said}");
}

#[cfg(feature = "otlp-grpc")]
mod grpc {
    use std::io::{ErrorKind, Read, Write};
    use std::net::TcpStream;

    use super::*;
    use crate::grpc::Server;

    /// Copies what is there; whether that may go on.
    fn copy(from: &mut impl Read, to: &mut impl Write) -> bool {
        let mut buffer = [0; 16_384];
        match from.read(&mut buffer) {
            Ok(0) => false,
            Ok(read) => to.write_all(&buffer[..read]).is_ok() && to.flush().is_ok(),
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }

    /// Where one gets through TLS to a server.
    fn before(server: &Server, mut config: ServerConfig) -> String {
        config.alpn_protocols = vec![b"h2".to_vec()];
        let config = Arc::new(config);
        let target = server.endpoint.replace("http://", "");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for outer in listener.incoming() {
                let (config, target) = (Arc::clone(&config), target.clone());
                std::thread::spawn(move || {
                    let pause = Some(Duration::from_millis(2));
                    let (outer, mut inner) = (outer.unwrap(), TcpStream::connect(target).unwrap());
                    outer.set_read_timeout(pause).unwrap();
                    inner.set_read_timeout(pause).unwrap();
                    let connection = ServerConnection::new(config).unwrap();
                    let mut outer = StreamOwned::new(connection, outer);
                    while copy(&mut outer, &mut inner) && copy(&mut inner, &mut outer) {}
                });
            }
        });
        format!("https://localhost:{port}")
    }

    #[test]
    fn a_call_goes_over_tls_to_whom_the_program_trusts() {
        let server = Server::start(vec![]);
        let endpoint = before(&server, server_config("server", Some("ca.pem")));
        let monitor = Monitor::new();
        monitor.measure("work", || ());
        let report = Report::from_snapshot(monitor.snapshot());
        let files = |name: &str, key: &str, authority: &str| Config {
            endpoint: endpoint.clone(),
            certificate: Some(file(authority)),
            client_certificate: Some(file(&format!("{name}.pem"))),
            client_key: Some(file(&format!("{key}.key"))),
            ..server.config()
        };
        let trusted = files("client", "client", "ca.pem");
        assert_eq!(otlp::send_report(&report, &trusted).map(|_| ()), Ok(()));
        assert_eq!(server.arrived.try_iter().count(), 1);
        for (wrong, problem) in [
            (files("client", "client", "other-ca.pem"), "UnknownIssuer"),
            (files("client", "server", "ca.pem"), "not the key"),
        ] {
            match otlp::send_report(&report, &wrong) {
                Err(SendError::Unreachable(why)) => assert!(why.contains(problem), "{why}"),
                other => panic!("{other:?}"),
            }
        }
        let stranger = quick(files("stranger", "stranger", "ca.pem"));
        assert!(otlp::send_report(&report, &stranger).is_err());
        assert_eq!(server.arrived.try_iter().count(), 0);
    }
}
