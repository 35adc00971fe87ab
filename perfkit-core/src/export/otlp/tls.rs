//! TLS: whom the program trusts, and who it says it is.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use super::config::Config;

/// Certificates and keys take a few KB.
const LARGEST_FILE: u64 = 1 << 20;

/// A file of [`Config`] that is of no use, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TlsProblem {
    pub(super) file: TlsFile,
    pub(super) problem: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TlsFile {
    Certificate,
    ClientCertificate,
    ClientKey,
}

impl TlsFile {
    /// The end of the variable that names it.
    pub(super) fn variable(self) -> &'static str {
        match self {
            Self::Certificate => "CERTIFICATE",
            Self::ClientCertificate => "CLIENT_CERTIFICATE",
            Self::ClientKey => "CLIENT_KEY",
        }
    }

    fn problem(self, path: &Path, problem: &str) -> TlsProblem {
        let path = path.display().to_string();
        TlsProblem {
            file: self,
            problem: format!("`{}`: {problem}", path.escape_debug()),
        }
    }
}

/// What is asked for, read and checked: what does not fit together would be noticed when the
/// first connection is made.
pub(super) fn load(config: &Config) -> Result<TlsConfig, TlsProblem> {
    let provider = Arc::new(ring::default_provider());
    let roots = match &config.certificate {
        None => RootCerts::PlatformVerifier,
        Some(path) => RootCerts::new_with_certs(&roots_of(path)?),
    };
    let client = match (&config.client_certificate, &config.client_key) {
        (None, None) => None,
        (Some(certificate), Some(key)) => Some(client_of(certificate, key, &provider)?),
        (Some(path), None) => {
            let problem = "there is no key with this certificate: name its file too";
            return Err(TlsFile::ClientKey.problem(path, problem));
        }
        (None, Some(path)) => {
            let problem = "there is no certificate with this key: name its file too";
            return Err(TlsFile::ClientCertificate.problem(path, problem));
        }
    };
    let builder = TlsConfig::builder().root_certs(roots).client_cert(client);
    Ok(builder.unversioned_rustls_crypto_provider(provider).build())
}

fn roots_of(path: &Path) -> Result<Vec<Certificate<'static>>, TlsProblem> {
    let file = TlsFile::Certificate;
    let found = certificates_of(file, path)?;
    let mut store = RootCertStore::empty();
    for certificate in &found {
        let added = store.add(certificate.clone());
        added.map_err(|error| file.problem(path, &error.to_string()))?;
    }
    Ok(found
        .iter()
        .map(|der| Certificate::from_der(der).to_owned())
        .collect())
}

fn certificates_of(file: TlsFile, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsProblem> {
    let pem = read(file, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(file.problem(path, "there is no certificate in it, in PEM form")),
        Err(error) => Err(file.problem(path, &error.to_string())),
    }
}

fn client_of(
    certificate: &Path,
    key: &Path,
    provider: &CryptoProvider,
) -> Result<ClientCert, TlsProblem> {
    let chain = certificates_of(TlsFile::ClientCertificate, certificate)?;
    let file = TlsFile::ClientKey;
    // It is not shown, nor what the parser makes of it.
    let no_key = || file.problem(key, "there is no private key in it, in PEM form");
    let pem = read(file, key)?;
    let der = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| no_key())?;
    let fits = CertifiedKey::from_der(chain.clone(), der, provider);
    fits.map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            file.problem(key, "it is not the key of the certificate")
        }
        other => file.problem(key, &other.to_string()),
    })?;
    let chain: Vec<_> = chain
        .iter()
        .map(|der| Certificate::from_der(der).to_owned())
        .collect();
    let private = PrivateKey::from_pem(&pem).map_err(|_| no_key())?;
    Ok(ClientCert::new_with_certs(&chain, private))
}

fn read(file: TlsFile, path: &Path) -> Result<Vec<u8>, TlsProblem> {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?
            .take(LARGEST_FILE)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error| file.problem(path, &error.to_string()))
}

/// Whether an error is one that another attempt meets again: a certificate that is not trusted,
/// or one that the collector does not accept.
pub(super) fn is_refusal(error: &io::Error) -> bool {
    let inner = error.get_ref();
    inner.is_some_and(|inner| inner.downcast_ref::<rustls::Error>().is_some())
}
