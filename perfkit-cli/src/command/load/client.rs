//! Sends requests, and says how each ended.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use perfkit::Outcome;
use perfkit::outcome::Failure;

use crate::args::LoadArguments;
use crate::error::{Error, shown};
use crate::load::{Targets, failure_of};
use crate::text::printable;

use super::connector::Connector;

/// The largest body that is sent, in bytes.
const LARGEST_BODY: u64 = 64 << 20;

/// A client for all requests of a run.
pub(super) struct Client {
    http: HttpClient<Connector, Full<Bytes>>,
    requests: Vec<(Method, Uri)>,
    targets: Targets,
    headers: HeaderMap,
    body: Bytes,
    timeout: Duration,
}

impl Client {
    pub(super) fn new(arguments: &LoadArguments, targets: Targets) -> Result<Self, Error> {
        let connector = connector(arguments, &targets)?;
        let mut builder = HttpClient::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new());
        if arguments.no_keep_alive {
            builder.pool_max_idle_per_host(0);
        }
        let is_plain = targets.iter().any(|t| t.uri.scheme_str() == Some("http"));
        // With TLS both sides agree on it.
        builder.http2_only(arguments.http2 && is_plain);
        let requests = targets.iter().map(|t| (t.method.clone(), t.uri.clone()));
        Ok(Self {
            http: builder.build(connector),
            requests: requests.collect(),
            targets,
            headers: headers(&arguments.headers)?,
            body: body(arguments)?,
            timeout: arguments.timeout.0,
        })
    }

    /// Sends one request, and reads the answer to its end.
    pub(super) async fn send(&self, index: u64) -> Outcome {
        let Some((method, uri)) = self.requests.get(self.targets.place_of(index)) else {
            return Outcome::Cancelled;
        };
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = self.headers.clone();
        match tokio::time::timeout(self.timeout, self.answer(request)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let seconds = self.timeout.as_secs_f64();
                let text = format!("no whole answer within {seconds} s");
                Outcome::Failure(Failure::new("timeout", text))
            }
        }
    }

    async fn answer(&self, request: Request<Full<Bytes>>) -> Outcome {
        let answer = match self.http.request(request).await {
            Ok(answer) => answer,
            Err(error) => return Outcome::Failure(failure_of(&error)),
        };
        let status = answer.status();
        let mut body = answer.into_body();
        while let Some(frame) = body.frame().await {
            if let Err(error) = frame {
                return Outcome::Failure(failure_of(&error));
            }
        }
        match status.is_client_error() || status.is_server_error() {
            true => {
                let kind = format!("status_{}", status.as_u16());
                let text = status.canonical_reason().unwrap_or("an error");
                Outcome::Failure(Failure::new(kind, text))
            }
            false => Outcome::Success,
        }
    }
}

#[cfg(feature = "load-tls")]
fn connector(arguments: &LoadArguments, targets: &Targets) -> Result<Connector, Error> {
    let wants_tls = targets.iter().any(|t| t.uri.scheme_str() == Some("https"));
    let ca_file = arguments.ca_file.as_deref();
    if ca_file.is_some() && !wants_tls {
        return Err(Error::usage("--ca-file is for TLS, and no address has it")
            .hint("write https:// where it is wanted, or leave --ca-file out"));
    }
    let tls = wants_tls.then(|| super::tls::Tls::new(ca_file, arguments.http2));
    Ok(Connector::new(tls.transpose()?))
}

#[cfg(not(feature = "load-tls"))]
fn connector(arguments: &LoadArguments, targets: &Targets) -> Result<Connector, Error> {
    let wants_tls = targets.iter().any(|t| t.uri.scheme_str() == Some("https"));
    if wants_tls || arguments.ca_file.is_some() {
        const BUILD: &str =
            "cargo install --path perfkit-cli --features full,load-tls --profile dist";
        return Err(Error::usage(
            "this perfkit was built without its feature load-tls, which has TLS",
        )
        .hint(format!("build it in with: {BUILD}; it takes a C compiler")));
    }
    Ok(Connector::new())
}

fn headers(given: &[String]) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for header in given {
        // The value may be a secret, and is not shown.
        let wrong = |name: &str| {
            let message = format!("the header `{}` is none", printable(name));
            Error::usage(message).hint("write it as 'Name: value'")
        };
        let Some((name, value)) = header.split_once(':') else {
            return Err(wrong("without a colon"));
        };
        let found: Result<HeaderName, _> = name.trim().parse();
        let found = found.ok().zip(HeaderValue::from_str(value.trim()).ok());
        let (known, value) = found.ok_or_else(|| wrong(name))?;
        headers.append(known, value);
    }
    Ok(headers)
}

fn body(arguments: &LoadArguments) -> Result<Bytes, Error> {
    match (&arguments.body, &arguments.body_file) {
        (Some(text), _) => Ok(Bytes::from(text.clone().into_bytes())),
        (None, Some(path)) => read_bounded(path, LARGEST_BODY).map(Bytes::from),
        (None, None) => Ok(Bytes::new()),
    }
}

/// A file of at most so many bytes.
pub(super) fn read_bounded(path: &Path, largest: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path);
    let read = file.and_then(|file| file.take(largest + 1).read_to_end(&mut bytes));
    read.map_err(|error| Error::file("open", path, error))?;
    match bytes.len() as u64 > largest {
        true => Err(Error::data(format!(
            "{} is larger than {} MiB, which is the most",
            shown(path),
            largest >> 20
        ))),
        false => Ok(bytes),
    }
}
