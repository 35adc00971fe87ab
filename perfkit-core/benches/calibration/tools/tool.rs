//! A tool, what it says, and what driving any of them takes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::roles::Task;

/// What a tool says of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    Slower,
    Faster,
    /// That it is the same, or that nothing was found.
    Nothing,
}

/// What came out of one comparison.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) says: Says,
    /// How many times as long the candidate takes.
    pub(crate) ratio: f64,
    /// What else it said, where a reader of the figures must know.
    pub(crate) remark: Option<String>,
}

/// A tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Perfkit,
    Criterion,
    Divan,
    Tango,
    Hyperfine,
}

/// Where tools are and may write.
pub(crate) struct Places {
    pub(crate) perfkit: PathBuf,
    pub(crate) hyperfine: PathBuf,
    /// A folder of this run.
    pub(crate) folder: PathBuf,
}

impl Tool {
    pub(crate) const ALL: [Self; 5] = [
        Self::Perfkit,
        Self::Criterion,
        Self::Divan,
        Self::Tango,
        Self::Hyperfine,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Perfkit => "perfkit",
            Self::Criterion => "criterion",
            Self::Divan => "divan",
            Self::Tango => "tango",
            Self::Hyperfine => "hyperfine",
        }
    }

    pub(crate) fn has_functions(self) -> bool {
        self != Self::Hyperfine
    }

    pub(crate) fn has_commands(self) -> bool {
        matches!(self, Self::Perfkit | Self::Hyperfine)
    }
}

/// Runs this program in a role, and returns what it printed.
pub(super) fn play(task: &Task, role: &str, set_up: impl FnOnce(&mut Command)) -> Result<String, String> {
    let mut command = task.command(role).map_err(|error| error.to_string())?;
    set_up(&mut command);
    let output = run(&mut command)?;
    // Tango exits with 1 where it found a slowdown.
    let is_good = output.status.success() || (role == "tango" && output.status.code() == Some(1));
    printed(&output, is_good)
}

pub(super) fn run(command: &mut Command) -> Result<Output, String> {
    let name = Path::new(command.get_program()).display().to_string();
    command.output().map_err(|error| format!("{name}: {error}"))
}

/// What a process wrote to standard output, or else how it failed.
pub(super) fn printed(output: &Output, is_good: bool) -> Result<String, String> {
    if is_good {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last = stderr.lines().last().unwrap_or("without a word");
    Err(format!("{}: {last}", output.status))
}

/// A number out of the output of a tool.
pub(super) fn number(text: &str) -> Result<f64, String> {
    let parsed = text.trim().parse();
    parsed.map_err(|_| format!("no number where one is expected: {text:?}"))
}

/// What a ratio says that counts from so large a difference.
pub(super) fn says(ratio: f64, is_different: bool) -> Says {
    match ratio {
        _ if !is_different => Says::Nothing,
        ratio if ratio > 1.0 => Says::Slower,
        _ => Says::Faster,
    }
}
