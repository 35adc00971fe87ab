//! Running commands, and what that yielded.

use perfkit::Clock;
use perfkit::bench::engine::{Blocks, Experiment, Progress, StoppingRule};
use perfkit::compare::{ComparisonSet, VerdictRules};
use perfkit::report::{Benchmark, Sampling, StopReason};
use perfkit::unit::Unit;

use crate::command_run::MeasuredCommand;
use crate::error::Error;
use crate::terminal::{self, ProgressLine};
use crate::text::printable;

use super::failure;
use super::session::Session;

/// What the runs of commands yielded.
pub(super) struct Runs {
    pub(super) benchmarks: Vec<Benchmark>,
    pub(super) sampling: Sampling,
    /// The rules that verdicts are to be read by.
    pub(super) rules: VerdictRules,
    /// What ended the runs, or failed after them.
    pub(super) failure: Option<Error>,
}

impl Runs {
    /// Adds a failure: the first is what the end is told by, and others are told at once.
    pub(super) fn add(&mut self, failure: Error) {
        match &self.failure {
            None => self.failure = Some(failure),
            Some(_) => terminal::print_error(&failure),
        }
    }
}

/// Runs the commands of a set until a rule ends it.
pub(super) fn sample(
    commands: &mut [MeasuredCommand<'_>],
    set: &ComparisonSet,
    rule: &StoppingRule,
    session: Session<'_>,
) -> Runs {
    let is_shown =
        session.shows_progress() && !commands.iter().any(MeasuredCommand::shows_its_output);
    let line = ProgressLine::start(is_shown);
    let mut show = |progress: &Progress<'_>| {
        line.show(progress.share, progress.elapsed, || doing(progress, rule));
    };
    let experiment = Experiment {
        set,
        rule,
        seed: session.plan.settings.seed(),
        clock: &Clock::os(),
    };
    let sampled = experiment.run(&mut Blocks::of(commands), &mut show);
    drop(line);
    let of_run = |(index, failure): (usize, _)| failure::of_run(&commands[index].name, &failure);
    Runs {
        benchmarks: sampled.benchmarks,
        sampling: with_reason(sampled.sampling, session, false),
        rules: sampled.rules,
        failure: sampled.failure.map(of_run),
    }
}

/// What is run next, and what is known of it.
fn doing(progress: &Progress<'_>, rule: &StoppingRule) -> String {
    let name = printable(progress.name);
    if progress.is_warmup {
        return format!("warm-up: {name}");
    }
    let run = progress.replicates + 1;
    let mut run = match rule.min_replicates == rule.max_replicates {
        true => format!("run {run} of {}", rule.max_replicates),
        false => format!("run {run}"),
    };
    // The share of a moment tells nothing of what is left, and it may end before.
    if progress.share > 0.02 && progress.share < 1.0 {
        let left = progress.elapsed.as_secs_f64() * (1.0 - progress.share) / progress.share;
        run += &format!(", ≤ {left:.1} s left");
    }
    match progress.median_ns {
        Some(ns) => format!("{run}: {} {name}", Unit::Nanoseconds.format(ns, 3)),
        None => format!("{run}: {name}"),
    }
}

/// Runs the setup commands until one fails.
pub(super) fn set_up(commands: &mut [MeasuredCommand<'_>], session: Session<'_>) -> Option<Error> {
    let mut waiting = commands.iter_mut();
    waiting.find_map(|command| {
        let is_wanted = !session.is_interrupted();
        let failure = is_wanted.then(|| command.set_up().err())??;
        Some(failure::of_hook(&failure))
    })
}

/// Why the runs ended, where the sampler cannot know it: a limit that is perfkit's own,
/// a signal, or a setup that failed.
pub(super) fn with_reason(
    mut sampling: Sampling,
    session: Session<'_>,
    has_failed: bool,
) -> Sampling {
    if session.is_interrupted() {
        sampling.stopped = StopReason::Interrupted;
    } else if has_failed {
        sampling.stopped = StopReason::RunFailed;
    } else if sampling.stopped == StopReason::RunsDone && session.plan.settings.has_own_limit() {
        sampling.stopped = StopReason::RunLimit;
    }
    sampling
}
