//! Who is at the other end of a local socket.

use std::io;
use std::os::unix::net::UnixStream;

/// Whether the process at the other end belongs to the user of this one.
///
/// # Errors
/// The system does not tell.
pub(crate) fn is_of_same_user(stream: &UnixStream) -> io::Result<bool> {
    Ok(user_of(stream)? == own_user())
}

/// The user whose rights this process has.
#[expect(unsafe_code, reason = "no safe interface without a further dependency")]
pub(crate) fn own_user() -> u32 {
    // SAFETY: it takes nothing and returns a number.
    unsafe { libc::geteuid() }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[expect(unsafe_code, reason = "no safe interface without a further dependency")]
fn user_of(stream: &UnixStream) -> io::Result<u32> {
    use std::os::fd::AsRawFd as _;
    let mut found = libc::ucred {
        pid: 0,
        uid: u32::MAX,
        gid: u32::MAX,
    };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the pointers are to locals that live across the call, and the length is that of
    // what the first one points to.
    let result = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut found).cast(),
            &raw mut length,
        )
    };
    match result {
        0 => Ok(found.uid),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(any(
    target_vendor = "apple",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd"
))]
#[expect(unsafe_code, reason = "no safe interface without a further dependency")]
fn user_of(stream: &UnixStream) -> io::Result<u32> {
    use std::os::fd::AsRawFd as _;
    let (mut user, mut group) = (u32::MAX, u32::MAX);
    // SAFETY: the pointers are to locals that live across the call.
    let result = unsafe { libc::getpeereid(stream.as_raw_fd(), &raw mut user, &raw mut group) };
    match result {
        0 => Ok(user),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd"
)))]
fn user_of(_: &UnixStream) -> io::Result<u32> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_a_pair_are_of_one_user() {
        let (one, other) = UnixStream::pair().unwrap();
        assert!(is_of_same_user(&one).unwrap() && is_of_same_user(&other).unwrap());
    }
}
