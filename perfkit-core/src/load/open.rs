//! An open load, as it is asked for.

use std::time::Duration;

use crate::clock::Clock;
use crate::load_run::{Arrivals, LoadModel, LoadRun, LoadShard, RatePhase};

use super::handle::Handle;
use super::meter::Meter;
use super::schedule::Schedule;

/// Starts operations at this rate, in starts per second, for 10 s unless another time is asked
/// for, as a Poisson process.
///
/// A rate that is not above 0 starts nothing; the highest that is taken is 10⁸ in a second.
pub fn open(rate: f64) -> Open {
    Open {
        name: "load".to_owned(),
        rates: Rates::Steps(vec![rate]),
        arrivals: Arrivals::Poisson,
        duration: Duration::from_secs(10),
        warm_up: Duration::ZERO,
        max_in_flight: 10_000,
        drain: Duration::from_secs(10),
        seed: 0,
        shard: None,
        handle: Handle::default(),
    }
}

/// A load whose operations are started when they are due. See [`open`].
#[derive(Debug)]
#[must_use = "nothing is started before it is run"]
pub struct Open {
    name: String,
    rates: Rates,
    arrivals: Arrivals,
    duration: Duration,
    warm_up: Duration,
    pub(super) max_in_flight: u64,
    pub(super) drain: Duration,
    seed: u64,
    shard: Option<LoadShard>,
    pub(super) handle: Handle,
}

/// How rates follow each other within the duration.
#[derive(Debug)]
enum Rates {
    Steps(Vec<f64>),
    Ramp(f64, f64),
}

impl Open {
    /// Starts come as those of users who know nothing of each other: the gaps between them are
    /// exponential. The default: it is what a service meets, and harder than equal gaps.
    pub fn poisson(mut self) -> Self {
        self.arrivals = Arrivals::Poisson;
        self
    }

    /// All gaps between starts are alike.
    pub fn constant(mut self) -> Self {
        self.arrivals = Arrivals::Constant;
        self
    }

    /// The arrivals that are named.
    pub fn arrivals(mut self, arrivals: Arrivals) -> Self {
        self.arrivals = arrivals;
        self
    }

    /// The rate goes evenly from one to another, in starts per second.
    pub fn ramp(mut self, from: f64, to: f64) -> Self {
        self.rates = Rates::Ramp(from, to);
        self
    }

    /// The rates follow each other, each for an equal part of the time, in starts per second.
    pub fn steps(mut self, rates: impl IntoIterator<Item = f64>) -> Self {
        self.rates = Rates::Steps(rates.into_iter().collect());
        self
    }

    /// For how long operations are started and counted, after the warm-up.
    pub fn for_(mut self, duration: Duration) -> Self {
        self.duration = duration;
        self
    }

    /// For how long operations are started before, at the first rate, and not counted.
    pub fn warm_up(mut self, duration: Duration) -> Self {
        self.warm_up = duration;
        self
    }

    /// How many operations may be in flight, 10,000 by default. What is due beyond that is shed:
    /// it is not started, and counted as a failure.
    pub fn max_in_flight(mut self, most: u64) -> Self {
        self.max_in_flight = most;
        self
    }

    /// How long operations that are in flight at the end are waited for, 10 s by default. Those
    /// that take longer are cancelled, and counted as that.
    pub fn drain(mut self, longest: Duration) -> Self {
        self.drain = longest;
        self
    }

    /// What a Poisson process is drawn from: the same seed has the same moments, on any machine.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Only a share of the schedule: all shares, each run by a generator of its own from about
    /// the same moment on, are the whole exactly.
    pub fn shard(mut self, shard: LoadShard) -> Self {
        self.shard = Some(shard);
        self
    }

    /// The name of the operation in reports, `load` by default.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// What ends the run before its time and reads it while it goes on.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Uses this handle, which must be of no other run.
    pub fn with_handle(mut self, handle: Handle) -> Self {
        self.handle = handle;
        self
    }

    fn phases(&self) -> Vec<RatePhase> {
        let ns = nanoseconds(self.duration);
        match &self.rates {
            Rates::Ramp(from, to) => vec![RatePhase::new(*from, *to, ns)],
            Rates::Steps(rates) => {
                let each = ns / (rates.len() as u64).max(1);
                let phase = |rate: &f64| RatePhase::new(*rate, *rate, each);
                rates.iter().map(phase).collect()
            }
        }
    }

    /// What there is to run.
    pub(super) fn plan(&self) -> Plan {
        let phases = self.phases();
        let warm_up_ns = nanoseconds(self.warm_up);
        let first = phases.first().map_or(0.0, |phase| phase.from);
        let mut all = vec![RatePhase::new(first, first, warm_up_ns)];
        all.extend(&phases);
        let schedule = Schedule::new(&all, self.arrivals, self.seed, self.shard);
        let finite = |rate: f64| if rate.is_finite() { rate.max(0.0) } else { 0.0 };
        let mut run = LoadRun::new(LoadModel::Open);
        run.arrivals = Some(self.arrivals);
        run.phases = phases
            .iter()
            .map(|p| RatePhase::new(finite(p.from), finite(p.to), p.duration_ns))
            .collect();
        run.seed = Some(self.seed);
        run.shards = self.shard.into_iter().collect();
        Plan {
            name: self.name.clone(),
            clock: Clock::os(),
            schedule,
            run,
            warm_up_ns,
            drain_ns: nanoseconds(self.drain),
        }
    }
}

/// A run as it was asked for.
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) clock: Clock,
    pub(super) schedule: Schedule,
    pub(super) run: LoadRun,
    pub(super) warm_up_ns: u64,
    pub(super) drain_ns: u64,
}

impl Plan {
    pub(super) fn meter(&self, max_in_flight: u64) -> Meter {
        Meter::new(
            &self.name,
            self.clock.clone(),
            self.warm_up_ns,
            max_in_flight,
        )
    }
}

pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
