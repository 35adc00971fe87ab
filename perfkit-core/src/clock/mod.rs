//! Clocks: where every timestamp comes from.

mod mock;
mod os;
mod scale;
mod thread_cpu;
mod tsc;

pub use mock::MockClock;

pub(crate) use scale::Scale;

/// A source of monotonic time and of the CPU time of the calling thread.
///
/// [`Clock::fastest`] reads the processor's cycle counter where that is a clock,
/// [`Clock::os`] the operating system's monotonic clock; a [`MockClock`] stands
/// still until a test moves it.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Counter,
    Os,
    Mock(MockClock),
}

impl Default for Clock {
    fn default() -> Self {
        Self::fastest()
    }
}

impl Clock {
    /// The cycle counter, for those who know that it is a clock here.
    pub(crate) const COUNTER: Self = Self(Source::Counter);

    /// The processor's invariant cycle counter where there is one, which takes
    /// a fifth to a half of the time of [`Clock::os`] to read; else the
    /// operating system's clock.
    ///
    /// The counter's rate is measured against the operating system's clock and
    /// is right to some 30 millionths.
    #[must_use]
    pub fn fastest() -> Self {
        Self(if tsc::is_usable() {
            Source::Counter
        } else {
            Source::Os
        })
    }

    /// The operating system's monotonic clock.
    #[must_use]
    pub fn os() -> Self {
        Self(Source::Os)
    }

    /// Nanoseconds since a fixed moment of this process. Never decreases, unless
    /// it is a mock that was set back.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        match &self.0 {
            Source::Counter | Source::Os => os::now_ns(),
            Source::Mock(mock) => mock.now_ns(),
        }
    }

    /// Nanoseconds of CPU time that the calling thread has used; `None` where
    /// the system does not tell.
    #[must_use]
    #[inline]
    pub fn thread_cpu_ns(&self) -> Option<u64> {
        match &self.0 {
            Source::Counter | Source::Os => thread_cpu::now_ns(),
            Source::Mock(mock) => Some(mock.thread_cpu_ns()),
        }
    }

    /// The name of the source, as reports state it: `tsc`, `os_monotonic` or
    /// `mock`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.0 {
            Source::Counter => "tsc",
            Source::Os => "os_monotonic",
            Source::Mock(_) => "mock",
        }
    }

    /// The smallest difference that two readings in succession show, in nanoseconds, of
    /// some thousand: no time is told apart from one that is shorter by less. `None` on a
    /// clock that stands still.
    #[must_use]
    pub fn resolution_ns(&self) -> Option<f64> {
        const FEWEST: u32 = 5_000;
        const MOST: u32 = 1_000_000;
        let (mut smallest, mut before) = (None, self.ticks());
        for reading in 0..MOST {
            let now = self.ticks();
            if now > before {
                let step = now - before;
                smallest = Some(smallest.map_or(step, |smallest: u64| smallest.min(step)));
            }
            before = now;
            if smallest.is_some() && reading >= FEWEST {
                break;
            }
        }
        let ns = |ticks: u64| self.scale().ns(ticks.saturating_mul(1000)) as f64 / 1000.0;
        smallest.map(ns)
    }

    /// The clock's own count, which [`Clock::scale`] turns into time.
    #[inline(always)]
    pub(crate) fn ticks(&self) -> u64 {
        match &self.0 {
            Source::Counter => tsc::now(),
            Source::Os => os::now_ns(),
            Source::Mock(mock) => mock.now_ns(),
        }
    }

    /// What a tick lasts. It never changes once it was told; the first time may
    /// take two milliseconds.
    pub(crate) fn scale(&self) -> Scale {
        match &self.0 {
            Source::Counter => tsc::scale(),
            Source::Os | Source::Mock(_) => Scale::IDENTITY,
        }
    }

    /// What a tick lasts, if that is known by now.
    pub(crate) fn scale_by_now(&self) -> Option<Scale> {
        match &self.0 {
            Source::Counter => tsc::scale_by_now(),
            Source::Os | Source::Mock(_) => Some(Scale::IDENTITY),
        }
    }

    /// Whether [`Clock::COUNTER`] reads this clock.
    pub(crate) fn is_counter(&self) -> bool {
        const IS_OS: bool = cfg!(any(not(target_arch = "x86_64"), miri));
        match self.0 {
            Source::Counter => true,
            Source::Os => IS_OS,
            Source::Mock(_) => false,
        }
    }

    /// Whether a time that ended at a moment is none, because the cycle counter
    /// jumped by as much meanwhile. All in ticks.
    #[cold]
    pub(crate) fn is_clock_jump(&self, end: u64, ticks: u64) -> bool {
        matches!(self.0, Source::Counter) && tsc::is_clock_jump(end, ticks)
    }
}

impl From<MockClock> for Clock {
    fn from(mock: MockClock) -> Self {
        Self(Source::Mock(mock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "reads clocks for as long as a processor would need")]
    fn a_clock_that_runs_has_a_resolution_and_one_that_stands_has_none() {
        for clock in [Clock::fastest(), Clock::os()] {
            let resolution = clock.resolution_ns();
            assert!(resolution.is_some_and(|ns| ns > 0.0), "{resolution:?}");
        }
        assert_eq!(Clock::from(MockClock::new()).resolution_ns(), None);
    }
}
