//! One process that is to be run.

use std::time::Duration;

use crate::args::{Input, Output};

use super::command_line::CommandLine;

/// One process to run.
pub(crate) struct Launch<'a> {
    pub(crate) command: &'a CommandLine,
    pub(crate) input: &'a Input,
    pub(crate) output: &'a Output,
    pub(crate) timeout: Option<Duration>,
    /// Which run of its command this belongs to, as the environment tells it.
    pub(crate) iteration: Option<String>,
    /// Whether nothing is expected on its standard error, so that it is only looked at now and
    /// then: its end, at the end of the process, would wake perfkit once more where perfkit
    /// starts the process itself, and on a busy machine something else may run in between.
    pub(crate) has_quiet_stderr: bool,
    /// The CPU that it begins on, if that is not left to the system.
    pub(crate) cpu: Option<usize>,
    /// So many requests to end do not end it: what cleans up after an
    /// interruption must not be ended by the same one.
    pub(crate) ignored_requests: usize,
}

impl<'a> Launch<'a> {
    /// Of a command that is not measured itself.
    pub(crate) fn aside(command: &'a CommandLine, ignored_requests: usize) -> Self {
        Self {
            command,
            input: &Input::Null,
            output: &Output::Null,
            timeout: None,
            iteration: None,
            has_quiet_stderr: false,
            cpu: None,
            ignored_requests,
        }
    }

    /// When its time is over, on the clock on which it starts at this moment.
    pub(super) fn deadline_ns(&self, start_ns: u64) -> Option<u64> {
        let timeout = self.timeout?;
        Some(start_ns.saturating_add(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX)))
    }
}
