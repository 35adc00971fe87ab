//! What is said while exports fail.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::global;

/// Between two lines on failing exports.
const PAUSE: Duration = Duration::from_secs(60);

/// Where it is said that exports fail: a line a minute at most, however many fail.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum FailureLog {
    /// On standard error.
    #[default]
    StandardError,
    /// Nowhere: [`super::Stats`] has it, and so has the report that the program saves.
    Silent,
    /// To a function, such as one that logs. It gets a line without its end, on the thread
    /// that exports or on the one that ends the export.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use perfkit::otlp::{Config, FailureLog};
    ///
    /// let config = Config {
    ///     failure_log: FailureLog::To(Arc::new(|line| println!("{line}"))),
    ///     ..Config::default()
    /// };
    /// # let _ = config;
    /// ```
    To(Arc<dyn Fn(&str) + Send + Sync>),
}

impl fmt::Debug for FailureLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StandardError => "StandardError",
            Self::Silent => "Silent",
            Self::To(_) => "To(..)",
        })
    }
}

/// Two functions are equal if they are the same one.
impl PartialEq for FailureLog {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::StandardError, Self::StandardError) | (Self::Silent, Self::Silent) => true,
            (Self::To(mine), Self::To(theirs)) => Arc::ptr_eq(mine, theirs),
            _ => false,
        }
    }
}

impl Eq for FailureLog {}

impl FailureLog {
    pub(super) fn say(&self, line: &str) {
        match self {
            Self::StandardError => global::print_error(line),
            Self::Silent => {}
            Self::To(function) => function(line),
        }
    }
}

/// When a line was said last.
#[derive(Default)]
pub(super) struct LastLine(Option<Instant>);

impl LastLine {
    /// Whether another may be said, which is said then.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self
            .0
            .is_none_or(|last| now.saturating_duration_since(last) >= PAUSE);
        if is_due {
            self.0 = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_due_once_a_minute() {
        let mut last = LastLine::default();
        let start = Instant::now();
        let due = (0..150).filter(|second| last.is_due(start + Duration::from_secs(*second)));
        assert_eq!(due.collect::<Vec<_>>(), [0, 60, 120]);
    }
}
