//! Where the standard streams of a process lead, and what it writes to them.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use crate::args::{Input, Output};
use crate::error::Error;
use crate::terminal;

use super::launch::Launch;

/// How much a pipe holds that output is thrown away from: who writes much is to wait for
/// perfkit as seldom as may be.
#[cfg(target_os = "linux")]
const PIPE_BYTES: usize = 1 << 20;

/// How much of standard error is kept, from its end.
const TAIL_BYTES: usize = 8192;

/// How many lines of it are shown.
const TAIL_LINES: usize = 10;

/// When standard error on which nothing is expected is looked at: first after so long, later
/// after up to so long.
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LAST_LOOK: Duration = Duration::from_millis(100);

/// The standard streams of a process that is to be started.
pub(super) struct Streams<'a> {
    null: &'a File,
    input: Option<File>,
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
}

impl<'a> Streams<'a> {
    /// Opens what a process is to read and write, and the other ends of it. `null` is nothing
    /// to read, and takes everything.
    pub(super) fn open(launch: &Launch<'_>, null: &'a File) -> Result<(Self, Written), Error> {
        let input = match launch.input {
            Input::Null => None,
            Input::File(path) => Some(open(path)?),
        };
        let mut written = Written::nothing();
        let (mut stdout, stderr);
        if *launch.output == Output::Inherit {
            let own = terminal::own_streams().map_err(|error| cannot_watch(&error))?;
            [stdout, stderr] = own.map(Some);
        } else {
            let (reader, writer) = pipe()?;
            (stdout, stderr) = (None, Some(writer.into()));
            written.stderr = Some(reader);
        }
        match launch.output {
            Output::Null | Output::Inherit => {}
            Output::Pipe => {
                let (reader, writer) = pipe()?;
                #[cfg(target_os = "linux")]
                {
                    // Where the system allows no more, what it has does too.
                    let _ = rustix::pipe::fcntl_setpipe_size(&reader, PIPE_BYTES);
                }
                (written.stdout, stdout) = (Some(reader), Some(writer.into()));
            }
            Output::File(path) => {
                let file = File::create(path).map_err(|error| Error::file("write", path, error))?;
                stdout = Some(file.into());
            }
        }
        let streams = Self {
            null,
            input,
            stdout,
            stderr,
        };
        Ok((streams, written))
    }

    /// Standard input, output and error.
    pub(super) fn fds(&self) -> [BorrowedFd<'_>; 3] {
        let null = self.null.as_fd();
        [
            self.input.as_ref().map_or(null, AsFd::as_fd),
            self.stdout.as_ref().map_or(null, AsFd::as_fd),
            self.stderr.as_ref().map_or(null, AsFd::as_fd),
        ]
    }
}

fn open(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(|error| Error::file("read", path, error))
}

/// A pipe of which the end that is read never waits.
fn pipe() -> Result<(PipeReader, PipeWriter), Error> {
    let open = || {
        let (reader, writer) = io::pipe()?;
        let flags = fcntl_getfl(&reader)?;
        fcntl_setfl(&reader, flags | OFlags::NONBLOCK)?;
        Ok((reader, writer))
    };
    open().map_err(|error: io::Error| cannot_watch(&error))
}

/// Why nothing can be learnt of a process.
pub(super) fn cannot_watch(error: &io::Error) -> Error {
    Error::data(format!("cannot watch a process: {error}"))
}

/// What a process writes to pipes, of which only the end of standard error is kept.
pub(super) struct Written {
    stdout: Option<PipeReader>,
    stderr: Option<PipeReader>,
    tail: Vec<u8>,
    /// Whether standard error is looked at now and then, and after how long the next time.
    has_quiet_stderr: bool,
    next_look: Duration,
}

impl Written {
    fn nothing() -> Self {
        Self {
            stdout: None,
            stderr: None,
            tail: Vec::new(),
            has_quiet_stderr: false,
            next_look: FIRST_LOOK,
        }
    }

    /// From now on standard error is only looked at now and then, until there is something.
    pub(super) fn expect_no_stderr(&mut self) {
        self.has_quiet_stderr = true;
    }

    /// How long to wait for anything, if `at_most` is how long to wait for something else.
    pub(super) fn next_look(&mut self, at_most: Option<Duration>) -> Option<Duration> {
        let next = self.next_look;
        self.next_look = (next * 2).min(LAST_LOOK);
        match self.has_quiet_stderr {
            true => Some(at_most.map_or(next, |most| most.min(next))),
            false => at_most,
        }
    }

    /// The pipes that are to be waited for.
    pub(super) fn watched(&self) -> impl Iterator<Item = PollFd<'_>> {
        let stderr = self.stderr.as_ref().filter(|_| !self.has_quiet_stderr);
        let pipes = [self.stdout.as_ref(), stderr].into_iter().flatten();
        pipes.map(|pipe| PollFd::new(pipe, PollFlags::IN))
    }

    /// Takes what the process wrote, without waiting, so that it never blocks.
    pub(super) fn drain(&mut self) {
        if self.stdout.is_some()
            && read_available(self.stdout.as_mut(), &mut [0; 65536], |_| ()) == Stream::Closed
        {
            self.stdout = None;
        }
        let tail = &mut self.tail;
        let keep = |bytes: &[u8]| {
            tail.extend_from_slice(bytes);
            let excess = tail.len().saturating_sub(TAIL_BYTES);
            tail.drain(..excess);
        };
        let buffer = &mut [0; TAIL_BYTES];
        if read_available(self.stderr.as_mut(), buffer, keep) == Stream::Closed {
            self.stderr = None;
        }
        self.has_quiet_stderr &= self.tail.is_empty();
    }

    /// The last lines of standard error so far.
    pub(super) fn stderr_tail(&self) -> String {
        let text = String::from_utf8_lossy(&self.tail);
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}

#[derive(PartialEq, Eq)]
enum Stream {
    Open,
    Closed,
}

fn read_available(
    stream: Option<&mut impl Read>,
    buffer: &mut [u8],
    mut take: impl FnMut(&[u8]),
) -> Stream {
    let Some(stream) = stream else {
        return Stream::Closed;
    };
    // A process may write without end. After a megabyte at most it is the turn of the clock
    // and of signals, and then of the rest.
    for _ in 0..16 {
        match stream.read(buffer) {
            Ok(0) => return Stream::Closed,
            Ok(read) => take(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Stream::Open,
            Err(_) => return Stream::Closed,
        }
    }
    Stream::Open
}
