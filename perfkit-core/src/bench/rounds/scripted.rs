//! Workers that take as long as a script says, on a clock that is set by hand.

use std::cell::RefCell;
use std::rc::Rc;

use super::*;
use crate::bench::engine::ThreadChecks;
use crate::bench::engine::{Experiment, FunctionSettings, Sampled};
use crate::clock::MockClock;
use crate::compare::ComparisonSet;
use std::collections::BTreeMap;

/// What the launcher and its workers were asked for, in order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    Launch(usize, Placement),
    Start(usize),
    Calibrate(usize),
    Batch(usize, BatchSize),
}

/// What one call of a implementation does on its nth process.
type Script = dyn Fn(usize, u64) -> Result<f64, WorkerError>;

/// Starts workers that take as long as a script says.
pub(super) struct Scripted {
    pub(super) clock: MockClock,
    events: Rc<RefCell<Vec<Event>>>,
    /// Nanoseconds of an iteration by implementation and round.
    script: Rc<Script>,
    /// How many of the samples of each batch fail, by implementation.
    pub(super) failing: Rc<dyn Fn(usize) -> u64>,
    launches: BTreeMap<usize, u64>,
    pub(super) launch_time: Duration,
    /// On how many threads the functions run, on two CPUs.
    pub(super) threads: usize,
    /// In which rounds the threads of an implementation do not get their CPUs.
    pub(super) withheld: Rc<dyn Fn(usize, u64) -> bool>,
}

pub(super) struct ScriptedWorker {
    implementation: usize,
    round: u64,
    clock: MockClock,
    events: Rc<RefCell<Vec<Event>>>,
    script: Rc<Script>,
    failing: Rc<dyn Fn(usize) -> u64>,
    withheld: Rc<dyn Fn(usize, u64) -> bool>,
}

impl Scripted {
    pub(super) fn new(script: impl Fn(usize, u64) -> Result<f64, WorkerError> + 'static) -> Self {
        Self {
            clock: MockClock::new(),
            events: Rc::default(),
            script: Rc::new(script),
            failing: Rc::new(|_| 0),
            launches: BTreeMap::new(),
            launch_time: Duration::ZERO,
            threads: 1,
            withheld: Rc::new(|_, _| false),
        }
    }

    /// Every iteration of a implementation takes as long as the one before it.
    pub(super) fn steady(iteration_ns: &'static [f64]) -> Self {
        Self::new(|implementation, _| Ok(iteration_ns[implementation]))
    }

    pub(super) fn run(&mut self, settings: &FunctionSettings) -> Sampled {
        self.run_set(&two(), settings)
    }

    pub(super) fn run_set(&mut self, set: &ComparisonSet, settings: &FunctionSettings) -> Sampled {
        self.run_seeded(set, settings, 7)
    }

    pub(super) fn run_seeded(
        &mut self,
        set: &ComparisonSet,
        settings: &FunctionSettings,
        seed: u64,
    ) -> Sampled {
        let clock = self.clock.clone().into();
        let experiment = Experiment {
            rule: &settings.stopping_rule(set.names.len(), set.pairs.len()),
            clock: &clock,
            set,
            seed,
        };
        let threads = self.threads;
        let mut rounds = Rounds::of(self, &clock).with_threads(threads, 2);
        experiment.run(&mut rounds, &mut |_| {})
    }

    pub(super) fn events(&self) -> Vec<Event> {
        self.events.borrow().clone()
    }

    /// The batches of each round.
    pub(super) fn batches_of_rounds(&self, implementations: usize) -> Vec<Vec<(usize, BatchSize)>> {
        let mut rounds: Vec<Vec<(usize, BatchSize)>> = Vec::new();
        let mut launched = 0;
        for event in self.events() {
            match event {
                Event::Launch(..) => {
                    if launched % implementations == 0 {
                        rounds.push(Vec::new());
                    }
                    launched += 1;
                }
                Event::Batch(implementation, size) => {
                    rounds.last_mut().unwrap().push((implementation, size));
                }
                Event::Start(_) | Event::Calibrate(_) => {}
            }
        }
        rounds
    }
}

impl Launcher for Scripted {
    type Worker = ScriptedWorker;

    fn launch(
        &mut self,
        implementation: usize,
        placement: Placement,
    ) -> Result<ScriptedWorker, WorkerError> {
        self.clock.advance(self.launch_time);
        let launch = Event::Launch(implementation, placement);
        self.events.borrow_mut().push(launch);
        let launches = self.launches.entry(implementation).or_default();
        *launches += 1;
        Ok(ScriptedWorker {
            implementation,
            round: *launches - 1,
            clock: self.clock.clone(),
            events: Rc::clone(&self.events),
            script: Rc::clone(&self.script),
            failing: Rc::clone(&self.failing),
            withheld: Rc::clone(&self.withheld),
        })
    }

    fn await_start(
        &mut self,
        implementation: usize,
        _: &mut ScriptedWorker,
    ) -> Result<(), WorkerError> {
        self.events.borrow_mut().push(Event::Start(implementation));
        Ok(())
    }
}

impl Worker for ScriptedWorker {
    fn calibrate(&mut self, target: Duration) -> Result<Calibration, WorkerError> {
        self.events
            .borrow_mut()
            .push(Event::Calibrate(self.implementation));
        let iteration_ns = (self.script)(self.implementation, self.round)?;
        let twice = 2.0 * target.as_nanos() as f64;
        let taken = twice.max(iteration_ns);
        self.clock.advance(Duration::from_nanos(taken as u64));
        Ok(Calibration {
            iteration_ns,
            loop_ns: 0.3,
        })
    }

    fn batch(&mut self, size: BatchSize, _: Duration) -> Result<Batch, WorkerError> {
        self.events
            .borrow_mut()
            .push(Event::Batch(self.implementation, size));
        let iteration_ns = (self.script)(self.implementation, self.round)?;
        let sample_ns = size.iterations as f64 * iteration_ns;
        let all_ns = size.samples as f64 * sample_ns;
        let warm_up_ns = size.warm_up as f64 * iteration_ns;
        let taken_ns = warm_up_ns + all_ns;
        self.clock.advance(Duration::from_nanos(taken_ns as u64));
        if (self.withheld)(self.implementation, self.round) {
            self.clock.advance(3 * Duration::from_nanos(all_ns as u64));
            let discarded = 4 * size.samples;
            return Ok(Batch {
                threads: ThreadChecks {
                    discarded,
                    ..ThreadChecks::default()
                },
                ..Batch::default()
            });
        }
        let failures = (self.failing)(self.implementation).min(size.samples);
        Ok(Batch {
            wall_ns: vec![sample_ns; (size.samples - failures) as usize],
            cpu_ns: Some(all_ns),
            failures,
            allocations: Some(3 * size.iterations * size.samples),
            ..Batch::default()
        })
    }
}

/// Two implementations.
pub(super) fn two() -> ComparisonSet {
    ComparisonSet::against(0, vec!["a".to_owned(), "b".to_owned()])
}
