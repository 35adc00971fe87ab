//! What is measured, and which of its values are the good ones.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a measured quantity, such as `execution_time`.
///
/// The set is open, because reports of other tools bring their own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metric(Cow<'static, str>);

macro_rules! metrics {
    ($($(#[$doc:meta])+ $constant:ident = $name:literal;)+) => {
        impl Metric {
            $($(#[$doc])+ pub const $constant: Self = Self(Cow::Borrowed($name));)+
        }
    };
}

metrics! {
    /// Time from the start of a call to its end, in nanoseconds; of an async
    /// call from its first poll to completion. Successful outermost calls only.
    EXECUTION_TIME = "execution_time";
    /// Execution time less that of measured callees, in nanoseconds.
    SELF_TIME = "self_time";
    /// Time in the polls of an async call, in nanoseconds.
    BUSY_TIME = "busy_time";
    /// CPU time of the thread during the call, in nanoseconds; of a command,
    /// user and system time of the process and its waited-for children.
    CPU_TIME = "cpu_time";
    /// Time from the start of a call that did not succeed to its end, in nanoseconds:
    /// one that failed, panicked or was cancelled. Outermost calls only.
    FAILURE_TIME = "failure_time";
    /// Time from the start of a call to its end, however it ended, in nanoseconds: those of
    /// `execution_time` and of `failure_time` together. Reports have it where there are
    /// both; else it is the one that there is.
    CALL_TIME = "call_time";
    /// Time from the start of an operation under load to its end, in nanoseconds, without
    /// what it waited for its start; of all that ended, however they did.
    SERVICE_TIME = "service_time";
    /// Time from the moment at which an operation under load was due to its start, in
    /// nanoseconds: what the load generator itself is late.
    SCHEDULE_LAG = "schedule_lag";
    /// Bytes allocated during the call.
    ALLOCATED = "allocated";
    /// Number of allocations during the call.
    ALLOCATIONS = "allocations";
    /// Bytes allocated less bytes freed during the call; may be negative.
    NET_GROWTH = "net_growth";
    /// The most that memory grew above its level at the start of the call, in
    /// bytes.
    PEAK_GROWTH = "peak_growth";
    /// Items processed by a call.
    ITEMS = "items";
    /// Bytes processed by a call.
    BYTES = "bytes";
    /// A value that the program handed over, of whatever unit.
    VALUE = "value";
    /// Time from the start of a command to its end, in nanoseconds.
    WALL_TIME = "wall_time";
    /// CPU time of a command in user mode, in nanoseconds.
    USER_TIME = "user_time";
    /// CPU time of a command in the kernel, in nanoseconds.
    SYSTEM_TIME = "system_time";
    /// How much is done in a second, as other tools measured it.
    THROUGHPUT = "throughput";
    /// How many bytes are processed in a second.
    DATA_THROUGHPUT = "data_throughput";
    /// How many instructions were executed in user mode.
    INSTRUCTIONS = "instructions";
    /// How many cycles the processor took in user mode: CPU time by its own clock.
    CYCLES = "cycles";
    /// The largest resident size of a command, in bytes.
    PEAK_MEMORY = "peak_memory";
    /// Page faults of a command that needed no I/O.
    MINOR_PAGE_FAULTS = "minor_page_faults";
    /// Page faults of a command that waited for I/O.
    MAJOR_PAGE_FAULTS = "major_page_faults";
    /// How often a command gave the CPU up, to wait.
    VOLUNTARY_CONTEXT_SWITCHES = "voluntary_context_switches";
    /// How often the CPU was taken from a command.
    INVOLUNTARY_CONTEXT_SWITCHES = "involuntary_context_switches";
}

impl Metric {
    /// The metric of the given name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self(Cow::Owned(name.to_owned()))
    }

    /// The name, as it stands in files.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which values of a metric are the good ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// Lower ones: times, memory.
    #[default]
    #[serde(rename = "lower")]
    LowerIsBetter,
    /// Higher ones: throughput, shares of success.
    #[serde(rename = "higher")]
    HigherIsBetter,
    /// Nobody said.
    #[serde(rename = "unknown")]
    Unknown,
}
