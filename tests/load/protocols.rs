//! HTTP/2, and TLS where it is built in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::Response;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::support::Folder;

/// What an HTTP/2 server saw.
#[derive(Default)]
struct Seen {
    connections: AtomicU64,
    requests: AtomicU64,
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, seen: Arc<Seen>) {
    seen.connections.fetch_add(1, Ordering::SeqCst);
    let Ok(mut connection) = h2::server::handshake(stream).await else {
        return;
    };
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        seen.requests.fetch_add(1, Ordering::SeqCst);
        let _ = respond.send_response(Response::new(()), true);
    }
}

fn listen(runtime: &Runtime) -> (TcpListener, SocketAddr) {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[test]
fn http_2_sends_all_on_few_connections() {
    let runtime = Runtime::new().unwrap();
    let (listener, address) = listen(&runtime);
    let seen = Arc::new(Seen::default());
    let record = Arc::clone(&seen);
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&record)));
        }
    });
    let url = format!("http://{address}/");
    let answer = Folder::new().run([
        "load",
        "--http2",
        "--rate",
        "500/s",
        "-d",
        "200ms",
        "--arrivals",
        "constant",
        "--format",
        "json",
        &url,
    ]);
    let report = answer.exits_with(0).report();
    assert_eq!(report.operations[0].lifetime.calls.success, 100);
    assert_eq!(seen.requests.load(Ordering::SeqCst), 100);
    assert!(seen.connections.load(Ordering::SeqCst) < 10);
}

#[cfg(feature = "load-tls")]
#[test]
fn authorities_are_of_tls_alone() {
    Folder::new()
        .run([
            "load",
            "--rate",
            "1/s",
            "--ca-file",
            "ca.pem",
            "http://localhost/",
        ])
        .exits_with(2)
        .complains("no address has it");
}

#[cfg(not(feature = "load-tls"))]
#[test]
fn a_build_without_tls_says_so() {
    Folder::new()
        .run(["load", "--rate", "1/s", "https://localhost/"])
        .exits_with(2)
        .complains("without its feature load-tls");
}

#[cfg(feature = "load-tls")]
mod tls {
    use rustls::ServerConfig;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::support::workspace;

    fn acceptor() -> TlsAcceptor {
        let file = |name: &str| workspace().join("perfkit-core/tests/otlp/tls").join(name);
        let chain = CertificateDer::pem_file_iter(file("server.pem")).unwrap();
        let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }

    #[test]
    fn tls_is_of_whom_is_trusted_and_of_nobody_else() {
        let runtime = Runtime::new().unwrap();
        let (listener, address) = listen(&runtime);
        let (acceptor, seen) = (acceptor(), Arc::new(Seen::default()));
        let record = Arc::clone(&seen);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, record) = (acceptor.clone(), Arc::clone(&record));
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, record).await;
                    }
                });
            }
        });
        let ca = workspace().join("perfkit-core/tests/otlp/tls/ca.pem");
        let url = format!("https://localhost:{}/", address.port());
        let load = |more: &[&str]| {
            let arguments = [
                "load",
                "--rate",
                "100/s",
                "-d",
                "200ms",
                "--arrivals",
                "constant",
            ];
            let more = more.iter().copied();
            let format = ["--http2", "--format", "json", url.as_str()];
            Folder::new().run(arguments.into_iter().chain(more).chain(format))
        };
        let report = load(&["--ca-file", ca.to_str().unwrap()])
            .exits_with(0)
            .report();
        assert_eq!(report.operations[0].lifetime.calls.success, 20);
        assert_eq!(seen.requests.load(Ordering::SeqCst), 20);
        // The system trusts no such authority.
        let answer = load(&[]).exits_with(4).complains("tls: TLS: ");
        let errors = &answer.report().operations[0].errors;
        assert_eq!((errors[0].kind.as_str(), errors[0].count), ("tls", 20));
        assert_eq!(seen.requests.load(Ordering::SeqCst), 20);
    }
}
