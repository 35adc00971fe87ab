//! The thread that answers scrapes, from outside.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::export::shared::Shared;
use crate::monitor::Monitor;
use crate::process::spawn_without_signals;

use super::endpoint::Endpoint;
use super::host::{Host, Hosts};

/// How long stopping waits for the thread, which it interrupts.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// A running endpoint, closed when it is dropped or stopped.
///
/// It answers `GET /metrics` in OpenMetrics where the client prefers that and in
/// the text format 0.0.4 otherwise. A client has two seconds for a request of at
/// most 8 KiB, and ten to take the answer, of which it may take nothing for two. A
/// request for a host that is not its own is refused ([`super::Config::allowed_hosts`]).
///
/// One thread serves all connections. There are 64 at a time: where there were
/// more, those go that linger after their answer, then the oldest that have not
/// asked for anything yet. Clients that are silent or slow hold up no others.
#[must_use = "the endpoint closes when this is dropped"]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared<State>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    is_stopping: bool,
    has_ended: bool,
}

impl Server {
    pub(super) fn start(
        monitor: Monitor,
        allowed_hosts: Vec<Host>,
        address: impl ToSocketAddrs,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::<State>::default());
        listener.set_nonblocking(true)?;
        let hosts = Hosts::new(address.ip(), allowed_hosts);
        let endpoint = Endpoint::new(listener, monitor, hosts);
        let builder = std::thread::Builder::new().name("perfkit-metrics".to_owned());
        let of_thread = Arc::clone(&shared);
        let thread = spawn_without_signals(builder, move || {
            // Whoever waits for the end may want the port, which the endpoint has.
            endpoint.run(|| of_thread.lock().is_stopping);
            of_thread.lock().has_ended = true;
            of_thread.notify_all();
        })?;
        Ok(Self {
            address,
            shared,
            thread: Some(thread),
        })
    }

    /// The address that it listens on, with the port that the system chose where
    /// it was left to it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the endpoint and cuts the connections that it has. The
    /// address is free afterwards.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        self.shared.lock().is_stopping = true;
        // The thread waits for a connection, so it gets one. Where that fails
        // it ends at the next, and is not waited for.
        let _ = TcpStream::connect_timeout(&reachable(self.address), STOP_TIMEOUT);
        let deadline = Instant::now() + STOP_TIMEOUT;
        let state = self.shared.lock();
        let ended = self.shared.wait(state, deadline, |state| state.has_ended);
        let has_ended = ended.has_ended;
        drop(ended);
        if has_ended {
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Where this machine reaches what listens on an address.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
