//! As much of HTTP/1.1 as a scrape needs: the head of a request in, the head of an
//! answer out.

use std::sync::Arc;

use super::encoding::Encoding;
use super::host::{Host, Hosts};
use super::negotiation::Format;

/// The one page.
const PATH: &str = "/metrics";

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    BadRequest,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    Misdirected,
    HeadTooLong,
}

impl Status {
    fn line(self) -> &'static str {
        match self {
            Self::Ok => "200 OK",
            Self::BadRequest => "400 Bad Request",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed => "405 Method Not Allowed",
            Self::RequestTimeout => "408 Request Timeout",
            Self::Misdirected => "421 Misdirected Request",
            Self::HeadTooLong => "431 Request Header Fields Too Large",
        }
    }
}

/// An answer that says why there is no page: its head, and its body.
pub(super) fn refusal(status: Status) -> (Vec<u8>, Arc<[u8]>) {
    let body = match status {
        Status::NotFound => format!("{}: the metrics are at {PATH}\n", status.line()),
        Status::Misdirected => format!(
            "{}: this endpoint answers for localhost and for the address that it listens on, \
             and this request is for another host. Ask for one of these, or let the program \
             name the host: perfkit::prometheus::Config::allowed_hosts\n",
            status.line()
        ),
        _ => format!("{}\n", status.line()),
    };
    let head = head(
        status,
        "text/plain; charset=utf-8",
        Encoding::Plain,
        body.len(),
    );
    (head, body.into_bytes().into())
}

/// The head of an answer whose body has so many bytes.
pub(super) fn head(
    status: Status,
    content_type: &str,
    encoding: Encoding,
    length: usize,
) -> Vec<u8> {
    let encoded = encoding
        .name()
        .map_or_else(String::new, |name| format!("Content-Encoding: {name}\r\n"));
    let allow = match status {
        Status::MethodNotAllowed => "Allow: GET\r\n",
        _ => "",
    };
    // Names are the program's and may be anything: no browser shall guess that
    // they are a page.
    let head = format!(
        "HTTP/1.1 {}\r\n\
         Content-Type: {content_type}\r\n\
         Content-Length: {length}\r\n\
         X-Content-Type-Options: nosniff\r\n\
         {encoded}\
         {allow}\
         Connection: close\r\n\
         \r\n",
        status.line(),
    );
    head.into_bytes()
}

/// The form of the page that a request for it asks for, or what is wrong with it.
pub(super) fn requested(head: &[u8], hosts: &Hosts) -> Result<(Format, Encoding), Status> {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let words: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [method, target, version] = words[..] else {
        return Err(Status::BadRequest);
    };
    if method.is_empty() || !target.starts_with('/') || !version.starts_with("HTTP/1.") {
        return Err(Status::BadRequest);
    }
    let fields: Vec<_> = lines.filter_map(|line| line.split_once(':')).collect();
    let values = |wanted: &'static str| {
        let same = fields
            .iter()
            .filter(move |(name, _)| name.eq_ignore_ascii_case(wanted));
        same.map(|(_, value)| value.trim_matches([' ', '\t']))
    };
    match (&values("host").collect::<Vec<_>>()[..], version) {
        // Browsers always say the host, and so does HTTP since version 1.1.
        ([], "HTTP/1.0") => {}
        ([host], _) => match Host::parse(host) {
            Some(host) if hosts.admit(&host) => {}
            Some(_) => return Err(Status::Misdirected),
            None => return Err(Status::BadRequest),
        },
        _ => return Err(Status::BadRequest),
    }
    // Prometheus may add parameters, and they change nothing here.
    let path = target.split('?').next();
    if path != Some(PATH) {
        return Err(Status::NotFound);
    }
    if method != "GET" {
        return Err(Status::MethodNotAllowed);
    }
    Ok((
        Format::preferred(values("accept")),
        Encoding::preferred(values("accept-encoding")),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::text_format::TextFormat;
    use super::*;
    use proptest::prelude::*;

    fn requested_locally(head: &str) -> Result<Format, Status> {
        let hosts = Hosts::new([127, 0, 0, 1].into(), Vec::new());
        requested(head.as_bytes(), &hosts).map(|(format, _)| format)
    }

    #[test]
    fn several_accept_lines_are_one() {
        let head = "GET /metrics HTTP/1.0\r\naccept: text/plain;q=0.1\r\nACCEPT:application/openmetrics-text\r\n\r\n";
        let openmetrics = Format::Text(TextFormat::OpenMetrics);
        assert_eq!(requested_locally(head), Ok(openmetrics));
    }

    #[test]
    fn only_the_page_is_there_and_only_to_be_read() {
        let status = |line: &str| {
            requested_locally(&format!("{line}\r\nHost: localhost\r\n\r\n")).unwrap_err()
        };
        assert_eq!(status("GET / HTTP/1.1"), Status::NotFound);
        assert_eq!(status("GET /metrics/ HTTP/1.1"), Status::NotFound);
        assert_eq!(status("POST /metrics HTTP/1.1"), Status::MethodNotAllowed);
        assert_eq!(status("HEAD /metrics HTTP/1.1"), Status::MethodNotAllowed);
        assert_eq!(status("GET /metrics"), Status::BadRequest);
        assert_eq!(status("GET  /metrics HTTP/1.1"), Status::BadRequest);
        assert_eq!(status("PRI * HTTP/2.0"), Status::BadRequest);
        assert_eq!(status(""), Status::BadRequest);
        let query = "GET /metrics?name[]=x HTTP/1.0\r\n\r\n";
        assert_eq!(requested_locally(query), Ok(Format::Text(TextFormat::Text)));
    }

    #[test]
    fn a_request_is_for_one_host_and_for_this_one() {
        let asked =
            |fields: &str| requested_locally(&format!("GET /metrics HTTP/1.1\r\n{fields}\r\n\r\n"));
        assert_eq!(
            asked("hOST:\tlocalhost:9464 "),
            Ok(Format::Text(TextFormat::Text))
        );
        assert_eq!(asked("Host: evil.example"), Err(Status::Misdirected));
        for fields in [
            "",
            "X: y",
            "Host:",
            "Host: a b",
            "Host: localhost\r\nHost: localhost",
        ] {
            assert_eq!(asked(fields), Err(Status::BadRequest), "{fields}");
        }
        // Also of what is not there.
        let elsewhere = "POST /x HTTP/1.1\r\nHost: evil.example\r\n\r\n";
        assert_eq!(requested_locally(elsewhere), Err(Status::Misdirected));
    }

    #[test]
    fn an_answer_tells_its_length_and_that_it_is_the_last() {
        let head = head(
            Status::Ok,
            TextFormat::Text.content_type(),
            Encoding::Plain,
            10,
        );
        let expected = "HTTP/1.1 200 OK\r\n\
            Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
            Content-Length: 10\r\n\
            X-Content-Type-Options: nosniff\r\n\
            Connection: close\r\n\r\n";
        assert_eq!(String::from_utf8(head).unwrap(), expected);
        let (head, body) = refusal(Status::MethodNotAllowed);
        let head = String::from_utf8(head).unwrap();
        assert!(head.contains("\r\nAllow: GET\r\n"), "{head}");
        assert_eq!(*body, *b"405 Method Not Allowed\n");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_no_request_for_the_page(
            head in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let hosts = Hosts::new([127, 0, 0, 1].into(), Vec::new());
            prop_assert!(requested(&head, &hosts).is_err());
        }
    }
}
