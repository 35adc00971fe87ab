//! Exit codes: the meaning of each is part of the interface.

use std::process::ExitCode;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or the gate passed.
    Done,
    /// A regression or a broken budget.
    Broken,
    /// A usage or configuration error.
    Usage,
    /// Inconclusive or nothing comparable, where asked to be strict.
    Inconclusive,
    /// A file or network error, bad data, or a revision that cannot be built.
    Data,
    /// A measured command failed or timed out, or this tree cannot be built.
    CommandFailed,
    /// Ended by SIGINT; what was finished is saved.
    Interrupted,
    /// Ended by SIGTERM or SIGHUP; what was finished is saved.
    Terminated,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Broken => 1,
            Self::Usage => 2,
            Self::Inconclusive => 3,
            Self::Data => 4,
            Self::CommandFailed => 5,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
