//! Commands that are run one after the other.

use perfkit::bench::engine::StoppingRule;
use perfkit::compare::ComparisonSet;
use perfkit::report::{Benchmark, Sampling, StopReason};

use crate::command_run::MeasuredCommand;
use crate::error::Error;

use super::failure;
use super::runs::{Runs, sample, set_up};
use super::session::Session;

/// Sets each command up, runs it to its end and cleans up, before the next one begins.
///
/// What the machine does meanwhile is in the difference, so that they are no more alike than
/// saved sessions of one machine.
pub(super) fn run(commands: &mut [MeasuredCommand<'_>], session: Session<'_>) -> Runs {
    let settings = &session.plan.settings;
    let rule = settings.stopping_rule_of_one(commands.len());
    let mut all = Runs {
        benchmarks: Vec::new(),
        sampling: Sampling {
            interleaved: false,
            seed: settings.seed(),
            warmup_blocks: rule.warmup_replicates,
            blocks: 0,
            rounds: 0,
            interim_analyses: 0,
            stopped: StopReason::RunFailed,
        },
        rules: settings.rules(),
        failure: None,
    };
    for command in commands.chunks_mut(1) {
        if all.failure.is_some() || session.is_interrupted() {
            break;
        }
        match run_one(command, &rule, session) {
            Ok(own) => all.append(own),
            Err(failure) => all.add(failure),
        }
    }
    let not_run = commands.iter().skip(all.benchmarks.len());
    let not_run = not_run.map(|command| Benchmark::new(&command.name));
    all.benchmarks.extend(not_run);
    all
}

impl Runs {
    /// Adds the runs of the next command.
    fn append(&mut self, own: Self) {
        self.benchmarks.extend(own.benchmarks);
        self.sampling.blocks = self.sampling.blocks.max(own.sampling.blocks);
        let warmup_blocks = &mut self.sampling.warmup_blocks;
        *warmup_blocks = own.sampling.warmup_blocks.min(*warmup_blocks);
        self.sampling.stopped = own.sampling.stopped;
        own.failure
            .into_iter()
            .for_each(|failure| self.add(failure));
    }
}

/// One command with what belongs around it.
fn run_one(
    command: &mut [MeasuredCommand<'_>],
    rule: &StoppingRule,
    session: Session<'_>,
) -> Result<Runs, Error> {
    set_up(command, session).map_or(Ok(()), Err)?;
    let names = command.iter().map(|command| command.name.clone());
    let alone = ComparisonSet::against(0, names.collect());
    let mut runs = sample(command, &alone, rule, session);
    let failures = command.iter_mut().filter_map(|c| c.clean_up().err());
    failures.for_each(|failure| runs.add(failure::of_hook(&failure)));
    Ok(runs)
}
