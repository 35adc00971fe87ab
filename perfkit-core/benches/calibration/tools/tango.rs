//! tango: its comparison of two benchmarks that run at the same time.

use crate::roles::Task;

use super::tool::{Outcome, number, play, says};

pub(super) fn compare(task: &Task, seed: u64) -> Result<Outcome, String> {
    let seed = seed.to_string();
    let printed = play(task, "tango", |command| {
        command
            .args(["--color", "never", "compare", "--bench"])
            .args(["--strip-baseline", "base/*"])
            .args(["--strip-candidate", "candidate/*"])
            .args(["--seed", seed.as_str()]);
    })?;
    let line = printed.lines().find(|line| line.contains('%'));
    let last = line.and_then(|line| line.split_whitespace().last());
    let last = last.ok_or("no comparison in its output")?;
    // A star marks what it calls significant.
    let is_different = last.ends_with('*');
    let percent = number(last.trim_end_matches('*').trim_end_matches('%'))?;
    let ratio = 1.0 + percent / 100.0;
    Ok(Outcome {
        says: says(ratio, is_different),
        ratio,
        remark: None,
    })
}
