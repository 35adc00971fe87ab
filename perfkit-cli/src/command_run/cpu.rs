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
///
/// Where something else is running, the system is left to find a CPU that is free: on one
/// that is not, a command would wait for its turn.
pub(super) fn move_to_cpu_of(run: Run) {
    if is_anything_running() {
        return;
    }
    let cpus = usable_cpus();
    let turn = run.number().unwrap_or(0) / RUNS_ON_A_CPU;
    let cpu = (turn as usize).checked_rem(cpus.len());
    if let Some(cpu) = cpu.and_then(|index| cpus.get(index)) {
        move_to(*cpu);
    }
}

/// Whether anything wants a CPU beside this process; false where the system does not tell.
fn is_anything_running() -> bool {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let running = load
        .split_whitespace()
        .nth(3)
        .and_then(|all| all.split_once('/'));
    let running = running.and_then(|(running, _)| running.parse::<u64>().ok());
    running.is_some_and(|running| running > 1)
}
