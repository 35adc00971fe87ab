//! One request over plain HTTP, whose answer is bounded in size and time.

use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;

use ureq::Agent;
use ureq::http::StatusCode;

/// The largest answer, in bytes.
const LARGEST_ANSWER: u64 = 64 << 20;

/// What is asked for.
const FORMATS: &str =
    "text/plain; version=0.0.4, application/openmetrics-text; version=1.0.0; q=0.5";

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
    let agent = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        // None is said: else it would be one of the environment.
        .proxy(None)
        .timeout_global(Some(patience))
        .user_agent(concat!("perfkit/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent();
    let asked = agent
        .get(address.to_string())
        .header("accept", FORMATS)
        .call();
    let mut answer = asked.map_err(|error| why(&error))?;
    let status = answer.status();
    if status != StatusCode::OK {
        return Err(format!("it answers with HTTP status {status}"));
    }
    let body = answer.body_mut().with_config().limit(LARGEST_ANSWER);
    body.read_to_vec().map_err(|error| why(&error))
}

fn why(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "the answer does not come in time".to_owned(),
        ureq::Error::BodyExceedsLimit(_) => {
            let mebibytes = LARGEST_ANSWER >> 20;
            format!("the answer is larger than {mebibytes} MiB")
        }
        ureq::Error::HostNotFound => "its name is not known".to_owned(),
        ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
            "nobody answers there".to_owned()
        }
        error => format!("it does not answer: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;

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
        let of = |answer: &'static str| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = Address::parse(&listener.local_addr().unwrap().to_string()).unwrap();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
                stream.write_all(answer.as_bytes()).unwrap();
            });
            let body = get(&address, Duration::from_secs(60));
            server.join().unwrap();
            body
        };
        let good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc";
        assert_eq!(of(good).as_deref(), Ok(&b"ab"[..]));
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
        assert_eq!(of(chunked).as_deref(), Ok(&b"abcd"[..]));
        for bad in [
            "",
            "SSH-2.0",
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nab",
        ] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
