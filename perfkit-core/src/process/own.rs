//! This process, through sysinfo.

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, get_current_pid};

/// What this process uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessUsage {
    /// Resident memory, in bytes.
    pub memory_bytes: u64,
    /// Virtual memory, in bytes.
    pub virtual_memory_bytes: u64,
    /// CPU time since the process started, in nanoseconds, to the millisecond.
    pub cpu_time_ns: u64,
}

/// Samples this process: some tens of microseconds. `None` where the system
/// does not tell.
///
/// ```
/// let usage = perfkit::process::usage().expect("this system tells");
/// assert!(usage.memory_bytes > 0);
/// ```
#[must_use]
pub fn usage() -> Option<ProcessUsage> {
    let pid = get_current_pid().ok()?;
    let mut system = System::new().ok()?;
    let wanted = ProcessRefreshKind::nothing().with_memory().with_cpu();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, wanted);
    let process = system.process(pid)?;
    Some(ProcessUsage {
        memory_bytes: process.memory(),
        virtual_memory_bytes: process.virtual_memory(),
        cpu_time_ns: process.accumulated_cpu_time().saturating_mul(1_000_000),
    })
}
