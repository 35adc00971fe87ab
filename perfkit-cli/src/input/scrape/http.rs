//! One request over plain HTTP, whose answer is bounded in size and time.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// The largest answer, in bytes.
const LARGEST_ANSWER: u64 = 64 << 20;

/// The largest head of an answer, in bytes.
const LARGEST_HEAD: usize = 64 << 10;

/// Where a program is scraped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// As it stands in `Host`: a name or an address, in brackets where it has colons.
    host: String,
    port: u16,
    path: String,
}

impl Address {
    /// Of `HOST:PORT` or `http://HOST[:PORT][/PATH]`; as an error what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (rest, has_scheme) = match text.split_once("://") {
            Some(("http", rest)) => (rest, true),
            Some((scheme, _)) => {
                let scheme: String = scheme.chars().take(20).collect();
                return Err(format!(
                    "only plain http is spoken, and this is {}",
                    scheme.escape_debug()
                ));
            }
            None => (text, false),
        };
        let (authority, path) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, "/metrics"),
        };
        let path = match path {
            "/" => "/metrics".to_owned(),
            path if path.starts_with('?') => format!("/{path}"),
            path => path.to_owned(),
        };
        let colon = authority
            .rfind(':')
            .filter(|at| !authority[*at..].contains(']'));
        let (host, port) = match colon {
            Some(at) => (&authority[..at], Some(&authority[at + 1..])),
            None => (authority, None),
        };
        let port = match port.map(str::parse) {
            Some(Ok(port)) => port,
            None if has_scheme => 80,
            _ => return Err("it has no port such as HOST:9464".to_owned()),
        };
        let is_bracketed = host.starts_with('[') && host.ends_with(']');
        let is_plain = |c: char| c.is_ascii_graphic() && !"@/?#[]<>\"\\".contains(c);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if bare.is_empty() || !bare.chars().all(is_plain) || bare.contains(':') != is_bracketed {
            return Err("it has no host such as localhost:9464".to_owned());
        }
        if !path.chars().all(|c| c.is_ascii_graphic()) {
            return Err("its path has characters that must be escaped".to_owned());
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            path,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}{}", self.host, self.port, self.path)
    }
}

/// The body of the answer; as an error why there is none.
pub(super) fn get(address: &Address, patience: Duration) -> Result<Vec<u8>, String> {
    let deadline = Instant::now() + patience;
    let mut stream = connect(address, deadline)?;
    // A server answers version 1.0 without chunks and closes the connection.
    let request = format!(
        "GET {} HTTP/1.0\r\nHost: {}:{}\r\nAccept: text/plain; version=0.0.4, application/openmetrics-text; version=1.0.0; q=0.5\r\nUser-Agent: perfkit/{}\r\nConnection: close\r\n\r\n",
        address.path,
        address.host,
        address.port,
        env!("CARGO_PKG_VERSION"),
    );
    let written = stream.set_write_timeout(Some(left(deadline)?));
    let written = written.and_then(|()| stream.write_all(request.as_bytes()));
    written.map_err(|error| format!("it takes no request: {error}"))?;
    let answer = read_all(&mut stream, deadline)?;
    body(answer)
}

fn connect(address: &Address, deadline: Instant) -> Result<TcpStream, String> {
    let host = address.host.trim_start_matches('[').trim_end_matches(']');
    let found = (host, address.port).to_socket_addrs();
    let found = found.map_err(|error| format!("its name is not known: {error}"))?;
    let mut refused = "its name has no address".to_owned();
    for socket in found {
        match TcpStream::connect_timeout(&socket, left(deadline)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => refused = format!("nobody answers: {error}"),
        }
    }
    Err(refused)
}

/// The time that is left.
fn left(deadline: Instant) -> Result<Duration, String> {
    let left = deadline.saturating_duration_since(Instant::now());
    match left.is_zero() {
        true => Err("the answer does not come in time".to_owned()),
        false => Ok(left),
    }
}

fn read_all(stream: &mut TcpStream, deadline: Instant) -> Result<Vec<u8>, String> {
    let mut answer = Vec::new();
    let mut part = vec![0; 64 << 10];
    loop {
        let waits = stream.set_read_timeout(Some(left(deadline)?));
        match waits.and_then(|()| stream.read(&mut part)) {
            Ok(0) => return Ok(answer),
            Ok(read) => answer.extend_from_slice(&part[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                left(deadline)?;
            }
            Err(error) => return Err(format!("the answer breaks off: {error}")),
        }
        if answer.len() as u64 > LARGEST_ANSWER {
            return Err(format!(
                "the answer is larger than {} MiB",
                LARGEST_ANSWER >> 20
            ));
        }
    }
}

/// What follows the head of an answer that is good.
fn body(mut answer: Vec<u8>) -> Result<Vec<u8>, String> {
    let within = &answer[..answer.len().min(LARGEST_HEAD)];
    let end = within.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.ok_or("the answer is no HTTP")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    if !status.starts_with("HTTP/1.") {
        return Err("the answer is no HTTP".to_owned());
    }
    let code = status.split_whitespace().nth(1).unwrap_or_default();
    if code != "200" {
        let status: String = status
            .chars()
            .filter(|c| !c.is_control())
            .take(80)
            .collect();
        return Err(format!("it answers {status}"));
    }
    let mut length = None;
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse::<usize>().ok(),
            "transfer-encoding" => {
                return unchunked(&answer[end + 4..]).ok_or("its chunks are damaged".to_owned());
            }
            _ => {}
        }
    }
    answer.drain(..end + 4);
    match length {
        Some(length) if answer.len() < length => Err("the answer breaks off".to_owned()),
        Some(length) => {
            answer.truncate(length);
            Ok(answer)
        }
        None => Ok(answer),
    }
}

/// What chunks hold, which a server may send in spite of the version.
fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end]).ok()?;
        let size = size.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        let shown = |text: &str| Address::parse(text).map(|address| address.to_string());
        for (text, expected) in [
            ("localhost:9464", "http://localhost:9464/metrics"),
            ("http://host", "http://host:80/metrics"),
            ("http://host:81/", "http://host:81/metrics"),
            ("http://[::1]:9464/m?x=1", "http://[::1]:9464/m?x=1"),
            ("10.0.0.1:1/stats", "http://10.0.0.1:1/stats"),
        ] {
            assert_eq!(shown(text).as_deref(), Ok(expected), "{text}");
        }
        for text in [
            "host",
            "host:",
            "host:99999",
            ":80",
            "https://host:1",
            "::1:80",
            "a b:1",
            "u@h:1",
            "host:1/a b",
            "http://",
            "h\r\nX:1",
            "h:1/\r\nX: y",
        ] {
            assert!(shown(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_a_whole_good_answer_has_a_body() {
        let of = |answer: &str| body(answer.as_bytes().to_vec());
        let good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc";
        assert_eq!(of(good).as_deref(), Ok(&b"ab"[..]));
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
        assert_eq!(of(chunked).as_deref(), Ok(&b"abcd"[..]));
        for bad in [
            "",
            "SSH-2.0",
            "HTTP/1.1 404 Not Found\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nab",
        ] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
