//! One thing that was looked at.

use serde::Serialize;

/// One thing that was looked at, what was found, and what to do about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Check {
    /// What was looked at, for programs.
    pub(crate) check: &'static str,
    /// The same for people.
    #[serde(skip)]
    pub(crate) name: &'static str,
    pub(crate) state: State,
    pub(crate) found: String,
    /// Which values it makes noisy, where it does.
    pub(crate) affects: &'static [Affected],
    /// Why that matters, and what can be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advice: Option<String>,
    /// The command that does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) command: Option<String>,
}

/// What something means for measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Fine,
    /// It does no harm by itself; whoever reads results should know it.
    Note,
    /// It makes measurements noisier, or takes some away.
    Warning,
    /// It could not be read, which is not to say that it is fine.
    Unknown,
}

/// Values that something makes noisy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Affected {
    /// Wall times.
    Times,
    CpuTime,
    /// Cycles and instructions.
    Counts,
}

/// What one check is about, from which findings are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Topic {
    pub(super) check: &'static str,
    pub(super) name: &'static str,
    pub(super) affects: &'static [Affected],
}

impl Topic {
    pub(super) fn fine(self, found: impl Into<String>) -> Check {
        self.found(State::Fine, found)
    }

    pub(super) fn note(self, found: impl Into<String>) -> Check {
        self.found(State::Note, found)
    }

    pub(super) fn warning(self, found: impl Into<String>) -> Check {
        self.found(State::Warning, found)
    }

    pub(super) fn unknown(self, why: impl ToString) -> Check {
        self.found(State::Unknown, why.to_string())
    }

    fn found(self, state: State, found: impl Into<String>) -> Check {
        Check {
            check: self.check,
            name: self.name,
            state,
            found: found.into(),
            affects: self.affects,
            advice: None,
            command: None,
        }
    }
}

impl Check {
    pub(super) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    pub(super) fn command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }
}
