//! Connections to servers, with TLS where they ask for it.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tower_service::Service;

use crate::load::Refusal;

#[cfg(feature = "load-tls")]
use super::tls::Tls;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Address = (String, u16);

/// Makes connections. A host's addresses are asked for once, and kept when they are known.
#[derive(Clone)]
pub(super) struct Connector {
    addresses: Arc<Mutex<HashMap<Address, Vec<SocketAddr>>>>,
    #[cfg(feature = "load-tls")]
    tls: Option<Tls>,
}

impl Connector {
    #[cfg(not(feature = "load-tls"))]
    pub(super) fn new() -> Self {
        Self {
            addresses: Arc::default(),
        }
    }

    #[cfg(feature = "load-tls")]
    pub(super) fn new(tls: Option<Tls>) -> Self {
        Self {
            addresses: Arc::default(),
            tls,
        }
    }

    fn known(&self, address: &Address) -> Option<Vec<SocketAddr>> {
        let known = self.addresses.lock();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        known.get(address).cloned()
    }

    /// Keeps addresses, that which answered first.
    fn keep(&self, address: Address, mut found: Vec<SocketAddr>, answered: usize) {
        found.swap(0, answered);
        let known = self.addresses.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        known.insert(address, found);
    }

    async fn tcp(&self, address: Address) -> Result<TcpStream, BoxError> {
        let known = self.known(&address);
        let is_known = known.is_some();
        let found = match known {
            Some(found) => found,
            None => {
                let (host, port) = &address;
                let found = lookup_host((host.as_str(), *port)).await;
                let found = found.map_err(|error| Refusal::Dns(error.to_string()))?;
                found.collect()
            }
        };
        let mut last: BoxError = Refusal::Dns("there is none".to_owned()).into();
        for (place, socket) in found.iter().enumerate() {
            match TcpStream::connect(socket).await {
                Ok(stream) => {
                    if !is_known || place > 0 {
                        self.keep(address, found, place);
                    }
                    // Small requests are not to wait for others.
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Err(error) => last = error.into(),
            }
        }
        Err(last)
    }

    async fn connect(self, uri: Uri) -> Result<Stream, BoxError> {
        let host = uri.host().unwrap_or_default();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let is_https = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let stream = self.tcp((host.clone(), port)).await?;
        #[cfg(feature = "load-tls")]
        if let (true, Some(tls)) = (is_https, &self.tls) {
            let (stream, is_http2) = tls.connect(&host, stream).await?;
            return Ok(Stream::new(stream, is_http2));
        }
        Ok(Stream::new(stream, false))
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// What is read from and written to.
trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection.
pub(super) struct Stream {
    io: TokioIo<Box<dyn Io>>,
    is_http2: bool,
}

impl Stream {
    fn new(io: impl Io + 'static, is_http2: bool) -> Self {
        Self {
            io: TokioIo::new(Box::new(io)),
            is_http2,
        }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        match self.is_http2 {
            true => Connected::new().negotiated_h2(),
            false => Connected::new(),
        }
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, slices)
    }
}
