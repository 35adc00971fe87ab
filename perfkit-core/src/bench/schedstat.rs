//! How long a thread was ready to run and did not.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// Reads it of the thread that opened it.
#[derive(Debug)]
pub(super) struct RunDelayMeter(Option<File>);

/// A reading, or what lies between two of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RunDelay {
    /// Nanoseconds for which the thread waited for its CPU.
    pub(super) ns: u64,
    /// How often it was given the CPU.
    pub(super) slices: u64,
}

impl RunDelayMeter {
    pub(super) fn of_this_thread() -> Self {
        Self(File::open("/proc/thread-self/schedstat").ok())
    }

    /// `None` where the system does not tell.
    pub(super) fn read(&self) -> Option<RunDelay> {
        let mut text = [0; 96];
        let length = self.0.as_ref()?.read_at(&mut text, 0).ok()?;
        RunDelay::parse(std::str::from_utf8(text.get(..length)?).ok()?)
    }
}

impl RunDelay {
    /// The three numbers are time on the CPU, time waiting for it, and slices. A thread that
    /// reads has had one: without any, the system counts nothing.
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split_whitespace().skip(1);
        let ns = numbers.next()?.parse().ok()?;
        let slices = numbers.next()?.parse().ok().filter(|slices| *slices > 0)?;
        Some(Self { ns, slices })
    }

    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            ns: self.ns.saturating_sub(earlier.ns),
            slices: self.slices.saturating_sub(earlier.slices),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_number_is_the_delay() {
        let read = RunDelay::parse("120 7 3\n").unwrap();
        assert_eq!(read, RunDelay { ns: 7, slices: 3 });
        assert_eq!(read.since(RunDelay { ns: 2, slices: 9 }).ns, 5);
        assert_eq!(RunDelay::parse("0 0 0\n"), None, "nothing is counted");
        assert_eq!(RunDelay::parse("120"), None);
        assert_eq!(RunDelay::parse("a b c"), None);
        assert_eq!(RunDelayMeter(None).read(), None);
    }
}
