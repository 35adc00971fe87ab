//! The CPUs that processes run on.

#[cfg(target_os = "linux")]
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The CPUs that this process may run on, in ascending order; empty where the
/// system keeps no process on one.
#[cfg(target_os = "linux")]
#[must_use]
pub fn usable_cpus() -> Vec<usize> {
    let Ok(set) = sched_getaffinity(None) else {
        return Vec::new();
    };
    let all = 0..CpuSet::MAX_CPU;
    all.filter(|cpu| set.is_set(*cpu)).collect()
}

/// The CPUs that this process may run on; this system does not tell.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn usable_cpus() -> Vec<usize> {
    Vec::new()
}

/// Keeps the calling thread, and the processes and threads that it starts from now
/// on, on one CPU; false where that is refused.
#[cfg(target_os = "linux")]
#[must_use]
pub fn pin(cpu: usize) -> bool {
    if cpu >= CpuSet::MAX_CPU {
        return false;
    }
    let mut cpus = CpuSet::new();
    cpus.set(cpu);
    sched_setaffinity(None, &cpus).is_ok()
}

/// This system keeps no process on one CPU: always false.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn pin(_: usize) -> bool {
    false
}
