//! Clocks: where every timestamp comes from.

mod mock;
mod os;
mod thread_cpu;

pub use mock::MockClock;

/// A source of monotonic time and of the CPU time of the calling thread.
///
/// [`Clock::os`] reads the operating system's monotonic clock; a [`MockClock`]
/// stands still until a test moves it.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    Os,
    Mock(MockClock),
}

impl Clock {
    /// The operating system's monotonic clock.
    #[must_use]
    pub fn os() -> Self {
        Self(Source::Os)
    }

    /// Nanoseconds since a fixed moment of this process. Never decreases.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        match &self.0 {
            Source::Os => os::now_ns(),
            Source::Mock(mock) => mock.now_ns(),
        }
    }

    /// Nanoseconds of CPU time that the calling thread has used; `None` where
    /// the system does not tell.
    #[must_use]
    pub fn thread_cpu_ns(&self) -> Option<u64> {
        match &self.0 {
            Source::Os => thread_cpu::now_ns(),
            Source::Mock(mock) => Some(mock.thread_cpu_ns()),
        }
    }

    /// The name of the source, as reports state it: `os_monotonic` or `mock`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.0 {
            Source::Os => "os_monotonic",
            Source::Mock(_) => "mock",
        }
    }
}

impl From<MockClock> for Clock {
    fn from(mock: MockClock) -> Self {
        Self(Source::Mock(mock))
    }
}
