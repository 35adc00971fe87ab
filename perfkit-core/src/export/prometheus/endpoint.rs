//! The loop that answers scrapes: many connections, one thread.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::monitor::Monitor;

use super::connection::{Connection, Incomplete, Phase};
use super::exposition::Exposition;
use super::host::Hosts;
use super::http::{self, Status};
use super::readiness::{Interest, Waiting, is_to_be_tried_again};

/// The most connections at a time, each of which takes a file descriptor of the program.
const MAX_CONNECTIONS: usize = 64;

/// The most of them whose answer is being sent, so that slow readers leave room for those
/// who ask.
const MAX_ANSWERS: usize = MAX_CONNECTIONS / 2;

/// The most pages that are kept in memory until they are sent.
const MAX_PAGES: usize = 4;

/// How many connections are accepted before the others have their turn.
const ACCEPTS: usize = 16;

/// How long to wait after the system refused a connection.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) struct Endpoint {
    listener: TcpListener,
    monitor: Monitor,
    hosts: Hosts,
    connections: Vec<Connection>,
    waiting: Waiting,
    /// Until when no connections are accepted.
    pauses_until: Option<Instant>,
}

impl Endpoint {
    /// The listener must not block.
    pub(super) fn new(listener: TcpListener, monitor: Monitor, hosts: Hosts) -> Self {
        Self {
            listener,
            monitor,
            hosts,
            connections: Vec::new(),
            waiting: Waiting::default(),
            pauses_until: None,
        }
    }

    /// Answers until it is to stop, which it looks at whenever a connection arrives.
    pub(super) fn run(mut self, is_stopping: impl Fn() -> bool) {
        while !is_stopping() {
            let now = Instant::now();
            for connection in &mut self.connections {
                advance(connection, now);
            }
            self.accept(now);
            self.answer();
            self.connections
                .retain(|connection| !connection.is_closed());
            self.wait();
        }
    }

    fn accept(&mut self, now: Instant) {
        if self.pauses_until.is_some_and(|until| now < until) {
            return;
        }
        self.pauses_until = None;
        for _ in 0..ACCEPTS {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if stream.set_nonblocking(true).is_err() {
                        continue;
                    }
                    self.make_room();
                    let mut connection = Connection::new(stream, now);
                    // Most requests are there at once, and need no room of those that
                    // are waited for.
                    advance(&mut connection, now);
                    self.connections.push(connection);
                }
                Err(error) if is_to_be_tried_again(&error) => return,
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                // Most likely the program has no file descriptor left. It gets one back.
                Err(_) => {
                    self.drop_one();
                    self.pauses_until = Some(now + PAUSE);
                    return;
                }
            }
        }
    }

    fn make_room(&mut self) {
        self.connections
            .retain(|connection| !connection.is_closed());
        while self.connections.len() >= MAX_CONNECTIONS && self.drop_one() {}
    }

    /// Drops the connection that can best be spared: one that has its answer and only
    /// lingers, or else the oldest that has not asked yet; where too many are being
    /// answered, the reader that has stood still the longest. A request that is there is
    /// answered.
    fn drop_one(&mut self) -> bool {
        let answers = self.count(Phase::Answered);
        let order = if answers > MAX_ANSWERS {
            [Phase::Over, Phase::Answered, Phase::Arriving]
        } else {
            [Phase::Over, Phase::Arriving, Phase::Answered]
        };
        order.into_iter().any(|phase| self.drop_oldest(phase))
    }

    fn count(&self, phase: Phase) -> usize {
        let same = self.connections.iter().filter(|c| c.phase() == phase);
        same.count()
    }

    fn drop_oldest(&mut self, phase: Phase) -> bool {
        let all = self.connections.iter().enumerate();
        let same = all.filter(|(_, connection)| connection.phase() == phase);
        let oldest = same.min_by_key(|(_, connection)| connection.waits_since());
        let position = oldest.map(|(position, _)| position);
        position
            .map(|position| self.connections.remove(position))
            .is_some()
    }

    /// Answers all requests that are there, out of one snapshot: the page has what was
    /// recorded before it was asked for, however many ask at once.
    fn answer(&mut self) {
        let mut pages = HashMap::new();
        let mut exposition = None;
        for position in 0..self.connections.len() {
            let Some(request) = self.connections[position].request() else {
                continue;
            };
            let (head, body) = match http::requested(request, &self.hosts) {
                Ok((format, encoding)) => {
                    let page = pages.entry((format, encoding)).or_insert_with(|| {
                        let of_now = || Exposition::of(&self.monitor);
                        let exposition = exposition.get_or_insert_with(of_now);
                        Arc::<[u8]>::from(encoding.encoded(format.page(exposition)))
                    });
                    (
                        http::head(Status::Ok, format.content_type(), encoding, page.len()),
                        Arc::clone(page),
                    )
                }
                Err(status) => http::refusal(status),
            };
            self.connections[position].answer(head, body, Instant::now());
        }
        self.forget_pages();
    }

    /// Who takes nothing of an old page keeps it in memory: beyond the limit the one goes
    /// whose readers have all stood still the longest.
    fn forget_pages(&mut self) {
        loop {
            let mut progress = HashMap::new();
            for connection in &self.connections {
                if let Some(body) = connection.body() {
                    let latest = progress
                        .entry(body.as_ptr())
                        .or_insert(connection.waits_since());
                    *latest = (*latest).max(connection.waits_since());
                }
            }
            let oldest = progress.iter().min_by_key(|(_, latest)| **latest);
            match oldest {
                Some((&page, _)) if progress.len() > MAX_PAGES => {
                    let has_it = |c: &Connection| c.body().is_some_and(|b| b.as_ptr() == page);
                    self.connections.retain(|connection| !has_it(connection));
                }
                _ => return,
            }
        }
    }

    /// Until something can be done.
    fn wait(&mut self) {
        self.waiting.clear();
        let now = Instant::now();
        let mut until = self.pauses_until;
        if until.is_none() {
            self.waiting.add(&self.listener, Interest::Read);
        }
        for connection in &self.connections {
            self.waiting.add(connection.stream(), connection.interest());
            let deadline = connection.deadline();
            until = Some(until.map_or(deadline, |until| until.min(deadline)));
        }
        self.waiting
            .wait(until.map(|until| until.saturating_duration_since(now)));
    }
}

/// Moves a connection on, and tells a client why its request is not one.
fn advance(connection: &mut Connection, now: Instant) {
    let status = match connection.advance(now) {
        None => return,
        Some(Incomplete::TooLong) => Status::HeadTooLong,
        Some(Incomplete::TooSlow) => Status::RequestTimeout,
    };
    let (head, body) = http::refusal(status);
    connection.answer(head, body, now);
}
