//! What a regression rule is for: pairs of the same thing in two states, and what only
//! one of them has.

use std::collections::BTreeSet;

use perfkit::budget::engine::Amount;
use perfkit::compare::{
    ComparisonSet, Sessions, VerdictRules, compare_paired, compare_unpaired,
    compare_unpaired_operations,
};
use perfkit::report::{
    Benchmark, Comparison, GateFinding, GateOutcome, Note, NoteCode, OneSided, Report, Side,
};
use perfkit::{Metric, MetricSummary};

use crate::input::{OnMissing, Regression, Scope};

use super::finding::{listed, not_measured, nothing_matched, outcome_of};
use super::sides::{Sides, benchmark_names, names_of_kind};

/// The comparison in a metric, by default in time; by throughput where another tool
/// measured only that.
fn compare_sessions(
    sessions: &Sessions<'_, Benchmark>,
    metric: Option<&Metric>,
    rules: &VerdictRules,
) -> Comparison {
    let all = || sessions.baseline.iter().chain(&sessions.candidate);
    let has = |metric| all().all(|session| session.metrics.contains_key(metric));
    let is_by_throughput = !has(&Metric::WALL_TIME) && has(&Metric::THROUGHPUT);
    let usual = if is_by_throughput {
        Metric::THROUGHPUT
    } else {
        Metric::WALL_TIME
    };
    compare_unpaired(sessions, metric.unwrap_or(&usual), rules)
}

/// The median; the mean where another tool reported no more.
fn middle(summary: Option<&MetricSummary>) -> Option<Amount> {
    let summary = summary?;
    let value = summary.median.or(summary.mean)?;
    Some(Amount {
        value,
        unit: summary.unit,
    })
}

/// What a rule is for.
pub(super) struct Pair {
    pub(super) subject: String,
    pub(super) comparison: Comparison,
    /// The baseline's median, or else its mean, where it is known.
    pub(super) baseline: Option<Amount>,
    /// By how much things may differ from themselves, where that was measured.
    pub(super) noise: Option<f64>,
    /// Whether both are one program.
    pub(super) is_known_same: bool,
}

/// All that a rule is for, and what has no counterpart.
#[derive(Default)]
pub(super) struct Pairs {
    pub(super) all: Vec<Pair>,
    /// What only one side has of it, by the report that says so: of several programs with
    /// one name, one may lack what another has.
    only_in_baseline: BTreeSet<(usize, OneSided)>,
    only_in_candidate: BTreeSet<(usize, OneSided)>,
    /// All that has a counterpart, whether the rule is for it or not, by its report.
    both: BTreeSet<(usize, OneSided)>,
    /// How many reports were taken in before.
    reports: usize,
    /// What other shares of the benchmarks have.
    elsewhere: BTreeSet<String>,
    /// What others are compared with.
    baselines: BTreeSet<String>,
    /// What it matches of the values that programs handed over, whose times nobody measured.
    of_values: BTreeSet<String>,
    /// What these were measured in.
    metrics: BTreeSet<Metric>,
    pub(super) notes: Vec<Note>,
}

impl Pairs {
    /// Whether anything was measured with what it is compared with, whatever rules are for.
    pub(super) fn is_any_measured(&self) -> bool {
        !(self.both.is_empty() && self.only_in_candidate.is_empty() && self.elsewhere.is_empty())
    }

    /// What is new has nothing to be compared with; what is gone is decided by `missing`. What
    /// calls of the other side may be that have lost their names is undecided.
    pub(super) fn unpaired(
        &self,
        regression: &Regression,
        rule: &str,
        missing: Option<OnMissing>,
        lost: impl Fn(Side, &str) -> Option<String>,
    ) -> Vec<GateFinding> {
        let finding = |one: &OneSided, measured: &str, outcome| {
            let finding = GateFinding::new(&one.name, rule, measured, outcome);
            finding.of_program(one.program.as_deref())
        };
        let undecided = |one: &OneSided, side: Side| {
            let measured = format!(
                "not in the {}, where {}",
                side.word(),
                lost(side, &one.name)?
            );
            Some(finding(one, &measured, GateOutcome::Inconclusive))
        };
        let of_gone = match missing {
            Some(missing) => outcome_of(missing),
            None if regression.scope.is_literal() => GateOutcome::Fail,
            None => GateOutcome::Warn,
        };
        let is_meant = |one: &&OneSided| regression.scope.matches(&one.name);
        let new = each_once(&self.only_in_candidate).filter(is_meant);
        let new = new.map(|one| {
            let measured = "new: the baseline does not have it, so there is nothing to compare";
            let passes = || finding(one, measured, GateOutcome::Pass);
            undecided(one, Side::Baseline).unwrap_or_else(passes)
        });
        let gone = self.gone().filter(is_meant);
        let gone = gone.map(|one| {
            let measured = "gone: only the baseline has it; `missing` in [gate] decides about that";
            let is_gone = || finding(one, measured, of_gone);
            undecided(one, Side::Candidate).unwrap_or_else(is_gone)
        });
        new.chain(gone).collect()
    }

    /// What none of the reports has: one report may lack what another holds.
    fn gone(&self) -> impl Iterator<Item = &OneSided> {
        let is_in_another = |(report, gone): &(usize, OneSided)| {
            let mut both = self.both.iter();
            both.any(|(other, there)| other != report && there.may_be(gone))
        };
        let gone = self.only_in_baseline.iter();
        each_once(gone.filter(move |gone| !is_in_another(gone)))
    }

    /// Where nothing is left of what the rule was for, nothing was compared.
    pub(super) fn none_in_common(
        &self,
        regression: &Regression,
        rule: &str,
    ) -> Option<GateFinding> {
        let is_meant = |one: &&OneSided| regression.scope.matches(&one.name);
        let is_new = |name: &str| {
            self.only_in_candidate
                .iter()
                .any(|(_, one)| one.name == name)
        };
        let gone = self.gone().filter(is_meant);
        let gone: Vec<String> = gone.map(|one| one.label(is_new(&one.name))).collect();
        let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
        let is_all_gone = self.all.is_empty() && !gone.is_empty();
        (is_all_gone && !regression.scope.is_literal()).then(|| {
            let measured = format!(
                "baseline and candidate have none in common; only the baseline has {}",
                listed(&gone)
            );
            let subject = regression.scope.to_string();
            GateFinding::new(subject, rule, measured, GateOutcome::DataAtFault)
        })
    }

    /// A rule that is for nothing.
    pub(super) fn nothing(
        &self,
        regression: &Regression,
        rule: &str,
        has_baseline: bool,
    ) -> GateFinding {
        let one_sided = self.only_in_baseline.iter().chain(&self.only_in_candidate);
        let names = self.both.iter().chain(one_sided).map(|(_, one)| &one.name);
        let names: BTreeSet<&String> = names.chain(&self.elsewhere).collect();
        let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
        let mut finding = nothing_matched(&regression.scope, rule, &names);
        let baseline = self
            .baselines
            .iter()
            .find(|name| regression.scope.matches(name));
        if let Some(baseline) = baseline {
            finding.measured = format!("{baseline} is what the others are compared with");
            finding.outcome = GateOutcome::RuleAtFault;
        } else if !self.of_values.is_empty() {
            let of_values: Vec<&str> = self.of_values.iter().map(String::as_str).collect();
            finding.measured = format!(
                "nobody measured a time of {}: values that a program handed over are bounded by a [[budget]] with `metric`",
                listed(&of_values)
            );
            finding.outcome = GateOutcome::RuleAtFault;
        } else if !has_baseline {
            "there is no baseline to compare with: give one with --baseline or --against, or measure one with --base"
                .clone_into(&mut finding.measured);
            finding.outcome = GateOutcome::RuleAtFault;
        }
        finding
    }

    /// A rule on a metric that nothing has which it is for.
    pub(super) fn no_such_metric(
        &self,
        regression: &Regression,
        rule: &str,
    ) -> Option<GateFinding> {
        let metric = regression.metric.as_ref()?;
        let is_unknown = !self.all.is_empty() && !self.metrics.contains(metric);
        let known: Vec<&str> = self.metrics.iter().map(Metric::name).collect();
        is_unknown.then(|| not_measured(&regression.scope, rule, metric, &known))
    }

    /// Remembers what two have in common.
    fn learn(&mut self, baseline: &Benchmark, candidate: &Benchmark) {
        let both = OneSided::new(&candidate.name, candidate.program.as_deref());
        self.both.insert((self.reports, both));
        let both = candidate.metrics.keys();
        let both = both.filter(|metric| baseline.metrics.contains_key(*metric));
        self.metrics.extend(both.cloned());
    }

    /// What took turns in a comparison, each against its baseline.
    pub(super) fn add_interleaved(
        &mut self,
        report: &Report,
        rule: &Regression,
        rules: &VerdictRules,
    ) {
        if !matches!(rule.scope, Scope::Benchmark(_)) {
            return;
        }
        let elsewhere = report.shard.iter().flat_map(|shard| &shard.elsewhere);
        self.elsewhere.extend(elsewhere.cloned());
        let metric = rule.metric.as_ref().unwrap_or(&Metric::WALL_TIME);
        let set = ComparisonSet::of_report(report);
        let pairs = set.pairs.iter().filter(|pair| !set.controls.contains(pair));
        let before = self.all.len();
        for pair in pairs {
            let sides = (report.benchmarks.get(pair.0), report.benchmarks.get(pair.1));
            let (Some(baseline), Some(candidate)) = sides else {
                continue;
            };
            self.learn(baseline, candidate);
            self.baselines.insert(baseline.name.clone());
            if rule.scope.matches(&candidate.name) {
                self.all.push(Pair {
                    subject: candidate.name.clone(),
                    baseline: middle(baseline.metrics.get(metric)),
                    comparison: compare_paired(baseline, candidate, metric, rules),
                    noise: set.noise(pair.0, &report.benchmarks, metric),
                    is_known_same: set.same_programs.iter().any(|(same, _)| same == pair),
                });
            }
        }
        let of_report = |one: &OneSided| (self.reports, one.clone());
        let (gone, new) = (&report.only_in_baseline, &report.only_in_candidate);
        self.only_in_baseline.extend(gone.iter().map(of_report));
        self.only_in_candidate.extend(new.iter().map(of_report));
        self.reports += 1;
        let lacks_control = |pair: &Pair| pair.comparison.ratio.is_some() && pair.noise.is_none();
        if self.all.iter().skip(before).any(lacks_control) {
            self.notes.push(Note::info(
                NoteCode::NoControl,
                "by how much this machine makes things differ from themselves was not measured: `perfkit compare --control` does",
            ));
        }
    }

    /// What both sides have in saved reports, of which each is a session.
    pub(super) fn add_saved(&mut self, sides: &Sides<'_>, rule: &Regression, rules: &VerdictRules) {
        match &rule.scope {
            Scope::Benchmark(_) => {
                let names = benchmark_names(sides.candidate).into_iter();
                let mut seen = BTreeSet::new();
                let names = names.chain(benchmark_names(sides.baseline));
                let names = names.filter(|name| seen.insert(*name));
                for name in names {
                    let of_name = sides.of_benchmark(name);
                    for (side, only) in [
                        (Side::Baseline, &mut self.only_in_baseline),
                        (Side::Candidate, &mut self.only_in_candidate),
                    ] {
                        let programs = of_name.only_in(side).into_iter();
                        let of_side = programs.map(|program| OneSided::new(name, program));
                        only.extend(of_side.map(|one| (self.reports, one)));
                    }
                    for sessions in of_name.both {
                        self.add_sessions(name, &sessions, rule, rules);
                    }
                }
            }
            // Numbers have budgets alone.
            Scope::Number(..) => {}
            Scope::Operation(_) => {
                for reports in [sides.baseline, sides.candidate] {
                    let of_values = names_of_kind(reports, true).into_iter();
                    let is_meant = |name: &&String| rule.scope.matches(name);
                    self.of_values.extend(of_values.filter(is_meant).cloned());
                }
                let names = (
                    names_of_kind(sides.baseline, false),
                    names_of_kind(sides.candidate, false),
                );
                for name in self.common(&names.0, &names.1) {
                    if let Some(sessions) = sides.of_operation(name) {
                        self.both.insert((self.reports, OneSided::new(name, None)));
                        let comparison = compare_unpaired_operations(&sessions, rules);
                        let newest = sessions.baseline.last();
                        let newest = newest.map(|then| &then.lifetime.metrics);
                        let summary = newest.and_then(|then| then.get(&comparison.metric));
                        self.add_pair(name, comparison, middle(summary), rule);
                    }
                }
                // That a side lost no names any more, or none before, is no operation of its own.
                for only in [&mut self.only_in_baseline, &mut self.only_in_candidate] {
                    only.retain(|(_, one)| !sides.is_overflow(&one.name));
                }
            }
        }
    }

    /// A benchmark of a program that both sides have.
    fn add_sessions(
        &mut self,
        name: &str,
        sessions: &Sessions<'_, Benchmark>,
        rule: &Regression,
        rules: &VerdictRules,
    ) {
        let newest = sessions.baseline.last().zip(sessions.candidate.last());
        if let Some((then, now)) = newest {
            self.learn(then, now);
            let comparison = compare_sessions(sessions, rule.metric.as_ref(), rules);
            let summary = then.metrics.get(&comparison.metric);
            self.add_pair(name, comparison, middle(summary), rule);
        }
    }

    /// The names that both sides have; what only one has is remembered.
    fn common<'a>(&mut self, before: &[&'a String], after: &[&'a String]) -> Vec<&'a String> {
        let then: BTreeSet<_> = before.iter().copied().collect();
        let now: BTreeSet<_> = after.iter().copied().collect();
        let of_report = |name: &&String| (self.reports, OneSided::new(*name, None));
        let gone = then.difference(&now).map(of_report);
        self.only_in_baseline.extend(gone);
        let new = now.difference(&then).map(of_report);
        self.only_in_candidate.extend(new);
        let after = after.iter().copied();
        after.filter(|name| then.contains(name)).collect()
    }

    fn add_pair(
        &mut self,
        name: &str,
        comparison: Comparison,
        baseline: Option<Amount>,
        rule: &Regression,
    ) {
        if rule.scope.matches(name) {
            self.all.push(Pair {
                subject: name.to_owned(),
                comparison,
                baseline,
                noise: None,
                is_known_same: false,
            });
        }
    }
}

/// Each once, whichever reports have it.
fn each_once<'a>(
    all: impl IntoIterator<Item = &'a (usize, OneSided)>,
) -> impl Iterator<Item = &'a OneSided> {
    let all: BTreeSet<&OneSided> = all.into_iter().map(|(_, one)| one).collect();
    all.into_iter()
}
