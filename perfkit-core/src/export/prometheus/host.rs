//! For which names the endpoint answers.
//!
//! A page in a browser may ask any name for anything, also one of its own whose address
//! turns into that of this machine later (DNS rebinding), and then read the answer. The
//! browser says the name in `Host`.

use std::net::{IpAddr, Ipv6Addr};

/// A host as a request names it, without its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    Address(IpAddr),
    /// In lower case, without the dot of the root.
    Name(String),
}

impl Host {
    /// Reads `name`, `name:port`, `192.0.2.1`, `[::1]:port` or `::1`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self::Address(address.to_canonical()));
        }
        if let Some(rest) = text.strip_prefix('[') {
            let (address, port) = rest.split_once(']')?;
            is_port(port).then_some(())?;
            let address = IpAddr::from(address.parse::<Ipv6Addr>().ok()?);
            return Some(Self::Address(address.to_canonical()));
        }
        let colon = text.find(':').unwrap_or(text.len());
        let (name, port) = text.split_at(colon);
        is_port(port).then_some(())?;
        if let Ok(address) = name.parse::<IpAddr>() {
            return Some(Self::Address(address));
        }
        let name = name.strip_suffix('.').unwrap_or(name);
        let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let is_name = !name.is_empty() && name.bytes().all(is_of_name);
        is_name.then(|| Self::Name(name.to_ascii_lowercase()))
    }
}

/// A colon and a port, or nothing.
fn is_port(text: &str) -> bool {
    let digits = text.strip_prefix(':').unwrap_or("");
    (text.is_empty() || text.starts_with(':')) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The hosts of an endpoint.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    listens_on: IpAddr,
    allowed: Vec<Host>,
}

impl Hosts {
    /// Those of an endpoint that listens on an address, and others that the program named.
    pub(super) fn new(listens_on: IpAddr, allowed: Vec<Host>) -> Self {
        Self {
            listens_on: listens_on.to_canonical(),
            allowed,
        }
    }

    /// Whether a request for the host is meant for this endpoint.
    ///
    /// An endpoint for this machine alone knows its names. One for other machines too is
    /// reached by names that it cannot know, and answers for all of them until the program
    /// names some; by an address it may always be asked, because nobody can rebind that.
    pub(super) fn admit(&self, host: &Host) -> bool {
        if self.allowed.contains(host) {
            return true;
        }
        let is_local = self.listens_on.is_loopback();
        match host {
            Host::Address(address) => {
                !is_local || address.is_loopback() || *address == self.listens_on
            }
            Host::Name(name) => name == "localhost" || !is_local && self.allowed.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(listens_on: &str, allowed: &[&str], host: &str) -> bool {
        let allowed = allowed.iter().map(|host| Host::parse(host).unwrap());
        let hosts = Hosts::new(listens_on.parse().unwrap(), allowed.collect());
        hosts.admit(&Host::parse(host).unwrap())
    }

    #[test]
    fn on_this_machine_alone_only_its_own_names_are_answered() {
        for listens_on in ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"] {
            for host in [
                "localhost",
                "LocalHost.:9464",
                "127.0.0.1:9464",
                "127.8.8.8",
                "[::1]:9464",
                "[::1]",
                "[::ffff:127.0.0.1]",
            ] {
                assert!(admits(listens_on, &[], host), "{host}");
            }
            for host in [
                "evil.example",
                "localhost.evil.example:9464",
                "127.0.0.1.evil.example",
                "0.0.0.0:9464",
                "192.0.2.1",
                "[fe80::1]",
            ] {
                assert!(!admits(listens_on, &[], host), "{host}");
            }
        }
    }

    #[test]
    fn hosts_that_the_program_names_are_answered_on_any_port() {
        let allowed = ["Metrics.example", "192.0.2.1"];
        assert!(admits("127.0.0.1", &allowed, "metrics.EXAMPLE.:80"));
        assert!(admits("127.0.0.1", &allowed, "192.0.2.1:80"));
        assert!(admits("127.0.0.1", &allowed, "localhost"));
        assert!(!admits("127.0.0.1", &allowed, "example"));
    }

    #[test]
    fn for_other_machines_any_name_will_do_until_some_are_named() {
        for listens_on in ["0.0.0.0", "::", "192.0.2.1"] {
            for host in [
                "app.default.svc",
                "192.0.2.1",
                "198.51.100.7:80",
                "[2001:db8::1]",
            ] {
                assert!(admits(listens_on, &[], host), "{host}");
            }
            let allowed = ["app.default.svc"];
            assert!(admits(listens_on, &allowed, "app.default.svc:9464"));
            assert!(admits(listens_on, &allowed, "198.51.100.7:80"));
            assert!(admits(listens_on, &allowed, "localhost"));
            assert!(!admits(listens_on, &allowed, "evil.example"));
        }
    }

    #[test]
    fn what_is_no_host_is_none() {
        for text in [
            "", ".", ":80", "a b", "a:b", "a:80:80", "[::1", "[::1]80", "[x]", "a/b", "a@b",
            "größe",
        ] {
            assert_eq!(Host::parse(text), None, "{text}");
        }
    }
}
