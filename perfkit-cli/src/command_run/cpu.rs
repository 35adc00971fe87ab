//! The CPU that a run begins on.

use perfkit::bench::engine::{Run, move_to, usable_cpus};

/// How many runs of each command begin on the same CPU before the next CPU's turn:
/// seldom enough that what every start needs stays in its caches, and often enough
/// that no CPU decides alone.
const RUNS_ON_A_CPU: u64 = 16;

/// Moves this process, and so the command that it starts, to the CPU on which runs of
/// this number begin. Left to itself, the system may start one command on a CPU and
/// the next on another, which has another speed. After its start a command may be
/// moved, and may use several CPUs.
pub(super) fn move_to_cpu_of(run: Run) {
    let cpus = usable_cpus();
    let turn = run.number().unwrap_or(0) / RUNS_ON_A_CPU;
    let cpu = (turn as usize).checked_rem(cpus.len());
    if let Some(cpu) = cpu.and_then(|index| cpus.get(index)) {
        move_to(*cpu);
    }
}
