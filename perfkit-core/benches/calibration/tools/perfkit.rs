//! perfkit: a bench program with a group of two, and `perfkit compare`.

use std::path::Path;
use std::process::Command;

use perfkit::Metric;
use perfkit::report::{Report, Verdict};

use crate::commands::Pair;
use crate::roles::Task;

use super::tool::{Outcome, Places, Says, play, printed, run};

pub(super) fn functions(task: &Task, seed: u64) -> Result<Outcome, String> {
    let seed = seed.to_string();
    let printed = play(task, "perfkit", |command| {
        command.args(["--bench", "--seed", seed.as_str()]);
    })?;
    let saved = printed
        .lines()
        .find_map(|line| line.strip_prefix("saved: "));
    outcome(
        Path::new(saved.ok_or("it saved nothing")?),
        &[Metric::WALL_TIME],
    )
}

pub(super) fn commands(pair: &Pair, places: &Places, seed: u64) -> Result<Outcome, String> {
    let path = places.folder.join("perfkit.json");
    let [baseline, candidate] = pair.commands();
    let mut command = Command::new(&places.perfkit);
    command
        .args(["compare", "--quiet", "--seed", &seed.to_string()])
        .args(["-n", "base", "-n", "candidate", "--export-json"])
        .arg(&path)
        .args([baseline, candidate]);
    let output = run(&mut command)?;
    printed(&output, output.status.success())?;
    outcome(
        &path,
        &[Metric::WALL_TIME, Metric::CPU_TIME, Metric::CYCLES],
    )
}

/// What is claimed first in one of these metrics, of which the first is the time that
/// has the size; and in the remark the claims in the others.
fn outcome(path: &Path, metrics: &[Metric]) -> Result<Outcome, String> {
    let report = Report::load(path).map_err(|error| error.to_string())?;
    let of_time = report
        .comparisons
        .iter()
        .find(|comparison| comparison.metric == Metric::WALL_TIME)
        .ok_or("no comparison of times")?;
    let ratio = of_time.ratio.ok_or("no ratio of times")?;
    let claims = report
        .comparisons
        .iter()
        .filter(|comparison| matches!(comparison.verdict, Verdict::Slower | Verdict::Faster));
    let says = claims.clone().find(|claim| metrics.contains(&claim.metric));
    let others = claims.filter(|claim| claim.metric != Metric::WALL_TIME);
    let others = others.map(|other| {
        let ratio = other.ratio.map_or(1.0, |ratio| ratio.estimate);
        format!("{} {:+.2} %", other.metric, (ratio - 1.0) * 100.0)
    });
    let others: Vec<String> = others.collect();
    Ok(Outcome {
        says: match says.map(|claim| claim.verdict) {
            Some(Verdict::Slower) => Says::Slower,
            Some(Verdict::Faster) => Says::Faster,
            _ => Says::Nothing,
        },
        ratio: ratio.estimate,
        remark: (!others.is_empty()).then(|| others.join(", ")),
    })
}
