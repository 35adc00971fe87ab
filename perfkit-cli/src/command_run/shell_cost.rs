//! What starting the shell costs, which is no part of the command.

use perfkit::bench::engine::RunResult;
use perfkit::report::{Benchmark, Note, NoteCode};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, stats};

use crate::error::Error;
use crate::interrupt::Signals;

use super::command::values;
use super::command_line::{CommandLine, Shell};
use super::ended::{Ended, describe_status};
use super::launch::Launch;
use super::starter::Starter;

/// How often the bare shell is started, after a few starts that do not count.
const RUNS: usize = 30;
const WARMUP_RUNS: usize = 3;

/// Start-up is subtracted where it is at most this share of every run.
const SMALL: f64 = 0.1;

/// The metrics that start-up adds to.
const METRICS: [Metric; 6] = [
    Metric::WALL_TIME,
    Metric::CPU_TIME,
    Metric::USER_TIME,
    Metric::SYSTEM_TIME,
    Metric::CYCLES,
    Metric::INSTRUCTIONS,
];

/// The median cost of starting the shell, by metric.
#[derive(Debug)]
pub(crate) struct ShellCost {
    costs: Vec<(Metric, f64)>,
}

impl ShellCost {
    /// Starts the shell with nothing to do; `None` where there is no shell, or
    /// the user interrupts it.
    pub(crate) fn measure(
        shell: &Shell,
        starter: &Starter,
        signals: &Signals,
    ) -> Result<Option<Self>, Error> {
        if !matches!(shell, Shell::Through(_)) {
            return Ok(None);
        }
        let nothing = CommandLine::new("", shell)?;
        let mut samples: Vec<Vec<f64>> = vec![Vec::new(); METRICS.len()];
        for run in 0..WARMUP_RUNS + RUNS {
            let values = match start(&nothing, starter, signals)? {
                RunResult::Done(values) => values,
                _ => return Ok(None),
            };
            for (samples, metric) in samples.iter_mut().zip(&METRICS) {
                let found = values.iter().find(|(found, ..)| found == metric);
                if let (Some((.., value)), true) = (found, run >= WARMUP_RUNS) {
                    samples.push(*value);
                }
            }
        }
        let median = |samples: Vec<f64>| stats::median(&stats::sorted(&samples)?);
        let medians = samples
            .into_iter()
            .map(|samples| median(samples).unwrap_or(0.0));
        Ok(Some(Self {
            costs: METRICS.into_iter().zip(medians).collect(),
        }))
    }

    /// Takes the cost off every run of a metric, if it is small against all of
    /// them; otherwise leaves all as they are and says so. Never clamps.
    pub(crate) fn subtract_from(&self, benchmarks: &mut [Benchmark]) -> Vec<Note> {
        let mut notes = Vec::new();
        for (metric, cost) in &self.costs {
            let shortest = benchmarks
                .iter()
                .filter_map(|benchmark| benchmark.metrics.get(metric)?.min)
                .fold(f64::INFINITY, f64::min);
            let is_small = *cost <= SMALL * shortest;
            if is_small {
                benchmarks
                    .iter_mut()
                    .for_each(|b| subtract(b, metric, *cost));
            }
            if *metric == Metric::WALL_TIME {
                notes.push(note(is_small, *cost, shortest));
            }
        }
        notes
    }
}

fn start(nothing: &CommandLine, starter: &Starter, signals: &Signals) -> Result<RunResult, Error> {
    match starter.run(&Launch::aside(nothing, 0), signals)? {
        Ended::Exited(end) if end.status.success() => Ok(RunResult::Done(values(&end))),
        Ended::Exited(end) => Err(Error::command_failed(format!(
            "the shell `{}` ended with {} when it had nothing to do",
            nothing.program(),
            describe_status(end.status)
        ))),
        _ => Ok(RunResult::Interrupted),
    }
}

fn subtract(benchmark: &mut Benchmark, metric: &Metric, cost: f64) {
    if let Some(summary) = benchmark.metrics.get_mut(metric) {
        let samples = summary.samples.iter().map(|sample| sample - cost).collect();
        *summary = MetricSummary::from_samples(summary.unit, samples);
    }
}

fn note(is_small: bool, cost: f64, shortest: f64) -> Note {
    let cost = Unit::Nanoseconds.format(cost, 3);
    if is_small {
        return Note::info(
            NoteCode::ShellSubtracted,
            format!("the shell's start-up of {cost} was subtracted from every run"),
        );
    }
    let shortest = Unit::Nanoseconds.format(shortest, 3);
    Note::warning(
        NoteCode::ShellNotSubtracted,
        format!(
            "the shell's start-up of {cost} is not small against the shortest run of {shortest}, so it was not subtracted and is part of every number: run without a shell (-N) if you can"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn benchmark(times: &[f64]) -> Benchmark {
        let mut benchmark = Benchmark::new("a");
        let summary = MetricSummary::from_samples(Unit::Nanoseconds, times.to_vec());
        benchmark.metrics.insert(Metric::WALL_TIME, summary);
        benchmark
    }

    fn subtract_1_ms(times: &[f64]) -> (Vec<f64>, Note) {
        let cost = ShellCost {
            costs: vec![(Metric::WALL_TIME, 1e6)],
        };
        let mut benchmarks = [benchmark(times)];
        let notes = cost.subtract_from(&mut benchmarks);
        let samples = benchmarks[0].metrics[&Metric::WALL_TIME].samples.clone();
        (samples, notes[0].clone())
    }

    #[test]
    fn a_small_cost_is_subtracted() {
        let (samples, note) = subtract_1_ms(&[10e6, 12e6]);
        assert_eq!(samples, [9e6, 11e6]);
        assert_eq!(note.code, NoteCode::ShellSubtracted);
    }

    #[test]
    fn a_large_cost_is_not_subtracted_and_that_is_told() {
        let (samples, note) = subtract_1_ms(&[9e6, 12e6]);
        assert_eq!(samples, [9e6, 12e6]);
        assert_eq!(note.code, NoteCode::ShellNotSubtracted);
    }
}
