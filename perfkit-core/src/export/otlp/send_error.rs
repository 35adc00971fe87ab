//! Why data points did not arrive, and whether it is worth another attempt.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// So much of a text by the collector is shown, in characters.
const SHOWN: usize = 200;

/// Why data points did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// There is nothing to send.
    Empty,
    /// The collector could not be reached, or did not answer in time.
    Unreachable(String),
    /// The collector answered with this HTTP status.
    Refused(u16),
    /// The collector accepted the request, and what it said of that cannot be read: it did not
    /// come in time, broke off or is too long.
    Unreadable(String),
    /// The collector answered with this gRPC status, by its name, and this message.
    RefusedCall(String, String),
    /// Something accepted the request and answered as no collector does.
    NoCollector,
    /// The collector rejected some of the data points, with this message.
    Rejected(u64, String),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the report has no results"),
            Self::Unreachable(why) => write!(f, "the collector cannot be reached: {why}"),
            Self::Refused(status) => write!(f, "the collector answered with HTTP status {status}"),
            Self::RefusedCall(code, message) => {
                write!(
                    f,
                    "the collector answered with gRPC status {code}: {}",
                    shown(message)
                )
            }
            Self::Unreadable(why) => write!(f, "the collector's answer cannot be read: {why}"),
            Self::NoCollector => write!(f, "the answer is not that of an OTLP collector"),
            Self::Rejected(points, message) => write!(
                f,
                "the collector rejected {points} data points: {}",
                shown(message)
            ),
        }
    }
}

impl Error for SendError {}

fn shown(message: &str) -> String {
    let start: String = message.chars().take(SHOWN).collect();
    start.escape_debug().to_string()
}

/// What an attempt came to.
pub(super) enum Attempt {
    Accepted,
    Failed(SendError),
    /// It may succeed later; after so long, if the collector said.
    Retry(SendError, Option<Duration>),
}
