//! The CPUs that processes run on.

#[cfg(target_os = "linux")]
use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

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

/// This system has no way to ask for the CPUs that a process may run on: always empty.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn usable_cpus() -> Vec<usize> {
    Vec::new()
}

/// How many CPUs threads can run on at the same time, of which those are known that this
/// process may run on.
pub(super) fn cpu_count(usable: &[usize]) -> usize {
    match usable.len() {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        usable => usable,
    }
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

/// Moves the calling thread to a CPU without keeping it there: what it starts may
/// run on all CPUs that it may itself, and begins on this one where that is idle.
/// False where that is refused.
#[cfg(target_os = "linux")]
pub fn move_to(cpu: usize) -> bool {
    if sched_getcpu() == cpu {
        return true;
    }
    let Ok(own) = sched_getaffinity(None) else {
        return false;
    };
    let has_moved = pin(cpu);
    has_moved && sched_setaffinity(None, &own).is_ok()
}

/// This system moves no thread to a CPU: always false.
#[cfg(not(target_os = "linux"))]
pub fn move_to(_: usize) -> bool {
    false
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn who_moves_may_still_run_everywhere() {
        let before = usable_cpus();
        for cpu in &before {
            assert!(move_to(*cpu));
            assert_eq!(usable_cpus(), before);
        }
        assert!(!move_to(CpuSet::MAX_CPU));
        assert_eq!(usable_cpus(), before);
    }
}
