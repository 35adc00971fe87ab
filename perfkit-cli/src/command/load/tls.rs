//! TLS to servers that ask for it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::{Error, shown};
use crate::load::Refusal;

/// Certificates take a few KB.
const LARGEST_FILE: u64 = 1 << 20;

/// Whom is trusted, and what is spoken.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
}

impl Tls {
    /// With those who are trusted in place of the system's.
    pub(super) fn new(ca_file: Option<&Path>, is_http2: bool) -> Result<Self, Error> {
        let failed = |error: rustls::Error| Error::data(format!("cannot prepare TLS: {error}"));
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(failed)?;
        let builder = match ca_file {
            Some(path) => builder.with_root_certificates(roots(path)?),
            None => builder.with_platform_verifier().map_err(failed)?,
        };
        let mut config = builder.with_no_client_auth();
        config.alpn_protocols = match is_http2 {
            true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            false => vec![b"http/1.1".to_vec()],
        };
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
        })
    }

    /// The stream, and whether HTTP/2 was agreed on.
    pub(super) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> Result<(TlsStream<TcpStream>, bool), Refusal> {
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|error| Refusal::Tls(error.to_string()))?;
        let stream = self.connector.connect(name, stream).await;
        let stream = stream.map_err(|error| Refusal::Tls(error.to_string()))?;
        let (_, connection) = stream.get_ref();
        let is_http2 = connection.alpn_protocol() == Some(b"h2");
        Ok((stream, is_http2))
    }
}

fn roots(path: &Path) -> Result<RootCertStore, Error> {
    let mut pem = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST_FILE).read_to_end(&mut pem));
    read.map_err(|error: io::Error| Error::file("open", path, error))?;
    let bad = |why: String| Error::data(format!("{}: {why}", shown(path)));
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|error| bad(error.to_string()))?;
    if found.is_empty() {
        return Err(bad("there is no certificate in it, in PEM form".to_owned()));
    }
    let mut roots = RootCertStore::empty();
    for certificate in found {
        roots
            .add(certificate)
            .map_err(|error| bad(error.to_string()))?;
    }
    Ok(roots)
}
