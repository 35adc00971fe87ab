//! A machine on which time is noisy in a known way.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use perfkit::bench::engine::{
    Batch, BatchSize, Calibration, Launcher, Placement, Run, RunResult, Subject, Worker,
    WorkerError,
};
use perfkit::unit::Unit;
use perfkit::{Clock, Metric, MockClock};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// What disturbs the times; shares are of the undisturbed time.
#[derive(Clone, Copy, Default)]
pub(crate) struct Noise {
    /// Standard deviation of what each sample has for itself.
    pub(crate) white: f64,
    /// Standard deviation of what fades within 50 ms.
    pub(crate) autocorrelated: f64,
    /// By how much the machine slows down in a second.
    pub(crate) drift: f64,
    /// By how much it is faster when a process has just started, fading within
    /// 20 ms.
    pub(crate) boost: f64,
    /// Whether its speed moves between levels, for whoever runs.
    pub(crate) has_levels: bool,
    /// Scale of the log-normal part of each sample, and of rare long spikes.
    pub(crate) tails: f64,
    /// Standard deviation of what a process has for as long as it lives.
    pub(crate) process: f64,
}

/// How long autocorrelated noise lasts.
const CORRELATION_NS: f64 = 50e6;

/// How long a boost lasts.
const BOOST_NS: f64 = 20e6;

/// The share of samples with a spike, and how fast spikes become rare with
/// their length: at this exponent they have a mean and no variance.
const SPIKES: f64 = 0.02;
const SPIKE_EXPONENT: f64 = 1.2;

/// What starting a process takes.
const START: Duration = Duration::from_millis(3);

/// What it takes where two start side by side, on two CPUs.
const START_OF_TWO: Duration = Duration::from_micros(1500);

struct Machine {
    clock: MockClock,
    now_ns: f64,
    random: Pcg64Mcg,
    noise: Noise,
    /// The autocorrelated part, in standard deviations.
    wander: f64,
    level: f64,
    level_ends_ns: f64,
    started_ns: f64,
}

/// A machine that several processes run on.
#[derive(Clone)]
pub(crate) struct Shared(Rc<RefCell<Machine>>);

impl Shared {
    pub(crate) fn new(noise: Noise, seed: u64) -> Self {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let wander = normal(&mut random);
        Self(Rc::new(RefCell::new(Machine {
            clock: MockClock::new(),
            now_ns: 0.0,
            random,
            noise,
            wander,
            level: 1.0,
            level_ends_ns: 0.0,
            started_ns: 0.0,
        })))
    }

    pub(crate) fn clock(&self) -> Clock {
        self.0.borrow().clock.clone().into()
    }

    pub(crate) fn now(&self) -> Duration {
        Duration::from_nanos(self.clock().now_ns())
    }

    /// Starts a process, in so much time; returns the factor that its times have lastingly.
    fn start(&self, time: Duration) -> f64 {
        let mut machine = self.0.borrow_mut();
        machine.pass(time.as_nanos() as f64);
        machine.started_ns = machine.now_ns;
        let process = machine.noise.process;
        (process * normal(&mut machine.random)).exp()
    }

    /// Does work that takes so long undisturbed; returns how long it took.
    fn work(&self, ns: f64) -> f64 {
        let mut machine = self.0.borrow_mut();
        let taken = (ns * machine.slowness()).max(1.0);
        machine.pass(taken);
        taken
    }
}

impl Machine {
    fn pass(&mut self, ns: f64) {
        self.now_ns += ns;
        self.clock.set_ns(self.now_ns as u64);
        if self.noise.autocorrelated > 0.0 {
            let kept = (-ns / CORRELATION_NS).exp();
            let fresh = (1.0 - kept * kept).sqrt();
            self.wander = kept * self.wander + fresh * normal(&mut self.random);
        }
        while self.noise.has_levels && self.now_ns >= self.level_ends_ns {
            let is_slow: bool = self.random.random();
            self.level = if is_slow {
                self.random.random_range(1.4..1.9)
            } else {
                1.0
            };
            // From 0.1 to 10 s, as often short as long.
            let exponent: f64 = self.random.random_range(-1.0..1.0);
            self.level_ends_ns += 1e9 * 10_f64.powf(exponent);
        }
    }

    fn slowness(&mut self) -> f64 {
        let noise = self.noise;
        let mut log = noise.white * normal(&mut self.random);
        log += noise.autocorrelated * self.wander;
        let since_start_ns = self.now_ns - self.started_ns;
        log -= noise.boost * (-since_start_ns / BOOST_NS).exp();
        let mut factor = self.level * (1.0 + noise.drift * self.now_ns / 1e9);
        if noise.tails > 0.0 {
            log += noise.tails * normal(&mut self.random);
            if self.random.random::<f64>() < SPIKES {
                let rarity = 1.0 - self.random.random::<f64>();
                factor += noise.tails * rarity.powf(-1.0 / SPIKE_EXPONENT);
            }
        }
        factor * log.exp()
    }
}

/// A draw from the standard normal distribution (Box and Muller 1958).
pub(crate) fn normal(random: &mut Pcg64Mcg) -> f64 {
    let (radius, angle): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

/// Starts simulated processes: what an iteration takes, by implementation.
pub(crate) struct Simulated<'a> {
    pub(crate) machine: Shared,
    pub(crate) iteration_ns: &'a [f64],
}

/// A simulated process.
pub(crate) struct Process {
    machine: Shared,
    iteration_ns: f64,
}

impl Launcher for Simulated<'_> {
    type Worker = Process;

    fn launch(&mut self, implementation: usize, _: Placement) -> Result<Process, WorkerError> {
        Ok(Process {
            machine: self.machine.clone(),
            iteration_ns: self.iteration_ns[implementation] * self.machine.start(START_OF_TWO),
        })
    }

    fn await_start(&mut self, _: usize, _: &mut Process) -> Result<(), WorkerError> {
        Ok(())
    }
}

impl Worker for Process {
    fn calibrate(&mut self, target: Duration) -> Result<Calibration, WorkerError> {
        let iterations = (2.0 * target.as_nanos() as f64 / self.iteration_ns).ceil();
        let taken = self.machine.work(iterations * self.iteration_ns);
        Ok(Calibration {
            iteration_ns: taken / iterations,
            loop_ns: 0.0,
        })
    }

    fn batch(&mut self, size: BatchSize, _: Duration) -> Result<Batch, WorkerError> {
        let sample_ns = size.iterations as f64 * self.iteration_ns;
        self.machine.work(size.warm_up as f64 * self.iteration_ns);
        let samples = (0..size.samples).map(|_| self.machine.work(sample_ns));
        Ok(Batch {
            wall_ns: samples.collect(),
            ..Batch::default()
        })
    }
}

/// A simulated command, of which each run is a process.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) machine: Shared,
    pub(crate) run_ns: f64,
}

impl Subject for Command {
    fn name(&self) -> &str {
        self.name
    }

    fn run(&mut self, _: Run) -> RunResult {
        let ns = self.run_ns * self.machine.start(START);
        let taken = self.machine.work(ns);
        RunResult::Done(vec![(Metric::WALL_TIME, Unit::Nanoseconds, taken)])
    }
}
