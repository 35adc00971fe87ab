//! A program that is asked whether it records.

use std::process::Stdio;
use std::time::Duration;

use perfkit::report::{Note, Severity};
use serde::Serialize;

use crate::analysis::Recording;
use crate::command::run::{Recorded, record};
use crate::command_run::describe_status;
use crate::document::{Document, Sentence, Style, recording};
use crate::error::Error;
use crate::interrupt::Signals;
use crate::text::{label, printable};

use super::contained::has_recorder;

/// How often the program saves what it recorded, in case that a signal ends it.
const SAVED_EVERY: Duration = Duration::from_secs(1);

/// What became of a program.
#[derive(Serialize)]
pub(super) struct Program {
    /// The program and its arguments.
    command: Vec<String>,
    /// How it ended.
    ended: String,
    /// Whether the user ended it, as one ends a server.
    was_interrupted: bool,
    /// Whether any call was recorded.
    records: bool,
    /// Whether perfkit's recorder is in its file; absent where that tells nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    has_recorder: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recording: Option<Recording>,
    /// What the program's report warns of.
    warnings: Vec<Note>,
}

impl Program {
    /// Runs it to its end, or until the user wants it to end.
    pub(super) fn run(command: &[String], stdout: Stdio, signals: &Signals) -> Result<Self, Error> {
        let Recorded {
            status,
            elapsed,
            report,
        } = record(command, SAVED_EVERY, stdout, signals)?;
        let recording = report.as_ref().map(|report| Recording::of(report, elapsed));
        let warnings = report.map_or_else(Vec::new, |report| report.notes);
        let is_warning = |note: &Note| note.severity >= Severity::Warning;
        Ok(Self {
            command: command.to_vec(),
            ended: describe_status(status),
            was_interrupted: signals.is_interrupted(),
            records: recording.as_ref().is_some_and(|found| found.calls > 0),
            has_recorder: command.first().and_then(|program| has_recorder(program)),
            recording,
            warnings: warnings.into_iter().filter(is_warning).collect(),
        })
    }

    /// Adds what became of it to a document.
    pub(super) fn describe(&self, document: &mut Document) {
        let program = label(&self.command.join(" "));
        let interrupted = match self.was_interrupted {
            true => " was interrupted, and",
            false => "",
        };
        let ended = format!("{interrupted} ended with {}.", printable(&self.ended));
        let ended = Sentence::led(Style::Plain, "The program")
            .code(&program)
            .text(&ended);
        document.sentence(ended);
        match &self.recording {
            Some(found) if self.records => recording(found, document),
            found => document.sentence(self.why_nothing(found.is_some())),
        }
        for warning in &self.warnings {
            document.remark(warning);
        }
    }

    /// Why it recorded nothing, and what to do.
    fn why_nothing(&self, has_report: bool) -> Sentence {
        let nothing = Sentence::led(Style::Bad, "Records nothing");
        if has_report || self.has_recorder == Some(true) {
            let nothing = nothing
                .text("perfkit is in it, and no measured call ended: call a function with ")
                .code("#[measure]")
                .text(", leave recording switched on, and end the program by returning from ")
                .code("main")
                .text(" or after a second, as it saves once a second.");
            return match has_report {
                true => nothing,
                false => nothing.text(" With elevated rights (setuid, setgid, capabilities of its file) it saves nothing: examine a copy without them."),
            };
        }
        // Behind a launcher, such as `env` or `cargo run`, is a program of which no file is known.
        let nothing = match (self.has_recorder, self.command.first()) {
            (Some(_), Some(program)) => nothing
                .text("there is no perfkit in the file of ")
                .code(&label(program))
                .text(", or without its feature ")
                .code("record")
                .text("; whether it is in a program that this started is not known. "),
            _ => nothing
                .text("whether perfkit is in it, or in a program that it started, is not known. "),
        };
        nothing
            .text("To add it: ")
            .code("cargo add perfkit-core")
            .text(", then ")
            .code("#[perfkit::measure]")
            .text(" above a function.")
    }
}
