//! The results as a perfkit report.

use std::error::Error;
use std::path::{Path, PathBuf};

use perfkit::report::{Benchmark, Environment, Note, NoteCode};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, Report};

use crate::results::Made;

/// Saves what was made, and returns where. A benchmark is a tool with a slowdown,
/// its times are those of the comparisons, and its successes those that were
/// right.
pub(crate) fn save(made: &[Made], folder: &Path, seed: u64) -> Result<PathBuf, Box<dyn Error>> {
    let mut report = Report::new(Environment::detect(perfkit::snapshot().clock));
    let note =
        format!("a run is a comparison by a tool, and a failure one that was wrong (seed {seed})");
    report.notes.push(Note::info(NoteCode::Other, note));
    let mut names: Vec<String> = made.iter().map(name).collect();
    names.sort_unstable();
    names.dedup();
    for name_ in names {
        let own: Vec<&Made> = made.iter().filter(|made| name(made) == name_).collect();
        let seconds = own.iter().map(|made| made.seconds * 1e9).collect();
        let mut benchmark = Benchmark::new(name_);
        benchmark.successes = own.iter().filter(|made| made.is_right()).count() as u64;
        benchmark.failures = own.len() as u64 - benchmark.successes;
        let time = MetricSummary::from_samples(Unit::Nanoseconds, seconds);
        benchmark.metrics.insert(Metric::WALL_TIME, time);
        report.benchmarks.push(benchmark);
    }
    std::fs::create_dir_all(folder)?;
    let path = folder.join("calibration.report.json");
    report.save(&path)?;
    Ok(path)
}

fn name(made: &Made) -> String {
    let neighbour = if made.has_neighbour {
        ", busy neighbour"
    } else {
        ""
    };
    let (tool, kind) = (made.tool.name(), made.kind);
    let kind = format!("{kind:?}").to_lowercase();
    format!("{tool}, {kind}, {} %{neighbour}", made.slowdown)
}
