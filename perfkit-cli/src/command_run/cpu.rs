//! The CPU that a run begins on.

use perfkit::bench::{Run, move_to, usable_cpus};

/// How many runs of each contestant begin on the same CPU: seldom enough that what
/// every start needs stays in its caches, and often enough that no CPU decides alone.
const RUNS_ON_A_CPU: u64 = 16;

/// Goes where the run of this number begins, whoever runs: left to itself, the
/// system may start one contestant on a CPU and the next on another, which is at
/// another speed. It stays free to move them, and they to use several.
pub(super) fn go_home(run: Run) {
    let cpus = usable_cpus();
    let turn = run.number().unwrap_or(0) / RUNS_ON_A_CPU;
    let home = (turn as usize).checked_rem(cpus.len());
    if let Some(cpu) = home.and_then(|index| cpus.get(index)) {
        move_to(*cpu);
    }
}
