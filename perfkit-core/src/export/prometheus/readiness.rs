//! Waiting until sockets can be read or written, without a thread for each.

use std::io;
use std::time::Duration;

/// What a socket is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interest {
    /// Something to read, or a connection to accept.
    Read,
    /// Room to write.
    Write,
}

/// A socket that can be waited for.
#[cfg(unix)]
pub(super) trait Socket: std::os::fd::AsRawFd {}

#[cfg(unix)]
impl<T: std::os::fd::AsRawFd> Socket for T {}

/// A socket that can be waited for.
#[cfg(not(unix))]
pub(super) trait Socket {}

#[cfg(not(unix))]
impl<T> Socket for T {}

/// The sockets that are waited for, which have to stay open meanwhile.
#[derive(Default)]
pub(super) struct Waiting {
    #[cfg(unix)]
    sockets: Vec<libc::pollfd>,
}

#[cfg(unix)]
impl Waiting {
    pub(super) fn clear(&mut self) {
        self.sockets.clear();
    }

    pub(super) fn add(&mut self, socket: &impl Socket, interest: Interest) {
        self.sockets.push(libc::pollfd {
            fd: socket.as_raw_fd(),
            events: match interest {
                Interest::Read => libc::POLLIN,
                Interest::Write => libc::POLLOUT,
            },
            revents: 0,
        });
    }

    /// Waits until one of the sockets is ready, or for the time that is given; without one
    /// as long as it takes.
    #[expect(unsafe_code, reason = "the standard library waits for one socket only")]
    pub(super) fn wait(&mut self, timeout: Option<Duration>) {
        // Rounded up, so that what was waited for is there afterwards.
        let timeout_ms = timeout.map_or(-1, |timeout| {
            i32::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
        });
        // SAFETY: the pointer and the length are those of a vector that nobody else touches
        // during the call; the system checks the descriptors itself.
        let ready = unsafe {
            libc::poll(
                self.sockets.as_mut_ptr(),
                self.sockets.len() as libc::nfds_t,
                timeout_ms,
            )
        };
        if ready < 0 && io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            // Too little memory in the system: whoever waits looks after the sockets anew,
            // and shall not do so without end.
            std::thread::sleep(TICK);
        }
    }
}

/// How often sockets are looked after where the system cannot wait for several.
const TICK: Duration = Duration::from_millis(20);

#[cfg(not(unix))]
impl Waiting {
    pub(super) fn clear(&mut self) {}

    pub(super) fn add(&mut self, _: &impl Socket, _: Interest) {}

    /// Waits for the shortest time: which socket is ready is not known here.
    pub(super) fn wait(&mut self, timeout: Option<Duration>) {
        std::thread::sleep(timeout.map_or(TICK, |timeout| timeout.min(TICK)));
    }
}

/// A read or a write that would have to wait, or that a signal interrupted, is tried again
/// when the socket is ready.
pub(super) fn is_to_be_tried_again(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream};
    use std::time::Instant;

    #[test]
    fn a_wait_ends_when_a_socket_is_ready_and_not_before() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let mut waiting = Waiting::default();
        waiting.add(&server, Interest::Read);
        let begin = Instant::now();
        waiting.wait(Some(Duration::from_millis(30)));
        assert!(cfg!(not(unix)) || begin.elapsed() >= Duration::from_millis(30));

        client.write_all(b"x").unwrap();
        waiting.wait(None);
        waiting.clear();
        waiting.add(&server, Interest::Write);
        waiting.wait(None);
    }
}
