//! Signals: a child ended, or the user wants everything to end.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use crate::exit::Exit;

/// Listens for signals from its creation to the end of the process.
#[derive(Debug)]
pub(crate) struct Signals {
    /// Becomes readable with every signal.
    wake: UnixStream,
    /// The last signal that asked for an end; zero without one.
    end: Arc<AtomicUsize>,
}

impl Signals {
    pub(crate) fn listen() -> io::Result<Self> {
        let (wake, notify) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        notify.set_nonblocking(true)?;
        let end = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            flag::register_usize(signal, Arc::clone(&end), signal as usize)?;
        }
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGCHLD] {
            low_level::pipe::register(signal, notify.try_clone()?)?;
        }
        Ok(Self { wake, end })
    }

    /// Becomes readable when a signal came; [`Signals::clear`] makes it wait
    /// for the next.
    pub(crate) fn wake_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    pub(crate) fn clear(&self) {
        let mut ignored = [0; 64];
        while matches!((&self.wake).read(&mut ignored), Ok(read) if read > 0) {}
    }

    /// Whether the user wants everything to end.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.end.load(Ordering::Relaxed) != 0
    }

    /// How to exit after an interruption.
    pub(crate) fn exit(&self) -> Exit {
        if self.end.load(Ordering::Relaxed) == SIGINT as usize {
            Exit::Interrupted
        } else {
            Exit::Terminated
        }
    }
}
