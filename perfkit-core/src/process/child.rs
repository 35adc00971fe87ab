//! What a child process used, from `wait4`.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// What a child and the children that it waited for used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceUsage {
    /// CPU time in user mode, in nanoseconds.
    pub user_time_ns: u64,
    /// CPU time in the kernel, in nanoseconds.
    pub system_time_ns: u64,
    /// The largest resident size of one of the processes, in bytes. It is never
    /// below that of the process that started the child, from which `exec`
    /// inherits it: see [`own_peak_memory_bytes`].
    pub peak_memory_bytes: u64,
    /// Page faults that needed no I/O.
    pub minor_page_faults: u64,
    /// Page faults that waited for I/O.
    pub major_page_faults: u64,
    /// How often the process gave the CPU up, to wait.
    pub voluntary_context_switches: u64,
    /// How often the CPU was taken from it.
    pub involuntary_context_switches: u64,
}

/// Collects a child that ended; `None` while it runs. A collected child must
/// not be waited for again.
///
/// # Errors
/// `pid` is no child of this process, or was collected before.
pub fn try_reap(pid: u32) -> io::Result<Option<(ExitStatus, ResourceUsage)>> {
    let pid = libc::pid_t::try_from(pid).map_err(io::Error::other)?;
    loop {
        let (reaped, status, usage) = wait4(pid);
        match reaped {
            0 => return Ok(None),
            -1 => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
            _ => {
                return Ok(Some((
                    ExitStatus::from_raw(status),
                    ResourceUsage::of(&usage),
                )));
            }
        }
    }
}

/// The largest resident size of this process so far, in bytes: the floor of
/// every child's `peak_memory_bytes`.
#[must_use]
pub fn own_peak_memory_bytes() -> u64 {
    ResourceUsage::of(&own_usage()).peak_memory_bytes
}

#[expect(unsafe_code, reason = "no safe interface gives the usage of one child")]
fn wait4(pid: libc::pid_t) -> (libc::pid_t, libc::c_int, libc::rusage) {
    let mut status = 0;
    let mut usage = empty_usage();
    // SAFETY: both pointers are to locals that live across the call, which
    // writes to nothing else.
    let reaped = unsafe { libc::wait4(pid, &raw mut status, libc::WNOHANG, &raw mut usage) };
    (reaped, status, usage)
}

#[expect(unsafe_code, reason = "no safe interface without a further dependency")]
fn own_usage() -> libc::rusage {
    let mut usage = empty_usage();
    // SAFETY: the pointer is to a local that lives across the call. A failure
    // leaves it zeroed.
    let _ = unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) };
    usage
}

#[expect(unsafe_code, reason = "the type has private padding on some systems")]
fn empty_usage() -> libc::rusage {
    // SAFETY: `rusage` is plain integers, for which zero is a value.
    unsafe { std::mem::zeroed() }
}

impl ResourceUsage {
    fn of(usage: &libc::rusage) -> Self {
        let count = |value: libc::c_long| u64::try_from(value).unwrap_or(0);
        let time_ns = |time: libc::timeval| {
            #[allow(clippy::unnecessary_cast, reason = "the types differ by platform")]
            let (seconds, micros) = (time.tv_sec as i64, time.tv_usec as i64);
            u64::try_from(seconds * 1_000_000_000 + micros * 1000).unwrap_or(0)
        };
        // Kibibytes everywhere but on Apple's systems.
        let size_unit = if cfg!(target_vendor = "apple") {
            1
        } else {
            1024
        };
        Self {
            user_time_ns: time_ns(usage.ru_utime),
            system_time_ns: time_ns(usage.ru_stime),
            peak_memory_bytes: count(usage.ru_maxrss) * size_unit,
            minor_page_faults: count(usage.ru_minflt),
            major_page_faults: count(usage.ru_majflt),
            voluntary_context_switches: count(usage.ru_nvcsw),
            involuntary_context_switches: count(usage.ru_nivcsw),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::zombie_processes, reason = "the function under test waits")]

    use super::*;
    use std::process::Command;

    fn run(script: &str) -> (ExitStatus, ResourceUsage) {
        let child = Command::new("sh").args(["-c", script]).spawn().unwrap();
        loop {
            if let Some(ended) = try_reap(child.id()).unwrap() {
                return ended;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }

    #[test]
    fn a_child_reports_its_status_and_its_own_usage() {
        let (status, busy) = run("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; exit 7");
        assert_eq!(status.code(), Some(7));
        let (_, idle) = run("exit 0");
        assert!(busy.user_time_ns > idle.user_time_ns);
        assert!(idle.peak_memory_bytes > 100_000);
        assert!(idle.minor_page_faults > 0);
    }

    #[test]
    fn a_signal_is_seen_and_a_second_wait_is_an_error() {
        let child = Command::new("sh")
            .args(["-c", "kill -9 $$"])
            .spawn()
            .unwrap();
        let status = loop {
            if let Some((status, _)) = try_reap(child.id()).unwrap() {
                break status;
            }
            std::thread::yield_now();
        };
        assert_eq!(status.signal(), Some(9));
        assert!(try_reap(child.id()).is_err());
    }
}
