//! One way to do something, as the lab runs it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use perfkit::Metric;
use perfkit::bench::engine::{Run, RunResult, Subject};
use perfkit::report::{FailureKind, RunFailure};
use perfkit::unit::Unit;

use crate::lesson::Error;

/// Runs a form so many times, and returns how long that took.
type Timed<'a> = Box<dyn FnMut(u32) -> Result<Duration, Error> + 'a>;

/// One way to do something: the wrong or the right one.
pub struct Form<'a> {
    pub(crate) name: &'static str,
    timed: Timed<'a>,
    /// Whether it can be called many times within one reading of the clock.
    pub(crate) repeats: bool,
    pub(crate) calls: u32,
}

impl<'a> Form<'a> {
    /// A function, which is called as often as its time can be read. What it returns is
    /// dropped outside of the time where it is called once.
    pub fn new<T>(name: &'static str, mut function: impl FnMut() -> T + 'a) -> Self {
        Self::fallible(name, move || Ok(function()))
    }

    /// A function that may fail, which ends the lesson.
    pub fn fallible<T>(
        name: &'static str,
        mut function: impl FnMut() -> Result<T, Error> + 'a,
    ) -> Self {
        let timed = move |calls: u32| {
            let start = Instant::now();
            for _ in 1..calls {
                black_box(function()?);
            }
            let last = black_box(function()?);
            let taken = start.elapsed();
            drop(last);
            Ok(taken)
        };
        Self::timed(name, true, Box::new(timed))
    }

    /// A function that uses up or changes what `make` makes before each call, outside of the
    /// time.
    pub fn with_input<I, T>(
        name: &'static str,
        mut make: impl FnMut() -> Result<I, Error> + 'a,
        mut function: impl FnMut(I) -> Result<T, Error> + 'a,
    ) -> Self {
        let timed = move |_| {
            let input = make()?;
            let start = Instant::now();
            let last = black_box(function(black_box(input))?);
            let taken = start.elapsed();
            drop(last);
            Ok(taken)
        };
        Self::timed(name, false, Box::new(timed))
    }

    /// A function that finds a time out by itself, and returns it.
    pub fn of_time(
        name: &'static str,
        mut function: impl FnMut() -> Result<Duration, Error> + 'a,
    ) -> Self {
        Self::timed(name, false, Box::new(move |_| function()))
    }

    fn timed(name: &'static str, repeats: bool, timed: Timed<'a>) -> Self {
        let calls = 1;
        Self {
            name,
            timed,
            repeats,
            calls,
        }
    }

    /// How long a call takes, roughly.
    pub(crate) fn try_out(&mut self) -> Result<Duration, Error> {
        (self.timed)(1)?;
        let once = (self.timed)(1)?;
        if !self.repeats || once > Duration::from_millis(1) {
            return Ok(once);
        }
        Ok((self.timed)(16)? / 16)
    }
}

impl Subject for Form<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn run(&mut self, run: Run) -> RunResult {
        match (self.timed)(self.calls) {
            Ok(taken) => {
                let each_ns = taken.as_nanos() as f64 / f64::from(self.calls);
                RunResult::Done(vec![(Metric::WALL_TIME, Unit::Nanoseconds, each_ns)])
            }
            Err(error) => {
                let failure = RunFailure::new(FailureKind::Worker, error.to_string());
                RunResult::Failed(failure.of_run(run.number()))
            }
        }
    }
}
