//! When sampling ends.
//!
//! A *stopping rule* says how much is measured at least and at most, for how long, and at
//! which points in between the values are analysed. An *interim analysis* that finds every
//! verdict clear ends sampling. Each analysis is another chance to claim a difference that
//! is none, so the analyses share the error that the verdicts
//! may have (Bonferroni: the shares add up to one): a group-sequential design, as in
//! Jennison and Turnbull, *Group Sequential Methods with Applications to Clinical
//! Trials* (2000), with shares that are fixed beforehand rather than boundaries that
//! use the correlation between the analyses. That is a little more cautious, and needs
//! no assumption about the values.
//!
//! What it cannot do: it plans no sample size. A difference close to the edge of the zone
//! of indifference stays without a verdict however long it is measured.

use std::time::Duration;

use crate::compare::VerdictRules;

/// When sampling ends.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StoppingRule {
    /// Units that are measured first and not kept.
    pub warmup_replicates: u64,
    /// A first unit that takes longer than this is no warm-up: it is kept, and no other
    /// warm-up follows.
    pub longest_warmup: Duration,
    /// The fewest replicates, beyond `time` and `longest` too. One is always measured.
    pub fewest_replicates: u64,
    /// The fewest replicates, beyond `time` too, but not beyond `longest`.
    pub min_replicates: u64,
    /// The most replicates.
    pub max_replicates: u64,
    /// Time after which no further replicate begins.
    pub time: Duration,
    /// The same for what is slow: until there are `min_replicates`, and where the source wants
    /// more than `time`.
    pub longest: Duration,
    /// Whether a replicate does not begin either that is expected to end well after the time.
    pub ends_in_time: bool,
    /// Analyses that end sampling where every verdict on wall time is clear; in the order
    /// in which they become due.
    pub interim: Vec<InterimAnalysis>,
    /// The rules of the analysis at the end, with its share of the error.
    pub final_rules: VerdictRules,
}

/// An analysis before the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InterimAnalysis {
    /// It needs so many replicates.
    pub min_replicates: u64,
    /// It is not due before this time.
    pub min_time: Duration,
    /// It is also due after so many replicates once so much time is up.
    pub if_slow: Option<(u64, Duration)>,
    /// Its rules, with its share of the error.
    pub rules: VerdictRules,
}

impl InterimAnalysis {
    pub(super) fn is_due(&self, replicates: u64, elapsed: Duration) -> bool {
        let is_past = |(fewest, time)| replicates >= fewest && elapsed >= time;
        is_past((self.min_replicates, self.min_time)) || self.if_slow.is_some_and(is_past)
    }
}

impl StoppingRule {
    /// Whether time is up after so many replicates. `next` is how long another one is expected
    /// to take, and `wanted` how long the source would like sampling to go on. One replicate
    /// is always measured.
    pub(super) fn is_time_up(
        &self,
        replicates: u64,
        elapsed: Duration,
        next: Duration,
        wanted: Duration,
    ) -> bool {
        let time = if replicates < self.min_replicates {
            self.longest
        } else {
            self.usual_time(wanted)
        };
        replicates >= self.fewest_replicates.max(1) && self.is_past(time, elapsed, next)
    }

    /// Whether there will be fewer replicates than a verdict needs that knows nothing of their
    /// noise, if each takes so long.
    pub(super) fn are_few(&self, each: Duration) -> bool {
        let enough = self.final_rules.fewest_pairs();
        let time = if self.min_replicates < enough {
            self.time
        } else {
            self.longest
        };
        let needed = each.saturating_mul(u32::try_from(enough).unwrap_or(u32::MAX));
        self.max_replicates < enough || (self.fewest_replicates < enough && needed > time)
    }

    /// Whether no warm-up begins any more, because there is no time beyond `time`.
    pub(super) fn is_bound_reached(&self, elapsed: Duration, next: Duration) -> bool {
        self.longest <= self.time && self.is_past(self.time, elapsed, next)
    }

    /// Whether a replicate must not begin: the time is over, or would be by more than a
    /// twentieth.
    fn is_past(&self, time: Duration, elapsed: Duration, next: Duration) -> bool {
        let end = elapsed.saturating_add(next);
        let latest = time.saturating_add(time / 20);
        elapsed >= time || (self.ends_in_time && end > latest)
    }

    /// Whether it takes twice the usual time, however few replicates there are. One
    /// replicate is always measured.
    pub(super) fn is_held_up(&self, replicates: u64, elapsed: Duration, wanted: Duration) -> bool {
        let most = (2 * self.usual_time(wanted)).min(self.longest);
        replicates > 0 && elapsed >= most
    }

    /// The share that is done if no analysis ends it.
    pub(super) fn share_done(&self, replicates: u64, elapsed: Duration, wanted: Duration) -> f64 {
        let of = |done: f64, all: f64| (done / all.max(1e-9)).min(1.0);
        let of_all = of(replicates as f64, self.max_replicates as f64);
        let of_fewest = of(replicates as f64, self.min_replicates as f64);
        let of_time = |time: Duration| of(elapsed.as_secs_f64(), time.as_secs_f64());
        let of_usual = of_fewest.min(of_time(self.usual_time(wanted)));
        let of_slow = of(replicates as f64, self.fewest_replicates as f64);
        of_all.max(of_usual).max(of_slow.min(of_time(self.longest)))
    }

    fn usual_time(&self, wanted: Duration) -> Duration {
        self.time.max(wanted).min(self.longest)
    }
}

/// What is asked for of commands.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandSettings {
    /// How sure verdicts must be, all analyses together.
    pub rules: VerdictRules,
    /// How long it goes on at most for all together, warm-up included; `None` for the usual
    /// time, and longer for slow commands.
    pub time: Option<Duration>,
    /// Runs of each that are not kept, before all others.
    pub warmup_runs: u64,
    /// Whether warm-up runs are kept where they take too long to be thrown away.
    pub keeps_slow_warmup: bool,
    /// The fewest runs of each; `None` for as many as a verdict needs. As many as
    /// `max_runs` are measured whatever they say: there are no interim analyses.
    pub min_runs: Option<u64>,
    /// The most runs of each.
    pub max_runs: u64,
}

impl CommandSettings {
    /// The usual time for each command.
    const TIME_EACH: Duration = Duration::from_secs(3);

    /// How long it goes on for each slow command until no verdict needs more runs.
    const LONGEST_EACH: Duration = Duration::from_secs(30);

    /// The fewest runs of each command, however long they take.
    const MIN_RUNS: u64 = 10;

    /// At these shares of the time the values are analysed, with these shares of the
    /// error, and after so many runs where few runs take all of the time. What is clear early
    /// is clear at any level, and small differences need all of the time: so most of the error
    /// is for the end.
    const INTERIM: [(f64, f64, u64); 2] = [(1.0 / 12.0, 0.1, 3), (1.0 / 3.0, 0.2, 6)];
    const FINAL_SHARE: f64 = 0.7;

    /// The rule for so many commands, of which so many pairs are compared.
    #[must_use]
    pub fn stopping_rule(&self, commands: usize, pairs: usize) -> StoppingRule {
        let is_fixed = self.min_runs == Some(self.max_runs);
        let final_share = if is_fixed { 1.0 } else { Self::FINAL_SHARE };
        let final_rules = self.rules.with_error_share(final_share);
        let needed = match pairs {
            0 => 0,
            pairs => final_rules.for_each_of(pairs).fewest_pairs(),
        };
        let usual_min = needed.max(Self::MIN_RUNS);
        let min_replicates = self.min_runs.unwrap_or(usual_min).min(self.max_runs);
        let each = |time: Duration| time * commands as u32;
        let (longest, fewest) = match (self.min_runs, self.time) {
            (Some(min_runs), _) => (Duration::MAX, min_runs),
            (None, Some(time)) => (time, 1),
            (None, None) => (each(Self::LONGEST_EACH), Self::MIN_RUNS),
        };
        let has_interim = !is_fixed && pairs > 0;
        let interim = if has_interim {
            self.interim(min_replicates, each(Self::TIME_EACH))
        } else {
            Vec::new()
        };
        StoppingRule {
            warmup_replicates: self.warmup_runs,
            longest_warmup: self.longest_warmup(each(Self::TIME_EACH), usual_min),
            fewest_replicates: fewest.min(self.max_runs),
            min_replicates,
            max_replicates: self.max_runs,
            time: self.time.unwrap_or(each(Self::TIME_EACH)),
            longest,
            ends_in_time: true,
            interim,
            final_rules,
        }
    }

    fn interim(&self, min_replicates: u64, usual: Duration) -> Vec<InterimAnalysis> {
        let time = self.time.unwrap_or(usual);
        let analysis = |(of_time, of_error, if_slow): (f64, f64, u64)| {
            let rules = self.rules.with_error_share(of_error);
            let if_slow = if_slow.max(self.min_runs.unwrap_or(0));
            InterimAnalysis {
                min_replicates: min_replicates.max(rules.fewest_pairs()),
                min_time: time.mul_f64(of_time),
                if_slow: self.time.is_none().then_some((if_slow, usual)),
                rules,
            }
        };
        Self::INTERIM.map(analysis).into()
    }

    /// A run of each may take all of the usual time and be thrown away, but not a share of the
    /// time that was asked for which leaves too little for as many runs as a verdict needs.
    fn longest_warmup(&self, usual: Duration, needed: u64) -> Duration {
        match self.time {
            _ if !self.keeps_slow_warmup => Duration::MAX,
            Some(time) => time / u32::try_from(needed).unwrap_or(u32::MAX),
            None => usual,
        }
    }
}

/// What is asked for of functions, in all groups together.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionSettings {
    /// How sure verdicts must be, all analyses together.
    pub rules: VerdictRules,
    /// How many comparisons there are in all groups: they share the error.
    pub comparisons: usize,
    /// No further round of a group begins after this time, even where that leaves too
    /// few for a verdict. `None` is about a second for each function; longer for slow
    /// ones, until they have values enough, but at most a minute.
    pub time: Option<Duration>,
}

impl FunctionSettings {
    /// How long a group usually goes on for each of its functions: with what is done
    /// before and after, a second.
    const TIME_EACH: Duration = Duration::from_millis(950);

    /// How long it goes on at most for slow functions.
    const LONGEST: Duration = Duration::from_secs(60);

    /// How many rounds after the first interim analysis the further ones are. They lie
    /// far apart, because each costs a share of the error, and a few rounds more decide
    /// little.
    const LATER_ANALYSES: [u64; 2] = [27, 77];

    /// How many analyses share the error: those, the first, and that at the end.
    const ANALYSES: usize = Self::LATER_ANALYSES.len() + 2;

    /// The most rounds, however short they are: all values are kept in memory.
    const MAX_ROUNDS: u64 = 2000;

    /// The usual time.
    #[must_use]
    pub fn new(rules: VerdictRules, comparisons: usize) -> Self {
        Self {
            rules,
            comparisons,
            time: None,
        }
    }

    /// The rules of one analysis of so many of all comparisons.
    #[must_use]
    pub fn analysis_rules(&self, pairs: usize) -> VerdictRules {
        let pairs = pairs.max(1);
        let of_all = pairs as f64 / self.comparisons.max(pairs) as f64;
        self.rules.with_error_share(of_all / Self::ANALYSES as f64)
    }

    /// The rule for a group of so many functions, of which so many pairs are compared.
    ///
    /// The first interim analysis is as early as so few rounds can decide.
    #[must_use]
    pub fn stopping_rule(&self, functions: usize, pairs: usize) -> StoppingRule {
        let rules = self.analysis_rules(pairs);
        let first = self.analysis_rules(1).fewest_pairs();
        let later = Self::LATER_ANALYSES.map(|rounds| first + rounds);
        let analysis = |min_replicates| InterimAnalysis {
            min_replicates,
            min_time: Duration::ZERO,
            if_slow: None,
            rules,
        };
        let time = Self::TIME_EACH * functions.max(1) as u32;
        StoppingRule {
            warmup_replicates: 0,
            longest_warmup: Duration::MAX,
            fewest_replicates: 1,
            min_replicates: first,
            max_replicates: Self::MAX_ROUNDS,
            time: self.time.unwrap_or(time),
            longest: self.time.unwrap_or(Self::LONGEST.max(time)),
            ends_in_time: false,
            interim: std::iter::once(first).chain(later).map(analysis).collect(),
            final_rules: rules,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn commands() -> CommandSettings {
        CommandSettings {
            rules: VerdictRules::default(),
            time: None,
            warmup_runs: 1,
            keeps_slow_warmup: true,
            min_runs: None,
            max_runs: 10_000,
        }
    }

    #[test]
    fn the_analyses_share_the_error() {
        let error = |rules: VerdictRules| 1.0 - rules.confidence;
        let functions = FunctionSettings::new(VerdictRules::default(), 1).stopping_rule(2, 1);
        for rule in [commands().stopping_rule(2, 1), functions] {
            let interim = rule.interim.iter().map(|analysis| error(analysis.rules));
            let all = interim.sum::<f64>() + error(rule.final_rules);
            assert!(
                (all - error(VerdictRules::default())).abs() < 1e-12,
                "{all}"
            );
        }
    }

    #[test]
    fn a_number_of_runs_that_is_asked_for_is_measured_whatever_they_say() {
        let fixed = CommandSettings {
            min_runs: Some(20),
            max_runs: 20,
            ..commands()
        };
        let rule = fixed.stopping_rule(2, 1);
        assert!(rule.interim.is_empty());
        assert_eq!(rule.final_rules, VerdictRules::default());
        assert!(commands().stopping_rule(1, 0).interim.is_empty());
        assert_eq!(commands().stopping_rule(2, 1).interim.len(), 2);
    }

    #[test]
    fn time_of_functions_is_up_after_the_fewest_units_or_the_longest_time() {
        let none = Duration::ZERO;
        let settings = FunctionSettings::new(VerdictRules::default(), 1);
        let rule = settings.stopping_rule(2, 1);
        let is_up = |rule: &StoppingRule, replicates, seconds: u32, wanted: u32| {
            // However long the next one takes.
            rule.is_time_up(replicates, seconds * SECOND, 9 * SECOND, wanted * SECOND)
        };
        assert!(!is_up(&rule, rule.min_replicates - 1, 59, 0));
        assert!(is_up(&rule, rule.min_replicates - 1, 60, 0));
        assert!(is_up(&rule, rule.min_replicates, 2, 0));
        assert!(!is_up(&rule, rule.min_replicates, 2, 3));
        assert!(is_up(&rule, rule.min_replicates, 60, 90));
        assert!(!rule.is_time_up(rule.min_replicates, SECOND, none, none));
        let asked = FunctionSettings {
            time: Some(SECOND),
            ..settings
        };
        let rule = asked.stopping_rule(2, 1);
        assert!(is_up(&rule, 1, 1, 3));
        assert!(!is_up(&rule, 0, 1, 0), "One replicate is always measured");
    }

    /// How many runs of each of two commands there are that take so long, the warm-up among
    /// them, and how many of these are kept.
    fn runs(settings: &CommandSettings, each: Duration) -> (u64, u64) {
        let rule = settings.stopping_rule(2, 1);
        let block = 2 * each;
        let is_kept = block > rule.longest_warmup;
        let warmups = if is_kept { 0 } else { rule.warmup_replicates };
        let elapsed = |kept: u64| block * u32::try_from(warmups + kept).unwrap();
        let is_over = |kept: &u64| {
            let time = elapsed(*kept);
            *kept == rule.max_replicates || rule.is_time_up(*kept, time, block, Duration::ZERO)
        };
        let kept = (0..).find(is_over).unwrap();
        (warmups + kept, kept)
    }

    #[test]
    fn slow_commands_are_run_ten_times_and_quicker_ones_as_often_as_a_verdict_needs() {
        let usual = commands();
        for seconds in [4, 60, 600] {
            assert_eq!(runs(&usual, seconds * SECOND), (10, 10), "{seconds} s");
        }
        assert_eq!(runs(&usual, 3 * SECOND), (11, 10));
        assert_eq!(runs(&usual, 2 * SECOND), (13, 12));
        assert_eq!(runs(&usual, SECOND / 2), (13, 12));
        assert_eq!(runs(&usual, SECOND / 10), (30, 29));
        let at_least = |min_runs| CommandSettings {
            min_runs: Some(min_runs),
            ..usual.clone()
        };
        assert_eq!(runs(&at_least(20), 60 * SECOND), (20, 20));
        assert_eq!(runs(&at_least(2), 60 * SECOND), (2, 2));
        let at_most = CommandSettings {
            max_runs: 5,
            ..usual.clone()
        };
        assert_eq!(runs(&at_most, 60 * SECOND), (5, 5));
        assert_eq!(usual.stopping_rule(1, 0).min_replicates, 10);
    }

    #[test]
    fn the_time_that_is_asked_for_is_a_bound() {
        let bounded = |seconds: u32| CommandSettings {
            time: Some(seconds * SECOND),
            ..commands()
        };
        let half = SECOND / 2;
        assert_eq!(runs(&bounded(1), half), (1, 1));
        assert_eq!(runs(&bounded(1), SECOND), (1, 1));
        assert_eq!(runs(&bounded(3), half), (3, 3));
        assert_eq!(runs(&bounded(20), half), (20, 19));
        // Begun only where it can end, give or take a twentieth of the time.
        assert_eq!(runs(&bounded(10), 11 * half), (1, 1));
        assert_eq!(runs(&bounded(10), half * 21 / 20), (10, 10));
        assert_eq!(runs(&bounded(10), half * 23 / 20), (9, 9));
        let rule = CommandSettings {
            warmup_runs: 9,
            keeps_slow_warmup: false,
            ..bounded(10)
        };
        let rule = rule.stopping_rule(2, 1);
        assert_eq!(rule.longest_warmup, Duration::MAX);
        assert!(!rule.is_bound_reached(8 * SECOND, 2 * SECOND));
        assert!(rule.is_bound_reached(9 * SECOND, 2 * SECOND));
        let usual = commands().stopping_rule(2, 1);
        assert!(!usual.is_bound_reached(1000 * SECOND, SECOND));
    }

    #[test]
    fn runs_are_few_where_so_many_are_asked_for_or_fit_into_the_time() {
        let are_few = |settings: &CommandSettings, block: u32| {
            let rule = settings.stopping_rule(2, 1);
            rule.are_few(block * SECOND)
        };
        let usual = commands();
        assert_eq!([4, 5, 6].map(|s| are_few(&usual, s)), [false, false, true]);
        let with = |min_runs, max_runs, time: Option<u32>| CommandSettings {
            min_runs,
            max_runs,
            time: time.map(|time| time * SECOND),
            ..commands()
        };
        assert!(are_few(&with(Some(10), 10, None), 0));
        assert!(!are_few(&with(Some(11), 11, None), 100));
        assert!(!are_few(&with(Some(40), 10_000, Some(1)), 100));
        assert!(are_few(&with(Some(3), 10_000, None), 1));
        assert!(are_few(&with(None, 10_000, Some(10)), 1));
        assert!(!are_few(&with(None, 10_000, Some(20)), 1));
    }

    #[test]
    fn slow_commands_are_analysed_after_few_runs_once_the_usual_time_is_up() {
        let due = |settings: CommandSettings, replicates: u64, seconds: u32| {
            let rule = settings.stopping_rule(2, 1);
            let interim = rule.interim.iter();
            let is_due = |a: &&InterimAnalysis| a.is_due(replicates, seconds * SECOND);
            interim.filter(is_due).count()
        };
        let counts = [(2, 60), (3, 5), (3, 6), (5, 60), (6, 60), (15, 1), (15, 2)];
        let expected = [0, 0, 1, 1, 2, 1, 2];
        assert_eq!(counts.map(|(n, time)| due(commands(), n, time)), expected);
        let at_least = CommandSettings {
            min_runs: Some(5),
            ..commands()
        };
        assert_eq!(due(at_least, 4, 60), 0);
        let bounded = CommandSettings {
            time: Some(60 * SECOND),
            ..commands()
        };
        assert_eq!(due(bounded, 6, 60), 0);
    }

    #[test]
    fn what_is_held_up_ends_after_twice_the_time() {
        let settings = FunctionSettings::new(VerdictRules::default(), 1);
        let rule = settings.stopping_rule(2, 1);
        let is_held_up =
            |millis, wanted| rule.is_held_up(1, Duration::from_millis(millis), wanted * SECOND);
        assert!(!is_held_up(3799, 0) && is_held_up(3800, 0));
        assert!(!is_held_up(5999, 3) && is_held_up(6000, 3));
        assert!(!is_held_up(59_999, 90) && is_held_up(60_000, 90));
        assert!(!rule.is_held_up(0, 60 * SECOND, Duration::ZERO));
    }

    #[test]
    fn the_share_that_is_done_counts_units_and_time() {
        let rule = StoppingRule {
            min_replicates: 10,
            max_replicates: 100,
            time: 4 * SECOND,
            longest: Duration::MAX,
            ..commands().stopping_rule(2, 1)
        };
        let share =
            |replicates, seconds| rule.share_done(replicates, seconds * SECOND, Duration::ZERO);
        assert_eq!(share(0, 0), 0.0);
        assert_eq!(share(5, 4), 0.5, "half of the fewest");
        assert_eq!(share(20, 1), 0.25, "a quarter of the time");
        assert_eq!(share(90, 1), 0.9, "nine of ten of all");
        assert_eq!(share(50, 40), 1.0);
    }
}
