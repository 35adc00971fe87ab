//! Whether this machine lets the gate tell a slowdown from none: work that is compared with
//! itself has to pass, and the same work slowed down has to fail.

use perfkit::Metric;
use perfkit::budget::engine::DIGITS;
use perfkit::compare::{ComparisonSet, VerdictRules, compare_paired};
use perfkit::report::{Gate, GateFinding, GateOutcome, Report};
use perfkit::unit::Unit;
use toml::value::Date;
use wildmatch::WildMatch;

use crate::error::Error;
use crate::input::{GateRules, Limit, OnInconclusive, Regression, Scope};

use super::confirmation::{confirm, is_suspected};
use super::gate::{gate_of, judge};

/// What is tolerated where no rule says it.
const USUAL_LIMIT: f64 = 0.05;

/// What the work takes more of where it is slowed down.
const TIMES: [Metric; 2] = [Metric::WALL_TIME, Metric::CPU_TIME];

/// What the slowdown of the slowed work exceeds the bound by, at least and at most.
const LEAST_EXCESS: f64 = 0.02;
const MOST_EXCESS: f64 = 1.0;

/// The laxest rule that is tested: work that breaks it takes several times as long.
const LAXEST_LIMIT: f64 = 10.0;

/// What is compared, in the order in which it is measured.
pub(crate) const BASELINE: &str = "the work";
pub(crate) const SAME: &str = "the same work";
pub(crate) const SLOWED: &str = "the slowed work";

/// A self-test of the gate.
#[derive(Clone, Debug)]
pub(crate) struct SelfTest {
    /// The slowdown that the strictest rule on times tolerates.
    pub(crate) limit: f64,
    /// The metric that it is on instead of the wall time.
    metric: Option<Metric>,
    /// Whether it is a rule's, and not the usual one.
    pub(crate) has_rule: bool,
    rules: GateRules,
}

/// What a self-test came to.
#[derive(Debug)]
pub(crate) struct SelfTested {
    /// What was expected of both, and what was found.
    pub(crate) gate: Gate,
    /// What could have been told by the metric of the rule.
    pub(crate) by_rule: Option<Resolution>,
    /// What could have been told by CPU time, which other programs disturb less.
    pub(crate) by_cpu_time: Option<Resolution>,
}

/// The smallest slowdowns that could have been told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Resolution {
    pub(crate) told_from_none: f64,
    pub(crate) breaks_the_rule: f64,
}

impl SelfTest {
    /// By the strictest rule on times, at the confidence of the gate.
    pub(crate) fn of(rules: &GateRules) -> Result<Self, Error> {
        let of_times = rules.regressions.iter().filter_map(|rule| {
            let share = match rule.limit {
                Limit::Share(share) => Some(share),
                Limit::Amount(_) => None,
            };
            let is_of_times = rule
                .metric
                .as_ref()
                .is_none_or(|metric| TIMES.contains(metric));
            Some((share.filter(|_| is_of_times)?, rule.metric.clone()))
        });
        let strictest = of_times.min_by(|a, b| a.0.total_cmp(&b.0));
        let has_rule = strictest.is_some();
        let (limit, metric) = strictest.unwrap_or((USUAL_LIMIT, None));
        if limit > LAXEST_LIMIT {
            return Err(too_lax(limit));
        }
        Ok(Self {
            limit,
            metric,
            has_rule,
            rules: GateRules {
                confidence: rules.confidence,
                ..GateRules::default()
            },
        })
    }

    /// How much slower the slowed work is: twice what is tolerated, within bounds.
    pub(crate) fn slowdown(&self) -> f64 {
        self.limit + self.limit.clamp(LEAST_EXCESS, MOST_EXCESS)
    }

    fn rules_for(&self, name: &str) -> GateRules {
        let rule = Regression {
            scope: Scope::Benchmark(WildMatch::new(name)),
            metric: self.metric.clone(),
            limit: Limit::Share(self.limit),
            min_change: None,
        };
        GateRules {
            regressions: vec![rule],
            ..self.rules.clone()
        }
    }

    fn judge(&self, report: &Report, name: &str, today: Date) -> Vec<GateFinding> {
        let reports = std::slice::from_ref(report);
        judge(reports, None, &self.rules_for(name), today).of_rules
    }

    /// Whether the gate would measure once more.
    pub(crate) fn is_suspected(&self, first: &Report, today: Date) -> bool {
        let mut names = [SAME, SLOWED].into_iter();
        names.any(|name| is_suspected(&self.judge(first, name, today)))
    }

    /// What one session, or two, come to.
    pub(crate) fn conclude(
        &self,
        first: &Report,
        second: Option<&Report>,
        today: Date,
    ) -> SelfTested {
        let found = |name| {
            let once = self.judge(first, name, today);
            let again = second.map(|second| self.judge(second, name, today));
            let findings = match again {
                Some(again) => confirm(once, &again),
                None => once,
            };
            findings.into_iter().next()
        };
        let findings = [
            found(SAME).map(|found| self.expected_to_pass(found)),
            found(SLOWED).map(|found| self.expected_to_fail(found)),
        ];
        let findings = findings.into_iter().flatten().collect();
        SelfTested {
            gate: gate_of(findings, OnInconclusive::Pass),
            by_rule: self.resolution(first, self.metric.as_ref().unwrap_or(&Metric::WALL_TIME)),
            by_cpu_time: self.resolution(first, &Metric::CPU_TIME),
        }
    }

    fn expected_to_pass(&self, found: GateFinding) -> GateFinding {
        let measured = match found.outcome {
            GateOutcome::Fail => format!("{}; a false alarm", found.measured),
            _ => found.measured,
        };
        let rule = format!("keeps {}", self.rule());
        GateFinding::new(SAME, rule, measured, found.outcome)
    }

    fn expected_to_fail(&self, found: GateFinding) -> GateFinding {
        let (outcome, measured) = match found.outcome {
            GateOutcome::Fail => (GateOutcome::Pass, found.measured),
            GateOutcome::Pass => (
                GateOutcome::Fail,
                format!("{}; it was missed", found.measured),
            ),
            other => (other, found.measured),
        };
        let rule = format!("breaks {}", self.rule());
        GateFinding::new(self.slowed(), rule, measured, outcome)
    }

    fn rule(&self) -> String {
        let limit = Unit::Ratio.format(self.limit, DIGITS);
        match &self.metric {
            None => format!("at most {limit} slower"),
            Some(metric) => format!("{metric} at most {limit} worse"),
        }
    }

    /// `the work with 10 % more steps`
    fn slowed(&self) -> String {
        let more = Unit::Ratio.format(self.slowdown(), DIGITS);
        format!("{BASELINE} with {more} more steps")
    }

    /// By the interval of the work against itself: intervals of other ratios measured with
    /// as much effort are as wide. What the work differs by from its control is noise.
    fn resolution(&self, report: &Report, metric: &Metric) -> Option<Resolution> {
        let of = |name: &str| report.benchmarks.iter().find(|b| b.name == name);
        let rules = VerdictRules {
            confidence: self.rules.confidence,
            same_confidence: self.rules.confidence,
            ..VerdictRules::default()
        };
        let ratio = compare_paired(of(BASELINE)?, of(SAME)?, metric, &rules).ratio?;
        let lower = ratio.low / ratio.estimate;
        let noise = noise(report, metric).unwrap_or(0.0);
        (lower > 0.0 && lower.is_finite()).then(|| Resolution {
            told_from_none: noise.max(1.0 / lower - 1.0),
            breaks_the_rule: (1.0 + self.limit.max(noise)) / lower - 1.0,
        })
    }
}

fn too_lax(limit: f64) -> Error {
    let shown = |share| Unit::Ratio.format(share, DIGITS);
    let message = format!(
        "the strictest rule on times tolerates {}, and the self-test makes its work slower by {} at most",
        shown(limit),
        shown(LAXEST_LIMIT + MOST_EXCESS)
    );
    let hint = format!(
        "give a rule of at most {}, or --config FILE with one",
        shown(LAXEST_LIMIT)
    );
    Error::usage(message).hint(hint)
}

/// By how much the work differs from its own control.
fn noise(report: &Report, metric: &Metric) -> Option<f64> {
    let set = ComparisonSet::of_report(report);
    let baseline = set.names.iter().position(|name| name == BASELINE)?;
    set.noise(baseline, &report.benchmarks, metric)
}

#[cfg(test)]
mod tests {
    use perfkit::MetricSummary;
    use perfkit::compare::compare_set;
    use perfkit::report::{Benchmark, Environment};

    use super::*;

    const TODAY: Date = Date {
        year: 2026,
        month: 1,
        day: 31,
    };

    /// Forty runs of each, which take so many times as long as the baseline and swing
    /// about that.
    fn report(same: f64, slowed: f64, swing: f64) -> Report {
        let benchmark = |name: &str, factor: f64, phase: f64| {
            let mut benchmark = Benchmark::new(name);
            benchmark.successes = 40;
            benchmark.blocks = (0..40).collect();
            let times = (0..40).map(|run| {
                let wave = (f64::from(run) * 2.4 + phase).sin();
                10e6 * factor * (1.0 + swing * wave)
            });
            let times = MetricSummary::from_samples(Unit::Nanoseconds, times.collect());
            benchmark.metrics.insert(Metric::WALL_TIME, times);
            benchmark
        };
        let mut report = Report::new(Environment::detect("mock"));
        report.benchmarks = vec![
            benchmark(BASELINE, 1.0, 0.0),
            benchmark(SAME, same, 1.0),
            benchmark(SLOWED, slowed, 2.0),
        ];
        let names = report.benchmarks.iter().map(|b| b.name.clone()).collect();
        let set = ComparisonSet::against(0, names);
        let rules = VerdictRules::default();
        report.comparisons = compare_set(&report.benchmarks, &set, &[Metric::WALL_TIME], &rules);
        report
    }

    fn of(rules: &GateRules) -> SelfTest {
        SelfTest::of(rules).unwrap()
    }

    fn rule(metric: Option<Metric>, limit: f64) -> Regression {
        Regression {
            scope: Scope::Benchmark(WildMatch::new("*")),
            metric,
            limit: Limit::Share(limit),
            min_change: None,
        }
    }

    fn rules(regressions: Vec<Regression>) -> GateRules {
        GateRules {
            regressions,
            ..GateRules::default()
        }
    }

    fn outcome(first: &Report, second: Option<&Report>) -> (GateOutcome, Vec<String>) {
        let test = of(&GateRules::default());
        let tested = test.conclude(first, second, TODAY);
        let told = tested.gate.findings.into_iter().map(|found| found.measured);
        (tested.gate.outcome, told.collect())
    }

    #[test]
    fn the_same_has_to_pass_and_the_slowed_has_to_fail() {
        let good = report(1.0, 1.1, 0.005);
        let test = of(&GateRules::default());
        assert!(test.is_suspected(&good, TODAY));
        let tested = test.conclude(&good, Some(&good), TODAY);
        assert_eq!(tested.gate.outcome, GateOutcome::Pass, "{tested:?}");
        assert_eq!(tested.gate.findings.len(), 2);
        let resolution = tested.by_rule.unwrap();
        let (none, rule) = (resolution.told_from_none, resolution.breaks_the_rule);
        assert!(none > 0.0 && none < 0.01, "{none}");
        assert_eq!(tested.by_cpu_time, None);
        assert!((rule - (1.05 * (1.0 + none) - 1.0)).abs() < 1e-9, "{rule}");
    }

    #[test]
    fn a_false_alarm_and_a_miss_fail_the_test() {
        let alarm = report(1.2, 1.2, 0.005);
        let (result, told) = outcome(&alarm, Some(&alarm));
        assert_eq!(result, GateOutcome::Fail);
        assert!(told[0].ends_with("; a false alarm"), "{told:?}");
        let missed = report(1.0, 1.0, 0.005);
        let (result, told) = outcome(&missed, None);
        assert_eq!(result, GateOutcome::Fail);
        assert!(told[0].ends_with("; it was missed"), "{told:?}");
    }

    #[test]
    fn an_alarm_that_a_second_session_takes_back_is_undecided() {
        let (alarm, good) = (report(1.2, 1.1, 0.005), report(1.0, 1.1, 0.005));
        assert_eq!(outcome(&alarm, Some(&good)).0, GateOutcome::Inconclusive);
    }

    #[test]
    fn a_machine_that_is_too_noisy_is_undecided() {
        let noisy = report(1.0, 1.1, 0.4);
        assert_eq!(outcome(&noisy, Some(&noisy)).0, GateOutcome::Inconclusive);
    }

    /// Nothing that is measured is known to be at most as slow as itself.
    #[test]
    fn a_rule_that_nothing_can_keep_is_not_said_to_be_kept_for_sure() {
        let test = of(&rules(vec![rule(None, 0.0)]));
        let tested = test.conclude(&report(1.0, 1.02, 0.0005), None, TODAY);
        let found = |subject: &str| {
            let of = |found: &&GateFinding| found.subject == subject;
            tested.gate.findings.iter().find(of).unwrap().outcome
        };
        assert_eq!(found(SAME), GateOutcome::Inconclusive);
        assert_eq!(found("the work with 2 % more steps"), GateOutcome::Pass);
        assert_eq!(tested.gate.outcome, GateOutcome::Inconclusive);
    }

    #[test]
    fn the_strictest_rule_on_times_decides() {
        let usual = of(&rules(vec![rule(Some(Metric::PEAK_MEMORY), 0.0)]));
        assert_eq!((usual.limit, usual.has_rule), (0.05, false));
        let strictest = of(&rules(vec![rule(None, 0.2), rule(None, 0.1)]));
        assert_eq!((strictest.limit, strictest.has_rule), (0.1, true));
        assert_eq!(strictest.slowdown(), 0.2);
        assert_eq!(of(&rules(vec![rule(None, 0.0)])).slowdown(), 0.02);
        let rules = rules(vec![rule(None, 0.2), rule(Some(Metric::CPU_TIME), 0.1)]);
        let by_cpu_time = of(&rules);
        assert_eq!(by_cpu_time.metric, Some(Metric::CPU_TIME));
        assert_eq!(by_cpu_time.rule(), "cpu_time at most 10 % worse");
    }

    #[test]
    fn a_lax_rule_makes_the_work_slower_within_bounds_or_is_refused() {
        let slowdown = |limit| of(&rules(vec![rule(None, limit)])).slowdown();
        assert_eq!((slowdown(0.5), slowdown(1.0)), (1.0, 2.0));
        assert_eq!((slowdown(5.0), slowdown(10.0)), (6.0, 11.0));
        let lax = [rule(None, 1e6), rule(Some(Metric::CPU_TIME), 1000.0)];
        let refused = SelfTest::of(&rules(lax.into())).unwrap_err();
        assert_eq!(
            refused.message(),
            "the strictest rule on times tolerates 100000 %, and the self-test makes its work slower by 1100 % at most"
        );
        let lax_beside_strict = vec![rule(None, 1000.0), rule(None, 0.1)];
        assert_eq!(of(&rules(lax_beside_strict)).slowdown(), 0.2);
    }
}
