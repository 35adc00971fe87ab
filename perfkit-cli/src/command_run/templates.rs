//! Commands as the user wrote them, before parameters are put into them.

use std::fs::OpenOptions;
use std::os::unix::fs::FileTypeExt;
use std::time::Duration;

use crate::args::{IgnoredFailures, Input, Output};
use crate::error::Error;

use super::parameters::Parameters;

/// A command that others are compared with and that is no variant of them.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) command: String,
    pub(crate) name: Option<String>,
}

/// The commands of a comparison and what belongs to them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Templates {
    pub(crate) commands: Vec<String>,
    /// At most one for each command, the first of them first, or one for each command and combination.
    pub(crate) names: Vec<String>,
    /// The values of parameters that each command is run with; at least one, which
    /// may be empty.
    pub(crate) combinations: Vec<Parameters>,
    /// Run before each run: none, one for all commands, or one for each.
    pub(crate) prepare: Vec<String>,
    /// Run after each run, likewise.
    pub(crate) conclude: Vec<String>,
    /// Run before all runs of a command, or before each where a parameter is in it and
    /// commands take turns.
    pub(crate) setup: Option<String>,
    /// Run after all runs of a command.
    pub(crate) cleanup: Option<String>,
    pub(crate) input: Input,
    /// Where output goes: none, one for all commands, or one for each.
    pub(crate) outputs: Vec<Output>,
    /// Variables of commands, as they were written: none, one for all, or one for each.
    pub(crate) environments: Vec<String>,
    /// What all are compared with, where it is none of them.
    pub(crate) reference: Option<Reference>,
    /// Which failed runs do not end it.
    pub(crate) ignored_failures: Option<IgnoredFailures>,
    /// Whether commands are run one after the other instead of in turn.
    pub(crate) is_sequential: bool,
    /// How long a run may take.
    pub(crate) timeout: Option<Duration>,
    /// The name, the command or the number of the one that others are compared with.
    pub(crate) baseline: Option<String>,
}

impl Templates {
    /// Commands with nothing around them.
    pub(crate) fn of(commands: Vec<String>) -> Self {
        Self {
            commands,
            combinations: vec![Parameters::new()],
            ..Self::default()
        }
    }

    /// Refuses files that commands could not read from or write to.
    pub(crate) fn check_streams(&self) -> Result<(), Error> {
        if let Input::File(path) = &self.input {
            let found = path
                .metadata()
                .map_err(|error| Error::file("read", path, error))?;
            if found.is_dir() || found.file_type().is_fifo() {
                let why = "it cannot be read anew for every run";
                return Err(Error::file("read", path, why));
            }
        }
        self.outputs.iter().try_for_each(check_output)
    }

    /// How many commands there are, with the reference, before parameters are put in.
    pub(super) fn count(&self) -> usize {
        self.commands.len() + usize::from(self.reference.is_some())
    }
}

/// Refuses a file that no command could write to.
fn check_output(output: &Output) -> Result<(), Error> {
    if let Output::File(path) = output {
        let found = path.metadata();
        if found.is_ok_and(|found| found.file_type().is_fifo()) {
            let why = "it cannot be written anew by every run";
            return Err(Error::file("write", path, why));
        }
        let opened = OpenOptions::new().append(true).create(true).open(path);
        opened.map_err(|error| Error::file("write", path, error))?;
    }
    Ok(())
}
