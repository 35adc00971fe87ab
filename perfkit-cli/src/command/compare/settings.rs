//! What flags, environment, configuration and defaults come to, in this order.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::time::Duration;

use perfkit::bench::{CommandSettings, Family, FunctionSettings, Rules, StoppingRule};

use crate::args::{CompareArguments, Confidence, Format, Share, TimeSpan, environment};
use crate::command_run::Shell;
use crate::error::Error;
use crate::input::CompareDefaults;

const WARMUP_BLOCKS: u64 = 1;

/// More runs than this tell nothing more, and the file gets large.
const MAX_RUNS: u64 = 10_000;

/// How a comparison is done.
pub(super) struct Settings {
    pub(super) rules: Rules,
    pub(super) format: Format,
    pub(super) shell: Shell,
    runs: Runs,
    time: Option<Duration>,
    warmup_blocks: u64,
    pub(super) seed: u64,
    pub(super) ignore_failures: bool,
}

/// How many runs of each command.
#[derive(Clone, Copy)]
struct Runs {
    min: Option<u64>,
    max: u64,
    /// Whether the most is our own limit and not what was asked for.
    is_our_limit: bool,
}

impl Settings {
    pub(super) fn new(arguments: &CompareArguments) -> Result<Self, Error> {
        let config = environment::text("PERFKIT_CONFIG").map(PathBuf::from);
        let file = CompareDefaults::find(config.as_deref())?;
        let time = arguments.time.or(environment::value("PERFKIT_TIME")?);
        let warmup = arguments.warmup.or(environment::value("PERFKIT_WARMUP")?);
        let shell = arguments
            .shell
            .clone()
            .or_else(|| environment::text("PERFKIT_SHELL"));
        let shell = shell.or(file.shell.clone());
        Ok(Self {
            rules: rules(arguments, &file)?,
            format: Format::chosen(arguments.format)?,
            shell: Shell::parse(shell.as_deref(), arguments.no_shell)?,
            runs: runs(arguments, &file)?,
            time: time.map(|TimeSpan(time)| time).or(file.time),
            warmup_blocks: warmup.or(file.warmup).unwrap_or(WARMUP_BLOCKS),
            seed: arguments.seed.unwrap_or_else(random_seed),
            ignore_failures: arguments.ignore_failure,
        })
    }

    /// When sampling of the commands of a family ends.
    pub(super) fn stopping_rule(&self, family: &Family) -> StoppingRule {
        let settings = CommandSettings {
            rules: self.rules,
            time: self.time,
            warmup_runs: self.warmup_blocks,
            min_runs: self.runs.min,
            max_runs: self.runs.max,
        };
        settings.stopping_rule(family.names.len(), family.pairs.len())
    }

    /// What is asked for of so many comparisons of benchmarks.
    pub(super) fn of_functions(&self, comparisons: usize) -> FunctionSettings {
        let mut settings = FunctionSettings::new(self.rules, comparisons);
        settings.time = self.time;
        settings
    }

    /// Whether the largest number of runs is our own limit.
    pub(super) fn has_own_limit(&self) -> bool {
        self.runs.is_our_limit
    }
}

fn rules(arguments: &CompareArguments, file: &CompareDefaults) -> Result<Rules, Error> {
    let usual = Rules::default();
    let confidence = arguments
        .confidence
        .or(environment::value("PERFKIT_CONFIDENCE")?);
    let confidence = confidence
        .map(|Confidence(level)| level)
        .or(file.confidence);
    let indifference = arguments
        .indifference
        .or(environment::value("PERFKIT_INDIFFERENCE")?);
    let indifference = indifference.map(|Share(share)| share).or(file.indifference);
    Ok(Rules {
        confidence: confidence.unwrap_or(usual.confidence),
        indifference: indifference.unwrap_or(usual.indifference),
        ..usual
    })
}

/// A bound from a nearer source moves the opposite one from a farther source
/// out of its way.
fn runs(arguments: &CompareArguments, file: &CompareDefaults) -> Result<Runs, Error> {
    if let Some(runs) = arguments.runs {
        return Ok(Runs {
            min: Some(runs),
            max: runs,
            is_our_limit: false,
        });
    }
    let positive = |name: &'static str| match environment::value(name)? {
        Some(0) => Err(Error::usage(format!(
            "the variable {name}: there must be at least 1 run"
        ))),
        runs => Ok(runs),
    };
    let sources = [
        (arguments.min_runs, arguments.max_runs),
        (positive("PERFKIT_MIN_RUNS")?, positive("PERFKIT_MAX_RUNS")?),
        (file.min_runs, file.max_runs),
    ];
    let (mut min, mut max) = (None, None);
    for (further_min, further_max) in sources {
        if let (Some(min), Some(max)) = (further_min, further_max)
            && min > max
        {
            return Err(Error::usage(format!(
                "at least {min} and at most {max} runs are asked for"
            )));
        }
        min = min.or(further_min.map(|runs: u64| max.map_or(runs, |max| runs.min(max))));
        max = max.or(further_max.map(|runs: u64| min.map_or(runs, |min| runs.max(min))));
    }
    let most = max.unwrap_or_else(|| MAX_RUNS.max(min.unwrap_or(0)));
    Ok(Runs {
        min,
        max: most,
        is_our_limit: max.is_none(),
    })
}

/// A seed that is short enough to be typed again.
fn random_seed() -> u64 {
    RandomState::new().hash_one(std::process::id()) % 1_000_000
}
