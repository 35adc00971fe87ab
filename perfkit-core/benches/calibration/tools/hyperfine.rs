//! hyperfine: its summary, as it is read.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::commands::Pair;

use super::tool::{Outcome, Places, number, printed, run, says};

/// From which factor on a reader takes the summary for a difference.
const READERS_FACTOR: f64 = 1.01;

pub(super) fn compare(pair: &Pair, places: &Places) -> Result<Outcome, String> {
    let path = places.folder.join("hyperfine.json");
    let [baseline, candidate] = pair.commands();
    let mut command = Command::new(&places.hyperfine);
    command
        .args(["--style", "basic", "-n", "base", "-n", "candidate"])
        .arg("--export-json")
        .arg(&path)
        .args([baseline, candidate]);
    let output = run(&mut command)?;
    let (factor, deviation) = summary(&printed(&output, output.status.success())?)?;
    let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
    let results: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let mean = |index: usize| results["results"][index]["mean"].as_f64();
    let ratio = mean(1).zip(mean(0)).map(|(after, before)| after / before);
    let ratio = ratio.ok_or("no means in its export")?;
    let is_within = factor - deviation <= 1.0;
    Ok(Outcome {
        says: says(ratio, factor >= READERS_FACTOR),
        ratio,
        remark: is_within.then(|| "1.00 lies within its ±".to_owned()),
    })
}

/// The factor by which one ran faster, and what stands behind its ±.
fn summary(printed: &str) -> Result<(f64, f64), String> {
    let line = printed.lines().find(|line| line.contains("times faster"));
    let line = line.ok_or("no summary in its output")?;
    let (factor, rest) = line.split_once('±').ok_or("a summary without ±")?;
    let deviation = rest.split_whitespace().next().unwrap_or_default();
    Ok((number(factor)?, number(deviation)?))
}
