//! Signals: a child ended or stopped, or the user wants everything to end.

use std::cell::Cell;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::{flag, low_level};

use crate::error::Error;
use crate::exit::Exit;

/// The signals that ask for an end.
const ENDS: [i32; 4] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT];

/// Listens for signals from its creation to the end of the process.
///
/// Before anything is measured, a signal has its usual effect and ends perfkit at once. From
/// [`Signals::defer_signals`] on it is only counted as a request, and whoever measures ends
/// as soon as it can do so in order. So it stays until the result is saved and printed: who
/// presses Ctrl-C twice must not lose it.
#[derive(Debug)]
pub(crate) struct Signals {
    /// Becomes readable when a child ended or stopped.
    children: UnixStream,
    /// Receives a byte for each request to end.
    ends: UnixStream,
    requests: Cell<usize>,
    last: Arc<AtomicUsize>,
    has_usual_effect: Arc<AtomicBool>,
}

impl Signals {
    pub(crate) fn listen() -> Result<Self, Error> {
        Self::try_listen()
            .map_err(|error| Error::data(format!("cannot listen for signals: {error}")))
    }

    fn try_listen() -> io::Result<Self> {
        let (children, child_ended) = UnixStream::pair()?;
        let (ends, end_wanted) = UnixStream::pair()?;
        for stream in [&children, &child_ended, &ends, &end_wanted] {
            stream.set_nonblocking(true)?;
        }
        let last = Arc::new(AtomicUsize::new(0));
        let has_usual_effect = Arc::new(AtomicBool::new(true));
        for signal in ENDS {
            flag::register_conditional_default(signal, Arc::clone(&has_usual_effect))?;
            flag::register_usize(signal, Arc::clone(&last), signal as usize)?;
            low_level::pipe::register(signal, end_wanted.try_clone()?)?;
        }
        low_level::pipe::register(SIGCHLD, child_ended)?;
        Ok(Self {
            children,
            ends,
            requests: Cell::new(0),
            last,
            has_usual_effect,
        })
    }

    /// From now on a signal is a request to end, which [`Signals::requests`] counts.
    pub(crate) fn defer_signals(&self) {
        self.has_usual_effect.store(false, Ordering::SeqCst);
    }

    /// From now on a signal ends perfkit at once, as while something long is built.
    pub(crate) fn restore_signals(&self) {
        self.has_usual_effect.store(true, Ordering::SeqCst);
    }

    /// What becomes readable when a signal came; [`Signals::clear`] makes them
    /// wait for the next.
    pub(crate) fn wake_fds(&self) -> [BorrowedFd<'_>; 2] {
        [self.children.as_fd(), self.ends.as_fd()]
    }

    /// What becomes readable when the user asks for an end; [`Signals::requests`] makes it wait
    /// for the next.
    pub(crate) fn end_fd(&self) -> BorrowedFd<'_> {
        self.ends.as_fd()
    }

    pub(crate) fn clear(&self) {
        read_all(&self.children);
        self.requests
            .set(self.requests.get() + read_all(&self.ends));
    }

    /// How often the user asked for an end.
    pub(crate) fn requests(&self) -> usize {
        // The signal is noted before the byte is written: without it there is none to read.
        if self.last() == 0 {
            return self.requests.get();
        }
        self.requests
            .set(self.requests.get() + read_all(&self.ends));
        self.requests.get()
    }

    /// Whether the user wants everything to end.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.requests() > 0
    }

    /// The last signal that asked for an end.
    pub(crate) fn last(&self) -> i32 {
        self.last.load(Ordering::SeqCst) as i32
    }

    /// How to exit after an interruption.
    pub(crate) fn exit(&self) -> Exit {
        if self.last() == SIGINT {
            Exit::Interrupted
        } else {
            Exit::Terminated
        }
    }
}

/// Reads what is there; returns how many bytes that were.
fn read_all(mut stream: &UnixStream) -> usize {
    let mut ignored = [0; 64];
    let mut count = 0;
    while let Ok(read) = stream.read(&mut ignored)
        && read > 0
    {
        count += read;
    }
    count
}
