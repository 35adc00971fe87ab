//! How a comparison is measured: what flags, environment, configuration and defaults
//! say, in this order.

use std::time::Duration;

use perfkit::bench::engine::{CommandSettings, FunctionSettings, StoppingRule, random_seed};
use perfkit::compare::{ComparisonSet, VerdictRules};
use perfkit::unit::Unit;

use crate::args::{Confidence, Effort, Origin, RunCount, Setting, Share, TimeSpan, Variable};
use crate::command_run::Shell;
use crate::error::Error;
use crate::input::CompareDefaults;

/// A single run is not repeated to warm up.
const WARMUP_BLOCKS: u64 = 1;
const WARMUP_OF_ONE_RUN: u64 = 0;

/// More runs than this tell nothing more, and the file gets large.
const MAX_RUNS: RunCount = RunCount(10_000);

/// How a comparison is measured.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(super) confidence: Setting<Confidence>,
    pub(super) indifference: Setting<Share>,
    /// How long it may take; `None` is the usual time for each implementation.
    pub(super) time: Option<Setting<TimeSpan>>,
    pub(super) warmup_blocks: Setting<u64>,
    /// `None` is as many as a verdict needs.
    pub(super) min_runs: Option<Setting<RunCount>>,
    pub(super) max_runs: Setting<RunCount>,
    pub(super) shell: Setting<Shell>,
    pub(super) seed: Setting<u64>,
}

impl Settings {
    /// What flags say; a verb that does not have one of these flags leaves it out. What
    /// nobody says is as in the usual rules.
    pub(super) fn resolve(
        flags: &Effort,
        shell: Option<String>,
        file: CompareDefaults,
        usual: VerdictRules,
    ) -> Result<Self, Error> {
        let (min_runs, max_runs) = runs(flags, &file)?;
        let confidence = Setting::find(flags.confidence, Variable::CONFIDENCE, file.confidence)?;
        let indifference = Setting::find(
            flags.indifference,
            Variable::INDIFFERENCE,
            file.indifference,
        )?;
        let warmup = Setting::find(flags.warmup, Variable::WARMUP, file.warmup)?;
        let usual_warmup = match max_runs.value {
            RunCount(1) => WARMUP_OF_ONE_RUN,
            _ => WARMUP_BLOCKS,
        };
        let shell = Setting::find(shell, Variable::SHELL, file.shell)?;
        let seed = flags
            .seed
            .map(|seed| Setting::new(seed, Origin::CommandLine));
        Ok(Self {
            confidence: Setting::or(confidence, Confidence(usual.confidence)),
            indifference: Setting::or(indifference, Share(usual.indifference)),
            time: Setting::find(flags.time, Variable::TIME, file.time)?,
            warmup_blocks: Setting::or(warmup, usual_warmup),
            min_runs,
            max_runs,
            shell: shell_of(shell)?,
            seed: seed.unwrap_or_else(|| Setting::new(random_seed(), Origin::Default)),
        })
    }

    /// How sure a verdict must be, and how small a difference counts as none.
    pub(crate) fn rules(&self) -> VerdictRules {
        VerdictRules {
            confidence: self.confidence.value.0,
            indifference: self.indifference.value.0,
            ..VerdictRules::default()
        }
    }

    /// When sampling of the commands of a set ends.
    pub(crate) fn stopping_rule(&self, set: &ComparisonSet) -> StoppingRule {
        let settings = self.of_commands_within(self.time());
        settings.stopping_rule(set.names.len(), set.pairs.len())
    }

    /// When sampling of one of so many commands ends, which are run one after the other.
    pub(crate) fn stopping_rule_of_one(&self, commands: usize) -> StoppingRule {
        let commands = u32::try_from(commands).unwrap_or(u32::MAX).max(1);
        let settings = self.of_commands_within(self.time().map(|time| time / commands));
        settings.stopping_rule(1, 0)
    }

    fn of_commands_within(&self, time: Option<Duration>) -> CommandSettings {
        CommandSettings {
            rules: self.rules(),
            time,
            warmup_runs: self.warmup_blocks.value,
            keeps_slow_warmup: self.warmup_blocks.origin == Origin::Default,
            min_runs: self.min_runs_whatever_time().map(|min| min.0),
            max_runs: self.max_runs.value.0,
        }
    }

    /// The fewest runs, also beyond the time: not where the time was said nearer.
    fn min_runs_whatever_time(&self) -> Option<RunCount> {
        let min_runs = self.min_runs.as_ref()?;
        let time = self.time.as_ref();
        let is_bound = time.is_some_and(|time| time.origin.is_nearer_than(min_runs.origin));
        (!is_bound).then_some(min_runs.value)
    }

    /// What is asked for of so many comparisons of benchmarks.
    pub(crate) fn of_functions(&self, comparisons: usize) -> FunctionSettings {
        let mut settings = FunctionSettings::new(self.rules(), comparisons);
        settings.time = self.time();
        settings
    }

    fn time(&self) -> Option<Duration> {
        self.time.as_ref().map(|time| time.value.0)
    }

    pub(crate) fn shell(&self) -> &Shell {
        &self.shell.value
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed.value
    }

    /// The same settings for a further session, whose orders are others.
    pub(crate) fn with_next_seed(&self) -> Self {
        Self {
            seed: self.seed.clone().map(|seed| seed.wrapping_add(1)),
            ..self.clone()
        }
    }

    /// Whether the largest number of runs is perfkit's own limit and not the user's.
    pub(crate) fn has_own_limit(&self) -> bool {
        self.max_runs.origin == Origin::Default
    }

    /// The settings that every comparison has.
    pub(super) fn of_all(&self) -> Vec<Setting<String>> {
        let share = |share: f64| Unit::Ratio.format(share, 4);
        vec![
            described("confidence", &self.confidence, |level| share(level.0)),
            described("indifference", &self.indifference, |size| share(size.0)),
        ]
    }

    /// The settings of what is measured now.
    pub(super) fn of_measuring(&self) -> Vec<Setting<String>> {
        let usual = Setting::new("time: the usual for each".to_owned(), Origin::Default);
        let span = |TimeSpan(time): &TimeSpan| Unit::Nanoseconds.format(time.as_nanos() as f64, 4);
        let time = self.time.as_ref();
        vec![
            time.map_or(usual, |time| described("time", time, span)),
            described("seed", &self.seed, u64::to_string),
        ]
    }

    /// The settings of commands.
    pub(super) fn of_commands(&self) -> Vec<Setting<String>> {
        let usual = "min-runs: as many as a verdict needs".to_owned();
        let usual = Setting::new(usual, Origin::Default);
        let runs = |runs: &RunCount| runs.0.to_string();
        let min_runs = self.min_runs.as_ref();
        vec![
            described("warmup", &self.warmup_blocks, u64::to_string),
            min_runs.map_or(usual, |min| described("min-runs", min, runs)),
            described("max-runs", &self.max_runs, runs),
            described("shell", &self.shell, Shell::to_string),
        ]
    }
}

fn described<T>(name: &str, setting: &Setting<T>, text: impl Fn(&T) -> String) -> Setting<String> {
    let text = format!("{name}: {}", text(&setting.value));
    Setting::new(text, setting.origin)
}

fn shell_of(given: Option<Setting<String>>) -> Result<Setting<Shell>, Error> {
    let Some(given) = given else {
        return Ok(Setting::new(Shell::Direct, Origin::Default));
    };
    let shell = given.value.parse();
    let shell = shell
        .map_err(|error: String| Error::usage(format!("the shell of {}: {error}", given.origin)));
    Ok(Setting::new(shell?, given.origin))
}

type RunBound = Setting<RunCount>;

/// The fewest and the most runs.
type RunBounds = (Option<RunBound>, RunBound);

/// What each source says of the bounds, the nearest first.
fn runs(flags: &Effort, defaults: &CompareDefaults) -> Result<RunBounds, Error> {
    let of = |bound: Option<RunCount>, origin| Some(Setting::new(bound?, origin));
    if let Some(runs) = of(flags.runs, Origin::CommandLine) {
        return Ok((Some(runs.clone()), runs));
    }
    let flag = |bound| of(bound, Origin::CommandLine);
    let variable = |variable| Setting::find(None, variable, None);
    let file = |bound| of(bound, Origin::File);
    bounds([
        (flag(flags.min_runs), flag(flags.max_runs)),
        (variable(Variable::MIN_RUNS)?, variable(Variable::MAX_RUNS)?),
        (file(defaults.min_runs), file(defaults.max_runs)),
    ])
}

/// A bound from a nearer source moves the opposite one from a farther source out of
/// its way; bounds of one source must fit each other.
fn bounds(sources: [(Option<RunBound>, Option<RunBound>); 3]) -> Result<RunBounds, Error> {
    let (mut min, mut max) = (None::<RunBound>, None::<RunBound>);
    for (further_min, further_max) in sources {
        if let (Some(least), Some(most)) = (&further_min, &further_max)
            && least.value > most.value
        {
            let (RunCount(least), RunCount(most)) = (least.value, most.value);
            return Err(Error::usage(format!(
                "at least {least} and at most {most} runs are asked for"
            )));
        }
        let most = max.as_ref().map(|max| max.value);
        let at_most = |runs: RunCount| most.map_or(runs, |most| runs.min(most));
        min = min.or(further_min.map(|further| further.map(at_most)));
        let least = min.as_ref().map(|min| min.value);
        let at_least = |runs: RunCount| least.map_or(runs, |least| runs.max(least));
        max = max.or(further_max.map(|further| further.map(at_least)));
    }
    let least = min.as_ref().map_or(MAX_RUNS, |min| min.value);
    Ok((min, Setting::or(max, MAX_RUNS.max(least))))
}
