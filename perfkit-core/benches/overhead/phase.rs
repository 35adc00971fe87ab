//! What was measured with one number of threads, and the numbers drawn from it.
//!
//! Every number is the median of what the rounds say, each of which compares
//! batches that ran within a fraction of a second of each other.

use perfkit::MetricSummary;
use perfkit::unit::Unit;

use crate::implementations::Setting;
use crate::implementations::reference::EMPTY;

/// The results of all trials.
#[derive(Debug)]
pub(crate) struct Phase {
    pub(crate) threads: usize,
    /// How many cores the threads had at once.
    pub(crate) cores: f64,
    pub(crate) results: Vec<Results>,
}

/// The results of one trial.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) implementation: &'static str,
    pub(crate) setting: Setting,
    /// Nanoseconds per call, of each round.
    pub(crate) ns: Vec<f64>,
}

impl Phase {
    pub(crate) fn rounds(&self) -> usize {
        self.results.first().map_or(0, |results| results.ns.len())
    }

    /// Nanoseconds per call.
    pub(crate) fn ns(&self, implementation: &str, setting: Setting) -> Option<f64> {
        self.compare([implementation], setting, |[ns]| ns)
    }

    /// How many times as long a call takes as one of the other: the whole calls,
    /// with what an empty call takes on both sides.
    pub(crate) fn ratio(&self, one: &str, other: &str, setting: Setting) -> Option<f64> {
        self.compare([one, other], setting, |[one, other]| one / other)
    }

    /// How many nanoseconds longer a call takes than one of the other.
    pub(crate) fn excess(&self, one: &str, other: &str, setting: Setting) -> Option<f64> {
        self.compare([one, other], setting, |[one, other]| one - other)
    }

    /// How many times as dear measuring a call is as with the other, in the tight
    /// loop. The price is what a call takes beyond an empty one, and so many
    /// nanoseconds of deferred work.
    pub(crate) fn dearness(&self, [one, other]: [&str; 2], deferred: [f64; 2]) -> Option<f64> {
        let [later, other_later] = deferred;
        self.compare(
            [one, other, EMPTY],
            Setting::Tight,
            |[one, other, empty]| (one - empty + later) / (other - empty + other_later),
        )
    }

    fn compare<const N: usize>(
        &self,
        implementations: [&str; N],
        setting: Setting,
        of_round: impl Fn([f64; N]) -> f64,
    ) -> Option<f64> {
        let mut all = [&[][..]; N];
        for (ns, implementation) in all.iter_mut().zip(implementations) {
            *ns = self.of(implementation, setting)?;
        }
        let rounds = (0..self.rounds()).map(|round| of_round(all.map(|ns| ns[round])));
        let rounds: Vec<f64> = rounds.collect();
        MetricSummary::from_values(Unit::Nanoseconds, &rounds).median
    }

    fn of(&self, implementation: &str, setting: Setting) -> Option<&[f64]> {
        let mut results = self.results.iter();
        let found =
            results.find(|of| of.implementation == implementation && of.setting == setting)?;
        Some(&found.ns)
    }
}
