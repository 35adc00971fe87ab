//! The CPU that a run begins on.

use std::fs::File;
use std::os::unix::fs::FileExt;

use perfkit::bench::engine::{Run, usable_cpus};

/// How many runs of each command begin on the same CPU before the next CPU's turn:
/// seldom enough that what every start needs stays in its caches, and often enough
/// that no CPU decides alone.
const RUNS_ON_A_CPU: u64 = 16;

/// The CPUs on which commands begin in turn.
#[derive(Debug)]
pub(super) struct CpuTurns {
    usable: Vec<usize>,
    /// What tells how many processes want a CPU; `None` where the system does not.
    load: Option<File>,
}

impl CpuTurns {
    /// The CPUs that this process may run on.
    pub(super) fn new() -> Self {
        Self {
            usable: usable_cpus(),
            load: File::open("/proc/loadavg").ok(),
        }
    }

    /// The CPU on which a run of this number begins. Left to itself, the system may start
    /// one command on a CPU and the next on another, which has another speed. After its
    /// start a command may be moved, and may use several CPUs.
    ///
    /// Where something else is running, the system is left to find a CPU that is free: on one
    /// that is not, a command would wait for its turn.
    pub(super) fn of(&self, run: Run) -> Option<usize> {
        if self.is_anything_running() {
            return None;
        }
        let turn = run.number().unwrap_or(0) / RUNS_ON_A_CPU;
        let cpu = (turn as usize).checked_rem(self.usable.len())?;
        self.usable.get(cpu).copied()
    }

    /// Whether anything wants a CPU beside this process; false where the system does not tell.
    fn is_anything_running(&self) -> bool {
        let mut load = [0; 128];
        let read = self
            .load
            .as_ref()
            .and_then(|file| file.read_at(&mut load, 0).ok());
        let load = String::from_utf8_lossy(load.get(..read.unwrap_or(0)).unwrap_or_default());
        let running = load
            .split_whitespace()
            .nth(3)
            .and_then(|all| all.split_once('/'));
        let running = running.and_then(|(running, _)| running.parse::<u64>().ok());
        running.is_some_and(|running| running > 1)
    }
}
