//! The thread that answers scrapes.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::export::shared::Shared;
use crate::monitor::Monitor;
use crate::process::spawn_without_signals;

use super::http::{self, Status};

/// The longest head of a request, in bytes.
const LONGEST_HEAD: usize = 8 << 10;

/// How long a request may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a client may take nothing of an answer.
const STALL_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an answer may take in all: as long as Prometheus waits for one.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the client may take to close the connection after the answer.
const LINGER: Duration = Duration::from_millis(500);

/// How long to wait after the system refused a connection.
const PAUSE: Duration = Duration::from_millis(50);

/// How long stopping waits for the thread, which it interrupts.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// A running endpoint, closed when it is dropped or stopped.
///
/// It answers `GET /metrics`, one connection after the other, in OpenMetrics
/// where the client prefers that and in the text format 0.0.4 otherwise. A
/// client has two seconds for a request of at most 8 KiB, and ten to take the
/// answer.
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
    /// The connection that is being answered, to be cut when stopping.
    current: Option<TcpStream>,
}

impl Server {
    pub(super) fn start(monitor: Monitor, address: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let endpoint = Endpoint {
            listener,
            monitor,
            shared: Arc::clone(&shared),
        };
        let builder = std::thread::Builder::new().name("perfkit-metrics".to_owned());
        let thread = spawn_without_signals(builder, move || endpoint.run())?;
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

    /// Closes the endpoint and cuts a connection that is being answered. The
    /// address is free afterwards.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        let mut state = self.shared.lock();
        state.is_stopping = true;
        if let Some(connection) = &state.current {
            // It may be closed already.
            let _ = connection.shutdown(Shutdown::Both);
        }
        drop(state);
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

impl Shared<State> {
    /// Notes the connection that is answered now; false where none shall be.
    fn begin(&self, connection: &TcpStream) -> bool {
        let mut state = self.lock();
        state.current = connection.try_clone().ok();
        !state.is_stopping
    }

    fn finish(&self) {
        self.lock().current = None;
    }
}

struct Endpoint {
    listener: TcpListener,
    monitor: Monitor,
    shared: Arc<Shared<State>>,
}

impl Endpoint {
    fn run(self) {
        loop {
            let accepted = self.listener.accept();
            if self.shared.lock().is_stopping {
                break;
            }
            match accepted {
                Ok((mut connection, _)) => {
                    if self.shared.begin(&connection) {
                        // A client that went away gets nothing, and that is all.
                        let _ = self.serve(&mut connection);
                    }
                    self.shared.finish();
                }
                // Most likely no file can be opened just now.
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
        // Whoever waits for the end may want the port.
        drop(self.listener);
        self.shared.lock().has_ended = true;
        self.shared.notify_all();
    }

    fn serve(&self, connection: &mut TcpStream) -> io::Result<()> {
        let answer = match read_head(connection)? {
            Ok(head) => http::answer(&head, |format| {
                format.render(&self.monitor.snapshot().operations)
            }),
            Err(status) => http::refusal(status),
        };
        write_answer(connection, &answer)?;
        linger(connection)
    }
}

/// The head of a request, or why there is none that could be answered.
fn read_head(connection: &mut TcpStream) -> io::Result<Result<Vec<u8>, Status>> {
    let deadline = Instant::now() + HEAD_TIMEOUT;
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while head.len() < LONGEST_HEAD {
        let room = buffer.len().min(LONGEST_HEAD - head.len());
        let read = match read_until(connection, &mut buffer[..room], deadline) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(error) if is_timeout(&error) => return Ok(Err(Status::RequestTimeout)),
            Err(error) => return Err(error),
        };
        // The end may have begun with the last three bytes before.
        let looked_at = head.len().saturating_sub(3);
        head.extend_from_slice(&buffer[..read]);
        if head[looked_at..].windows(4).any(|end| end == b"\r\n\r\n") {
            return Ok(Ok(head));
        }
    }
    Ok(Err(Status::HeadTooLong))
}

fn write_answer(connection: &mut TcpStream, answer: &[u8]) -> io::Result<()> {
    let deadline = Instant::now() + ANSWER_TIMEOUT;
    let mut rest = answer;
    while !rest.is_empty() {
        let timeout = left(deadline)?.min(STALL_TIMEOUT);
        connection.set_write_timeout(Some(timeout))?;
        match connection.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads on until the client closes the connection. Closing it with something
/// unread would take the answer from the client.
fn linger(connection: &mut TcpStream) -> io::Result<()> {
    connection.shutdown(Shutdown::Write)?;
    let deadline = Instant::now() + LINGER;
    let mut buffer = [0; 4096];
    while read_until(connection, &mut buffer, deadline)? > 0 {}
    Ok(())
}

/// Reads what is there, waiting for it until the deadline.
fn read_until(
    connection: &mut TcpStream,
    buffer: &mut [u8],
    deadline: Instant,
) -> io::Result<usize> {
    loop {
        connection.set_read_timeout(Some(left(deadline)?))?;
        match connection.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// The time left until a deadline; it is never zero.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(ErrorKind::TimedOut.into());
    }
    Ok(left)
}

/// A read that takes too long is said to block on Unix, and to time out
/// elsewhere.
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
