//! The CPU time of the calling thread.

/// Nanoseconds of CPU time of the calling thread: a system call of 0.5 to 1 µs.
#[cfg(unix)]
#[expect(unsafe_code, reason = "the standard library has no thread CPU clock")]
pub(super) fn now_ns() -> Option<u64> {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid timespec that lives across the call, which
    // writes to nothing else.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    if status != 0 {
        return None;
    }
    #[allow(
        clippy::unnecessary_fallible_conversions,
        reason = "the types differ by platform"
    )]
    let (seconds, ns) = (
        u64::try_from(time.tv_sec).ok()?,
        u64::try_from(time.tv_nsec).ok()?,
    );
    Some(seconds.saturating_mul(1_000_000_000).saturating_add(ns))
}

/// Not measured on this system.
#[cfg(not(unix))]
pub(super) fn now_ns() -> Option<u64> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    #[test]
    #[cfg_attr(miri, ignore = "Miri has no clock of the CPU time of a thread")]
    fn computing_takes_cpu_time_and_sleeping_takes_little() {
        let start = super::now_ns().unwrap();
        let mut sum = 0_u64;
        while super::now_ns().unwrap() - start < 2_000_000 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let before_sleep = super::now_ns().unwrap();
        assert!(before_sleep - start >= 2_000_000);
        std::thread::sleep(std::time::Duration::from_millis(50));
        let slept = super::now_ns().unwrap() - before_sleep;
        assert!(slept < 50_000_000, "sleeping used {slept} ns of CPU time");
    }
}
