//! Of what kind it is that a request was not answered.

use std::error::Error;
use std::fmt;
use std::io;

use perfkit::outcome::Failure;
use rustix::io::Errno;

/// Why no connection was made, beside what the system says.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The host has no address.
    Dns(String),
    /// Both sides did not agree on TLS.
    #[cfg(feature = "load-tls")]
    Tls(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(why) => write!(f, "no address: {why}"),
            #[cfg(feature = "load-tls")]
            Self::Tls(why) => write!(f, "TLS: {why}"),
        }
    }
}

impl Error for Refusal {}

/// The failure that an error and its causes are.
pub(crate) fn failure_of(error: &(dyn Error + 'static)) -> Failure {
    let mut last: &(dyn Error + 'static) = error;
    let mut kind = None;
    loop {
        kind = kind_of(last).or(kind);
        match cause_of(last) {
            Some(cause) => last = cause,
            None => break,
        }
    }
    Failure::new(kind.unwrap_or("other"), last)
}

/// An error of the system may hold another, which it does not name as its source.
fn cause_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let held = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    held.map(|held| held as &(dyn Error + 'static))
        .or_else(|| error.source())
}

fn kind_of(error: &(dyn Error + 'static)) -> Option<&'static str> {
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        return Some(match refusal {
            Refusal::Dns(_) => "dns",
            #[cfg(feature = "load-tls")]
            Refusal::Tls(_) => "tls",
        });
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return of_http(error);
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return Some(of_system(error));
    }
    None
}

fn of_http(error: &hyper::Error) -> Option<&'static str> {
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        Some("closed_early")
    } else if error.is_parse() {
        Some("protocol")
    } else {
        None
    }
}

fn of_system(error: &io::Error) -> &'static str {
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    if matches!(errno, Some(Errno::MFILE | Errno::NFILE)) {
        return "too_many_open_files";
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "refused",
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => "reset",
        io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => "closed_early",
        io::ErrorKind::AddrNotAvailable => "no_local_port",
        io::ErrorKind::TimedOut => "timeout",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "unreachable",
        _ => "connection",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_cause_names_the_kind() {
        for (errno, kind) in [
            (Errno::MFILE, "too_many_open_files"),
            (Errno::CONNREFUSED, "refused"),
            (Errno::CONNRESET, "reset"),
            (Errno::ADDRNOTAVAIL, "no_local_port"),
        ] {
            let error = io::Error::from_raw_os_error(errno.raw_os_error());
            let wrapped = io::Error::other(error);
            assert_eq!(failure_of(&wrapped).kind(), kind);
        }
        let dns = io::Error::other(Refusal::Dns("unknown".to_owned()));
        assert_eq!(failure_of(&dns).kind(), "dns");
        let other = fmt::Error;
        assert_eq!(failure_of(&other).kind(), "other");
    }
}
