//! The lab: compares the forms of a pattern with each other, in turn.
//!
//! It is perfkit's own comparison: blocks in which each form runs once, in random order, a
//! ratio from the pairs of a block, an interval and a verdict. All runs are in this process,
//! because lessons hold databases, runtimes and servers that take longer to set up than to
//! measure. So the layout of one program is in every value, and differences below 5 % count
//! as none.

use std::collections::BTreeMap;
use std::time::Duration;

use perfkit::bench::engine::{Blocks, CommandSettings, Experiment, Sampled, random_seed};
use perfkit::compare::{ComparisonSet, VerdictRules, add_diagnostics, compare_set};
use perfkit::report::{Environment, Note, Report, Sampling};
use perfkit::{Clock, Metric, Monitor};

use crate::finding::{Finding, Measured, add_counts};
use crate::form::Form;
use crate::lesson::{Error, Lesson};
use crate::question::{Amounts, Question};

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// So much that verdicts are sure.
    Full,
    /// Each form a few times, which shows that it runs, and decides nothing.
    Quick,
}

/// Measures the lessons, one after the other, and keeps what it finds.
pub struct Lab {
    effort: Effort,
    lesson: Option<Lesson>,
    /// What was found, in the order of the questions.
    pub findings: Vec<Finding>,
    /// The same with all values.
    pub(crate) report: Report,
    /// What was measured with, beside this program, and of which version.
    pub engines: BTreeMap<&'static str, String>,
    /// Counts hit rates, queue lengths and the like, for the report too.
    pub monitor: Monitor,
    announce: fn(&str),
}

impl Lab {
    /// How long the forms of a question are measured, all together.
    const TIME: Duration = Duration::from_secs(4);
    /// Enough to read the clock around.
    const SHORTEST_RUN: Duration = Duration::from_micros(100);
    const LONGEST_RUN: Duration = Duration::from_millis(20);

    /// A lab that says by `announce` what it measures.
    #[must_use]
    pub fn new(effort: Effort, announce: fn(&str)) -> Self {
        Self {
            effort,
            lesson: None,
            findings: Vec::new(),
            report: Report::new(Environment::detect(Clock::os().name())),
            engines: BTreeMap::new(),
            monitor: Monitor::new(),
            announce,
        }
    }

    /// Adds a note to the report.
    pub fn note(&mut self, note: Note) {
        self.report.notes.push(note);
    }

    /// Measures a lesson.
    ///
    /// # Errors
    /// What ended it; what it found before is kept.
    pub fn run(&mut self, lesson: &Lesson) -> Result<(), Error> {
        self.begin(lesson);
        (lesson.measure)(self)
    }

    /// What is found from now on is of this lesson.
    pub(crate) fn begin(&mut self, lesson: &Lesson) {
        self.lesson = Some(*lesson);
    }

    /// The report, with what the lessons counted in the lab's monitor.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut report = self.report.clone();
        report.merge_recorded(Report::from_snapshot(self.monitor.snapshot()));
        report
    }

    /// Whether little is measured, so that a lesson can take small inputs.
    #[must_use]
    pub fn is_quick(&self) -> bool {
        self.effort == Effort::Quick
    }

    /// Notes what a lesson is measured with.
    pub fn engine(&mut self, name: &'static str, version: impl Into<String>) {
        self.engines.insert(name, version.into());
    }

    /// Compares the times of forms, each with the first, which is the wrong one.
    ///
    /// # Errors
    /// A form that failed.
    pub fn compare<const N: usize>(
        &mut self,
        question: Question,
        mut forms: [Form<'_>; N],
    ) -> Result<(), Error> {
        let lesson = self.lesson()?;
        (self.announce)(&format!(
            "{:2} {}: {}",
            lesson.number,
            lesson.name,
            question.situation()
        ));
        set_calls(&mut forms)?;
        let of_form = |form: &Form<'_>| name(&lesson, &question, form.name);
        let set = ComparisonSet::against(0, forms.iter().map(of_form).collect());
        let sampled = self.sample(&set, &mut forms, question.claimed.is_some());
        if let Some((index, failure)) = sampled.failure {
            let failed = forms.get(index).map_or("", |form| form.name);
            return Err(format!("`{failed}` failed: {}", failure.reason).into());
        }
        let mut benchmarks = sampled.benchmarks;
        let times = [Metric::WALL_TIME];
        let comparisons = compare_set(&benchmarks, &set, &times, &sampled.rules);
        let medians = benchmarks.iter().map(|benchmark| {
            let time = benchmark.metrics.get(&Metric::WALL_TIME);
            time.and_then(|time| time.median)
        });
        let medians: Vec<Option<f64>> = medians.collect();
        for (comparison, (wrong, right)) in comparisons.iter().zip(&set.pairs) {
            let both = medians[*wrong].zip(medians[*right]);
            self.findings.push(Finding {
                lesson,
                question,
                wrong: forms[*wrong].name,
                right: forms[*right].name,
                measured: Measured::Time(
                    Box::new(comparison.clone()),
                    both.map(|(wrong, right)| [wrong, right]),
                ),
            });
        }
        for note in add_diagnostics(&mut benchmarks) {
            if !self.report.notes.contains(&note) {
                self.report.notes.push(note);
            }
        }
        self.report.benchmarks.extend(benchmarks);
        self.report.comparisons.extend(comparisons);
        self.add_sampling(sampled.sampling);
        Ok(())
    }

    /// Notes what two forms did of something, counted exactly; the first is the wrong one.
    ///
    /// # Errors
    /// None within a lesson.
    pub fn counted(
        &mut self,
        question: Question,
        [wrong, right]: [&'static str; 2],
        metric: &'static str,
        amounts: Amounts,
    ) -> Result<(), Error> {
        let lesson = self.lesson()?;
        let names = [wrong, right].map(|form| name(&lesson, &question, form));
        add_counts(&mut self.report, names, &Metric::named(metric), amounts);
        let (amounts, unit) = amounts.in_unit();
        self.findings.push(Finding {
            lesson,
            question,
            wrong,
            right,
            measured: Measured::Counted(metric, amounts, unit),
        });
        Ok(())
    }

    fn lesson(&self) -> Result<Lesson, Error> {
        self.lesson.ok_or_else(|| "no lesson was begun".into())
    }

    /// A verdict is clear long before it is clear whether a claim shows.
    const RUNS_FOR_CLAIM: u64 = 30;

    fn sample(&self, set: &ComparisonSet, forms: &mut [Form<'_>], is_claimed: bool) -> Sampled {
        let rules = VerdictRules {
            confidence: 0.99,
            indifference: 0.05,
            same_confidence: 0.99,
        };
        let is_quick = self.is_quick();
        let for_claim = is_claimed.then_some(Self::RUNS_FOR_CLAIM);
        let settings = CommandSettings {
            rules,
            time: Some(Self::TIME),
            warmup_runs: u64::from(!is_quick),
            keeps_slow_warmup: false,
            min_runs: if is_quick { Some(2) } else { for_claim },
            max_runs: if is_quick { 2 } else { 2000 },
        };
        Experiment {
            set,
            rule: &settings.stopping_rule(forms.len(), set.pairs.len()),
            seed: random_seed(),
            clock: &Clock::os(),
        }
        .run(&mut Blocks::of(forms), &mut |_| {})
    }

    fn add_sampling(&mut self, sampling: Sampling) {
        match &mut self.report.sampling {
            None => self.report.sampling = Some(sampling),
            Some(all) => {
                all.blocks += sampling.blocks;
                all.warmup_blocks += sampling.warmup_blocks;
            }
        }
    }
}

/// What a form is called in a report: perfkit's groups end at the last slash.
fn name(lesson: &Lesson, question: &Question, form: &str) -> String {
    format!("{} {}/{form}", lesson.number, question.situation())
}

/// Finds out how often each form has to be called between two readings of the clock: all of
/// them as often, so that the quickest can be timed and the slowest does not take long.
fn set_calls(forms: &mut [Form<'_>]) -> Result<(), Error> {
    let mut tried = Vec::new();
    for form in forms.iter_mut() {
        let once = form.try_out();
        tried.push(once.map_err(|error| format!("`{}` failed: {error}", form.name))?);
    }
    let (Some(quickest), Some(slowest)) = (tried.iter().min(), tried.iter().max()) else {
        return Ok(());
    };
    let times = |run: Duration, each: &Duration| (run.as_nanos() / each.as_nanos().max(1)) as u32;
    let wanted = times(Lab::SHORTEST_RUN, quickest) + 1;
    let most = times(Lab::LONGEST_RUN, slowest).max(1);
    let all_repeat = forms.iter().all(|form| form.repeats);
    let calls = if all_repeat { wanted.min(most) } else { 1 };
    forms.iter_mut().for_each(|form| form.calls = calls);
    Ok(())
}
