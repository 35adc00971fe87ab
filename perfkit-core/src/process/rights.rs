//! What the process may do.

use std::fs::File;
use std::io::{self, Write};

/// Whether the process has rights that whoever started it has not: the program's file gives
/// them (setuid, setgid, capabilities).
#[cfg(any(target_os = "linux", target_os = "android"))]
#[expect(unsafe_code, reason = "no safe interface without a further dependency")]
pub(crate) fn has_elevated_rights() -> bool {
    // SAFETY: it reads a number that the kernel gave to the process at its start.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// The same where the system also remembers it of a process that gave them up for a while.
#[cfg(any(
    target_vendor = "apple",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd"
))]
#[expect(unsafe_code, reason = "no safe interface without a further dependency")]
pub(crate) fn has_elevated_rights() -> bool {
    // SAFETY: it takes nothing and returns a number.
    unsafe { libc::issetugid() != 0 }
}

#[cfg(all(
    unix,
    not(any(
        target_os = "linux",
        target_os = "android",
        target_vendor = "apple",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd"
    ))
))]
#[expect(unsafe_code, reason = "no safe interface without a further dependency")]
pub(crate) fn has_elevated_rights() -> bool {
    // SAFETY: they take nothing and return numbers.
    unsafe { libc::getuid() != libc::geteuid() || libc::getgid() != libc::getegid() }
}

#[cfg(not(unix))]
pub(crate) fn has_elevated_rights() -> bool {
    false
}

/// Writes to the end of a file, unless the process may not write so large a file: the signal
/// that comes with the first byte beyond the limit would end it.
pub(crate) fn append_within_limit(mut file: &File, content: &[u8]) -> io::Result<()> {
    let found = file.metadata()?;
    let bytes = found.len().saturating_add(content.len() as u64);
    let limit = largest_file_bytes().filter(|largest| found.is_file() && *largest < bytes);
    if let Some(largest) = limit {
        let message = format!(
            "it would have {bytes} bytes, and the process may write files of {largest} (`ulimit -f`)"
        );
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    file.write_all(content)
}

/// The size of the largest file that the process may write, in bytes; `None` where nothing
/// limits it.
#[cfg(unix)]
#[expect(unsafe_code, reason = "no safe interface without a further dependency")]
fn largest_file_bytes() -> Option<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: the pointer is to a local that lives across the call. A failure leaves it as
    // it is.
    let _ = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) };
    if limit.rlim_cur == libc::RLIM_INFINITY {
        return None;
    }
    #[allow(
        clippy::useless_conversion,
        clippy::unnecessary_fallible_conversions,
        reason = "the types differ by platform"
    )]
    u64::try_from(limit.rlim_cur).ok()
}

#[cfg(not(unix))]
fn largest_file_bytes() -> Option<u64> {
    None
}
