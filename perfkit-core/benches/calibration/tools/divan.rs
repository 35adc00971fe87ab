//! divan: two runs. It compares nothing itself; a reader compares the medians.

use crate::roles::Task;

use super::tool::{Outcome, number, play, says};

/// By how much medians must differ for a reader to call it a difference.
const READERS_THRESHOLD: f64 = 0.01;

pub(super) fn compare(task: &Task) -> Result<Outcome, String> {
    let before = Task {
        candidate: task.baseline,
        ..*task
    };
    let median = |task: &Task| {
        let printed = play(task, "divan", |command| {
            command.arg("--bench");
        })?;
        median_ns(&printed)
    };
    let ratio = median(task)? / median(&before)?;
    Ok(Outcome {
        says: says(ratio, (ratio - 1.0).abs() > READERS_THRESHOLD),
        ratio,
        remark: None,
    })
}

/// The third of the times in the line of the benchmark.
fn median_ns(printed: &str) -> Result<f64, String> {
    let line = printed.lines().find(|line| line.contains("─ workload"));
    let column = line.and_then(|line| line.split('│').nth(2));
    let column = column.ok_or("no line of the benchmark in its output")?;
    let (value, unit) = column
        .trim()
        .split_once(' ')
        .ok_or("a time without a unit")?;
    let ns = match unit.trim() {
        "ns" => 1.0,
        "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        other => return Err(format!("an unknown unit: {other:?}")),
    };
    Ok(number(value)? * ns)
}
