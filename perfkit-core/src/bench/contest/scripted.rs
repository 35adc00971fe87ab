//! Workers that take as long as a script says, on a clock that is set by hand.

use std::cell::RefCell;
use std::rc::Rc;

use super::*;
use crate::clock::MockClock;

/// What the launcher and its workers were asked for, in order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    Launch(usize, Placement),
    Start(usize),
    Calibrate(usize),
    Batch(usize, BatchSize),
}

/// What one call of a contestant does on its nth process.
type Script = dyn Fn(usize, u64) -> Result<f64, Trouble>;

/// Starts workers that take as long as a script says.
pub(super) struct Scripted {
    pub(super) clock: MockClock,
    events: Rc<RefCell<Vec<Event>>>,
    /// Nanoseconds of an iteration by contestant and round.
    script: Rc<Script>,
    /// How many of the stretches of each turn fail, by contestant.
    pub(super) failing: Rc<dyn Fn(usize) -> u64>,
    launches: BTreeMap<usize, u64>,
    pub(super) launch_time: Duration,
}

pub(super) struct ScriptedWorker {
    contestant: usize,
    round: u64,
    clock: MockClock,
    events: Rc<RefCell<Vec<Event>>>,
    script: Rc<Script>,
    failing: Rc<dyn Fn(usize) -> u64>,
}

impl Scripted {
    pub(super) fn new(script: impl Fn(usize, u64) -> Result<f64, Trouble> + 'static) -> Self {
        Self {
            clock: MockClock::new(),
            events: Rc::default(),
            script: Rc::new(script),
            failing: Rc::new(|_| 0),
            launches: BTreeMap::new(),
            launch_time: Duration::ZERO,
        }
    }

    /// Every iteration of a contestant takes as long as the one before it.
    pub(super) fn steady(iteration_ns: &'static [f64]) -> Self {
        Self::new(|contestant, _| Ok(iteration_ns[contestant]))
    }

    pub(super) fn run(&mut self, effort: &Effort) -> Contested {
        self.run_family(&two(), effort)
    }

    pub(super) fn run_family(&mut self, family: &Family, effort: &Effort) -> Contested {
        let clock = self.clock.clone().into();
        contest(family, self, effort, &clock, &mut |_: &Progress<'_>| {})
    }

    pub(super) fn events(&self) -> Vec<Event> {
        self.events.borrow().clone()
    }

    /// The turns of each round.
    pub(super) fn turns_of_rounds(&self, contestants: usize) -> Vec<Vec<(usize, BatchSize)>> {
        let mut rounds: Vec<Vec<(usize, BatchSize)>> = Vec::new();
        let mut launched = 0;
        for event in self.events() {
            match event {
                Event::Launch(..) => {
                    if launched % contestants == 0 {
                        rounds.push(Vec::new());
                    }
                    launched += 1;
                }
                Event::Batch(contestant, size) => {
                    rounds.last_mut().unwrap().push((contestant, size));
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
        contestant: usize,
        placement: Placement,
    ) -> Result<ScriptedWorker, Trouble> {
        self.clock.advance(self.launch_time);
        let launch = Event::Launch(contestant, placement);
        self.events.borrow_mut().push(launch);
        let launches = self.launches.entry(contestant).or_default();
        *launches += 1;
        Ok(ScriptedWorker {
            contestant,
            round: *launches - 1,
            clock: self.clock.clone(),
            events: Rc::clone(&self.events),
            script: Rc::clone(&self.script),
            failing: Rc::clone(&self.failing),
        })
    }

    fn await_start(&mut self, contestant: usize, _: &mut ScriptedWorker) -> Result<(), Trouble> {
        self.events.borrow_mut().push(Event::Start(contestant));
        Ok(())
    }
}

impl Worker for ScriptedWorker {
    fn calibrate(&mut self, target: Duration) -> Result<Calibration, Trouble> {
        self.events
            .borrow_mut()
            .push(Event::Calibrate(self.contestant));
        let iteration_ns = (self.script)(self.contestant, self.round)?;
        let twice = 2.0 * target.as_nanos() as f64;
        let taken = twice.max(iteration_ns);
        self.clock.advance(Duration::from_nanos(taken as u64));
        Ok(Calibration {
            iteration_ns,
            loop_ns: 0.3,
        })
    }

    fn batch(&mut self, size: BatchSize, _: Duration) -> Result<Batch, Trouble> {
        self.events
            .borrow_mut()
            .push(Event::Batch(self.contestant, size));
        let iteration_ns = (self.script)(self.contestant, self.round)?;
        let stretch_ns = size.iterations as f64 * iteration_ns;
        let all_ns = size.stretches as f64 * stretch_ns;
        let warm_up_ns = size.warm_up as f64 * iteration_ns;
        let taken_ns = warm_up_ns + all_ns;
        self.clock.advance(Duration::from_nanos(taken_ns as u64));
        let failures = (self.failing)(self.contestant).min(size.stretches);
        Ok(Batch {
            wall_ns: vec![stretch_ns; (size.stretches - failures) as usize],
            cpu_ns: Some(all_ns),
            failures,
            allocations: Some(3 * size.iterations * size.stretches),
            ..Batch::default()
        })
    }
}

/// Two contestants.
pub(super) fn two() -> Family {
    Family::against(0, vec!["a".to_owned(), "b".to_owned()])
}
