//! The clocks that batches are timed with, and the cores that they run on.

#[cfg(unix)]
pub(crate) use by_system::{process_ns, thread_ns};
#[cfg(not(unix))]
pub(crate) use elsewhere::{process_ns, thread_ns};

#[cfg(unix)]
mod by_system {
    use rustix::time::{ClockId, clock_gettime};

    /// CPU time of the calling thread, in nanoseconds.
    ///
    /// A read is a system call of about a microsecond, one before and one after
    /// a batch of 200 µs or more: it adds less than half a percent, to all alike.
    pub(crate) fn thread_ns() -> u64 {
        read(ClockId::ThreadCPUTime)
    }

    /// CPU time of all threads, in nanoseconds.
    pub(crate) fn process_ns() -> u64 {
        read(ClockId::ProcessCPUTime)
    }

    fn read(clock: ClockId) -> u64 {
        let time = clock_gettime(clock);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
    }
}

/// Wall time, where CPU time is not read: right with one thread, inflated where
/// threads share a core, and blind to what other threads do.
#[cfg(not(unix))]
mod elsewhere {
    use std::sync::LazyLock;
    use std::time::Instant;

    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

    pub(crate) fn thread_ns() -> u64 {
        u64::try_from(ORIGIN.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) use thread_ns as process_ns;
}

/// Keeps the calling thread on one core, the next thread on the next, and so on
/// around. Left alone, the scheduler may run all threads on one core, where they
/// never meet and nothing is contended.
#[cfg(target_os = "linux")]
pub(crate) fn keep_to_a_core(thread: usize) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let Ok(allowed) = sched_getaffinity(None) else {
        return;
    };
    let cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
    let cores: Vec<usize> = cores.collect();
    if let Some(core) = cores.get(thread % cores.len().max(1)) {
        let mut only = CpuSet::new();
        only.set(*core);
        // Where it is not allowed, the figures tell how many cores were used.
        let _ = sched_setaffinity(None, &only);
    }
}

/// Leaves the thread where the scheduler puts it.
#[cfg(not(target_os = "linux"))]
pub(crate) fn keep_to_a_core(_thread: usize) {}
