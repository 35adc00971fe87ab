//! What a run of a load generator came to, in a sentence.

use crate::load_run::{Arrivals, LoadModel, LoadRun, RatePhase};
use crate::unit::Unit;

use super::operation::OperationSnapshot;

/// Counts are told with all digits.
const DIGITS: usize = 20;

impl OperationSnapshot {
    /// What its load came to, in a sentence for people that says first whether it says
    /// anything; `None` of what was under no load.
    #[must_use]
    pub fn load_verdict(&self) -> Option<String> {
        let run = self.load.as_deref()?;
        if run.offered == 0 {
            return Some("inconclusive: nothing was due".to_owned());
        }
        let outcome = self.load_outcome(run);
        Some(match (self.unfit_generator(), run.model) {
            (Some(unfit), _) => format!(
                "inconclusive: the generator was unfit: {}; {outcome}",
                unfit.reason()
            ),
            (None, LoadModel::Closed) => {
                format!("closed load, which hides waiting: {outcome}")
            }
            (None, _) => outcome,
        })
    }

    fn load_outcome(&self, run: &LoadRun) -> String {
        let calls = self.lifetime.calls;
        let lacking = [
            (run.shed, "not started"),
            (calls.failure.saturating_sub(run.shed), "failed"),
            (calls.panic, "panicked"),
            (calls.cancelled, "cancelled"),
        ];
        let lacking = lacking.into_iter().filter(|(calls, _)| *calls > 0);
        let lacking: Vec<String> = lacking
            .map(|(n, how)| format!("{} {how}", count(n)))
            .collect();
        let due = count(run.offered);
        let cut_short = if run.is_interrupted {
            ", ended before its time"
        } else {
            ""
        };
        let load = format!("{}{cut_short}", run.description());
        match lacking.as_slice() {
            [] => format!("all {due} operations succeeded ({load})"),
            some => format!(
                "of {due} operations {} succeeded, {} ({load})",
                count(calls.success),
                some.join(", ")
            ),
        }
    }
}

impl LoadRun {
    /// What was asked of the generator, in words: `open, poisson, 5.00 k/s for 10.0 s`.
    #[must_use]
    pub fn description(&self) -> String {
        let mut words = vec![match self.model {
            LoadModel::Open => "open".to_owned(),
            LoadModel::Closed => format!("closed, clients: {}", count(self.clients)),
        }];
        words.extend(self.arrivals.map(|arrivals| match arrivals {
            Arrivals::Poisson => "poisson".to_owned(),
            Arrivals::Constant => "constant".to_owned(),
        }));
        match self.phases.as_slice() {
            [] => {}
            [only] => words.push(phase(only)),
            [first, .., last] => words.push(format!(
                "{} phases from {} to {}",
                self.phases.len(),
                phase(first),
                phase(last)
            )),
        }
        match self.shards.as_slice() {
            [] => {}
            [only] => words.push(format!("share {}/{}", only.number, only.of)),
            several => words.push(format!("{} shares", several.len())),
        }
        words.join(", ")
    }
}

fn phase(phase: &RatePhase) -> String {
    let rate = |rate| Unit::PerSecond.format(rate, 3);
    let time = Unit::Nanoseconds.format(phase.duration_ns as f64, 3);
    match phase.from == phase.to {
        true => format!("{} for {time}", rate(phase.from)),
        false => format!("{} to {} in {time}", rate(phase.from), rate(phase.to)),
    }
}

fn count(calls: u64) -> String {
    Unit::Count.format(calls as f64, DIGITS)
}
