//! One connection: a request in, an answer out, and all of it in bounded time.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::readiness::{Interest, is_to_be_tried_again};

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

/// How many reads or writes a connection has before others have their turn.
const STEPS: usize = 16;

/// A connection, and how far it got.
pub(super) struct Connection {
    stream: TcpStream,
    state: State,
    /// When the state began.
    since: Instant,
    /// When the client took something of the answer for the last time.
    progress: Instant,
}

enum State {
    /// So much of the head is there.
    Head(Vec<u8>),
    /// The head is there, and nobody has answered it.
    Requested(Vec<u8>),
    Answer(Answer),
    /// All is sent, and the client has not closed the connection.
    Linger,
    Closed,
}

/// An answer, and how many of its bytes are written.
struct Answer {
    head: Vec<u8>,
    body: Arc<[u8]>,
    written: usize,
}

impl Answer {
    fn rest(&self) -> &[u8] {
        match self.written.checked_sub(self.head.len()) {
            None => &self.head[self.written..],
            Some(of_body) => &self.body[of_body..],
        }
    }
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its request is not there yet.
    Arriving,
    /// Its request is there.
    Requested,
    /// Its answer is being sent.
    Answered,
    /// It needs nothing more.
    Over,
}

/// What became of a request that did not arrive in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Incomplete {
    TooLong,
    TooSlow,
}

impl Connection {
    /// The stream must not block.
    pub(super) fn new(stream: TcpStream, now: Instant) -> Self {
        Self {
            stream,
            state: State::Head(Vec::new()),
            since: now,
            progress: now,
        }
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// What it waits for.
    pub(super) fn interest(&self) -> Interest {
        match self.state {
            State::Answer(_) => Interest::Write,
            _ => Interest::Read,
        }
    }

    /// When it has had its time.
    pub(super) fn deadline(&self) -> Instant {
        match self.state {
            State::Answer(_) => (self.since + ANSWER_TIMEOUT).min(self.progress + STALL_TIMEOUT),
            State::Linger => self.since + LINGER,
            _ => self.since + HEAD_TIMEOUT,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        match self.state {
            State::Head(_) => Phase::Arriving,
            State::Requested(_) => Phase::Requested,
            State::Answer(_) => Phase::Answered,
            State::Linger | State::Closed => Phase::Over,
        }
    }

    /// Since when it has stood where it is. What arrives of a request does not count: a
    /// client may send it byte by byte.
    pub(super) fn waits_since(&self) -> Instant {
        match self.state {
            State::Answer(_) => self.progress,
            _ => self.since,
        }
    }

    /// The head of a request that waits for its answer.
    pub(super) fn request(&self) -> Option<&[u8]> {
        match &self.state {
            State::Requested(head) => Some(head),
            _ => None,
        }
    }

    /// The body that it is sending.
    pub(super) fn body(&self) -> Option<&Arc<[u8]>> {
        match &self.state {
            State::Answer(answer) => Some(&answer.body),
            _ => None,
        }
    }

    /// Reads and writes what can be without waiting; says so where the request will not
    /// be complete.
    pub(super) fn advance(&mut self, now: Instant) -> Option<Incomplete> {
        match &self.state {
            State::Head(_) => return self.read_head(now),
            State::Answer(_) => self.write(now),
            State::Linger => self.read_rest(),
            State::Requested(_) | State::Closed => {}
        }
        if now >= self.deadline() {
            self.close();
        }
        None
    }

    /// Begins to send an answer.
    pub(super) fn answer(&mut self, head: Vec<u8>, body: Arc<[u8]>, now: Instant) {
        let written = 0;
        self.enter(
            State::Answer(Answer {
                head,
                body,
                written,
            }),
            now,
        );
        self.progress = now;
        self.write(now);
    }

    fn enter(&mut self, state: State, now: Instant) {
        self.state = state;
        self.since = now;
    }

    pub(super) fn close(&mut self) {
        self.state = State::Closed;
    }

    fn read_head(&mut self, now: Instant) -> Option<Incomplete> {
        let mut buffer = [0; 1024];
        while let State::Head(head) = &mut self.state {
            let room = buffer.len().min(LONGEST_HEAD - head.len());
            if room == 0 {
                return Some(Incomplete::TooLong);
            }
            match self.stream.read(&mut buffer[..room]) {
                Ok(0) => self.close(),
                Ok(read) => {
                    // The end may have begun with the last three bytes before.
                    let looked_at = head.len().saturating_sub(3);
                    head.extend_from_slice(&buffer[..read]);
                    if head[looked_at..].windows(4).any(|end| end == b"\r\n\r\n") {
                        let head = std::mem::take(head);
                        self.enter(State::Requested(head), now);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_to_be_tried_again(&error) => {
                    return (now >= self.deadline()).then_some(Incomplete::TooSlow);
                }
                Err(_) => self.close(),
            }
        }
        None
    }

    fn write(&mut self, now: Instant) {
        for _ in 0..STEPS {
            let State::Answer(answer) = &mut self.state else {
                return;
            };
            let rest = answer.rest();
            if rest.is_empty() {
                // Whoever reads to the end needs one. Closing the connection with
                // something unread would take the answer from the client.
                let ended = self.stream.shutdown(Shutdown::Write);
                let next = ended.map_or(State::Closed, |()| State::Linger);
                self.enter(next, now);
                return self.read_rest();
            }
            match self.stream.write(rest) {
                Ok(0) => self.close(),
                Ok(written) => {
                    answer.written += written;
                    self.progress = now;
                }
                Err(error) if is_to_be_tried_again(&error) => return,
                Err(_) => self.close(),
            }
        }
    }

    /// Reads what the client sends besides, until it closes the connection.
    fn read_rest(&mut self) {
        let mut buffer = [0; 4096];
        for _ in 0..STEPS {
            match self.stream.read(&mut buffer) {
                Ok(0) => return self.close(),
                Ok(_) => {}
                Err(error) if is_to_be_tried_again(&error) => return,
                Err(_) => return self.close(),
            }
        }
    }
}
