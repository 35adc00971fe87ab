//! Servers that do what a test asks of them, and count what they are asked.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a server does with a request on a connection; it ends the connection by returning
/// `false`.
type Answer = dyn Fn(&mut TcpStream, &str) -> bool + Send + Sync;

/// A server with a thread for each connection.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

/// What a server's own record says.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    pub(crate) connections: u64,
    /// Requests by their first line.
    pub(crate) requests: BTreeMap<String, u64>,
    pub(crate) heads: Vec<String>,
}

impl Seen {
    pub(crate) fn all(&self) -> u64 {
        self.requests.values().sum()
    }
}

impl Server {
    /// A server that answers each request as told.
    pub(crate) fn start(
        answer: impl Fn(&mut TcpStream, &str) -> bool + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (record, answer): (_, Arc<Answer>) = (Arc::clone(&seen), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                record.lock().unwrap().connections += 1;
                let (record, answer) = (Arc::clone(&record), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &record, &*answer));
            }
        });
        Self { address, seen }
    }

    /// A server that answers at once.
    pub(crate) fn quick() -> Self {
        Self::start(|stream, _| write(stream, OK))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }
}

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

pub(crate) fn write(stream: &mut TcpStream, answer: &str) -> bool {
    stream.write_all(answer.as_bytes()).is_ok()
}

fn serve(mut stream: TcpStream, record: &Mutex<Seen>, answer: &Answer) {
    stream.set_nodelay(true).unwrap();
    let mut bytes = Vec::new();
    while let Some(head) = head(&mut stream, &mut bytes) {
        {
            let mut seen = record.lock().unwrap();
            let first = head.lines().next().unwrap_or_default().to_owned();
            *seen.requests.entry(first).or_default() += 1;
            if seen.heads.len() < 3 {
                seen.heads.push(head.clone());
            }
        }
        if !answer(&mut stream, &head) {
            return;
        }
    }
}

/// The head of the next request, whose body is passed over.
fn head(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<String> {
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        read(stream, bytes)?;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_it = name.eq_ignore_ascii_case("content-length");
        is_it.then(|| value.trim().parse::<usize>().ok())?
    });
    let end = end + length.unwrap_or(0);
    while bytes.len() < end {
        read(stream, bytes)?;
    }
    bytes.drain(..end);
    Some(head)
}

fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 4096];
    let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
    bytes.extend_from_slice(&buffer[..read]);
    Some(())
}

/// An address at which nothing listens.
pub(crate) fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
