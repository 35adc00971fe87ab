//! What the runs of a comparison say.

use perfkit::Metric;
use perfkit::compare::{ComparisonSet, VerdictRules, add_diagnostics, compare_set};
use perfkit::report::{Benchmark, Comparison, Note, NoteCode, Verdict};

/// The metrics that implementations are compared in. CPU time is steadier than wall
/// time where other programs run at the same time, and cycles are steadier still, as
/// they know neither the processor's frequency nor what other machines take of it.
/// Instructions tell whether more is done.
pub(super) const METRICS: [Metric; 4] = [
    Metric::WALL_TIME,
    Metric::CPU_TIME,
    Metric::CYCLES,
    Metric::INSTRUCTIONS,
];

/// Every pair of a set, in every metric.
pub(crate) fn compare_all(
    benchmarks: &[Benchmark],
    set: &ComparisonSet,
    rules: &VerdictRules,
) -> Vec<Comparison> {
    compare_set(benchmarks, set, &METRICS, rules)
}

/// Adds to each implementation what a reader should know of its runs; returns what is to be
/// said of all. `memory_floor_bytes` is what each inherits of peak memory from the process that started it.
pub(crate) fn add_remarks(benchmarks: &mut [Benchmark], memory_floor_bytes: u64) -> Vec<Note> {
    let of_all = add_diagnostics(benchmarks);
    for benchmark in benchmarks {
        mark_inherited_memory(benchmark, memory_floor_bytes);
    }
    of_all
}

fn mark_inherited_memory(benchmark: &mut Benchmark, memory_floor_bytes: u64) {
    let peak = benchmark.metrics.get(&Metric::PEAK_MEMORY);
    let peak = peak.and_then(|peak| peak.max);
    if peak.is_some_and(|peak| peak <= memory_floor_bytes as f64) {
        benchmark.is_peak_memory_inherited = true;
        benchmark.notes.push(Note::info(
            NoteCode::MemoryFloor,
            "a peak memory marked ≤ is what every process inherits from the one that starts it: the command needs that much or less",
        ));
    }
}

/// Whether any comparison of times came to no conclusion; where none is of times,
/// any at all.
pub(crate) fn is_inconclusive(comparisons: &[Comparison]) -> bool {
    let times = [
        Metric::WALL_TIME,
        Metric::EXECUTION_TIME,
        Metric::THROUGHPUT,
    ];
    let is_time = |c: &&Comparison| times.contains(&c.metric);
    let has_time = comparisons.iter().any(|c| is_time(&c));
    comparisons
        .iter()
        .filter(|c| !has_time || is_time(c))
        .any(|comparison| comparison.verdict == Verdict::Inconclusive)
}
