//! What an endpoint shows, and to whom.

use std::io::{self, ErrorKind};
use std::net::ToSocketAddrs;

use crate::monitor::Monitor;

use super::host::Host;
use super::server::Server;

/// What an endpoint shows, and under which names it may be asked.
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// let endpoint = perfkit::prometheus::Config::new()
///     .allowed_hosts(["metrics.example.org"])
///     .serve("127.0.0.1:9464")?;
/// # drop(endpoint);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is served before `serve`"]
pub struct Config {
    monitor: Option<Monitor>,
    allowed_hosts: Vec<String>,
}

impl Config {
    /// The global monitor, under the names that an endpoint has by itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows another monitor than the global one.
    pub fn monitor(mut self, monitor: &Monitor) -> Self {
        self.monitor = Some(monitor.clone());
        self
    }

    /// Answers requests for these hosts as well: names or addresses, on whatever port. Each
    /// call adds to those before.
    ///
    /// A request for another host is refused with 421. Otherwise a page on the web could
    /// read the metrics through the browser of whoever sits at this machine: its name needs
    /// only to lead here for a moment (DNS rebinding). An endpoint on a loopback address
    /// answers for `localhost`, for loopback addresses and for its own. One that other
    /// machines reach is known by names that perfkit cannot know: it answers for any until
    /// some are given here, and then for these, for `localhost` and for any address.
    pub fn allowed_hosts<T: Into<String>>(mut self, hosts: impl IntoIterator<Item = T>) -> Self {
        self.allowed_hosts.extend(hosts.into_iter().map(Into::into));
        self
    }

    /// Opens the endpoint; with port 0 the system chooses one ([`Server::address`]).
    ///
    /// # Errors
    /// An allowed host is neither a name nor an address, the address to listen on cannot be
    /// resolved or is taken, or the system refuses a thread.
    pub fn serve(self, address: impl ToSocketAddrs) -> io::Result<Server> {
        let hosts = self.allowed_hosts.iter().map(|text| {
            Host::parse(text).ok_or_else(|| {
                let problem = format!(
                    "the allowed host {text:?} is neither a name nor an address: give it without \
                     scheme and path, such as \"metrics.example.org\""
                );
                io::Error::new(ErrorKind::InvalidInput, problem)
            })
        });
        let hosts = hosts.collect::<io::Result<Vec<_>>>()?;
        let monitor = self.monitor.unwrap_or_else(|| Monitor::global().clone());
        Server::start(monitor, hosts, address)
    }
}
