//! The results as a perfkit report.

use std::error::Error;
use std::path::{Path, PathBuf};

use perfkit::report::{Benchmark, Environment, Note, NoteCode};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, Report};

use crate::phase::{Phase, Results};
use crate::table;

/// Saves what was measured in the target folder, and returns where: from the
/// root of the workspace, if it is in there.
pub(crate) fn save(phases: &[Phase], seed: u64) -> Result<PathBuf, Box<dyn Error>> {
    // A folder of the target folder, which cargo creates for benchmarks.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let folder = target.ok_or("no target folder")?.join("perfkit");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("overhead.json");
    report(phases, seed).save(&path)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let within = root.and_then(|root| path.strip_prefix(root).ok());
    Ok(within.unwrap_or(&path).to_owned())
}

fn report(phases: &[Phase], seed: u64) -> Report {
    let mut report = Report::new(Environment::detect(perfkit::snapshot().clock));
    let note = format!(
        "a run is a batch, and its time the CPU time of the batch over its calls; implementations \
         took turns, in an order of each round's own (seed {seed})"
    );
    report.notes.push(Note::info(NoteCode::Other, note));
    let mut first_block = 0;
    for phase in phases {
        let blocks: Vec<u64> = (first_block..).take(phase.rounds()).collect();
        first_block += phase.rounds() as u64;
        let benchmark = |results| benchmark(results, phase.threads, &blocks);
        report
            .benchmarks
            .extend(phase.results.iter().map(benchmark));
    }
    report
}

fn benchmark(results: &Results, threads: usize, blocks: &[u64]) -> Benchmark {
    let setting = results.setting.name();
    let threads = table::threads(threads);
    let name = format!("{}, {setting}, {threads}", results.implementation);
    // To the picosecond: more is noise, and makes the file twice as long.
    let rounded = results.ns.iter().map(|ns| (ns * 1e3).round() / 1e3);
    let time = MetricSummary::from_samples(Unit::Nanoseconds, rounded.collect());
    let mut benchmark = Benchmark::new(name);
    benchmark.successes = time.count;
    benchmark.blocks = blocks.to_vec();
    benchmark.metrics.insert(Metric::WALL_TIME, time);
    benchmark
}
