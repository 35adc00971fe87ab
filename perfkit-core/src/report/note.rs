//! Warnings and remarks, as data.

use serde::{Deserialize, Serialize};

/// How much a note matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Of interest to those who want to know everything.
    Detail,
    /// Good to know.
    Info,
    /// The numbers may mislead.
    Warning,
    /// Something failed.
    Error,
}

/// What kind of note it is, so that people can search for it and programs can count it.
///
/// Nothing is decided by it: what results depend on stands in fields of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NoteCode {
    /// Settings of the allocator were fixed, so that it treats all alike.
    AllocatorFixed,
    /// The file names no unit, and one was assumed.
    AssumedUnit,
    /// Runs have several speeds.
    Bimodal,
    /// Calls were counted together, as there were more names or labels than are kept apart.
    CardinalityLimit,
    /// Which clock was read, and what a measured call costs.
    Clock,
    /// Instructions and cycles were not counted.
    CountersUnavailable,
    /// The processor changed its frequency.
    CpuScaling,
    /// Load came from clients that wait for answers.
    ClosedLoad,
    /// Both sides were built with other versions of what they depend on.
    DifferentDependencies,
    /// A library was built without optimisation.
    DebugBuild,
    /// The reports come from different machines.
    DifferentMachines,
    /// Runs became faster or slower.
    Drift,
    /// Some runs failed.
    FailedRuns,
    /// Some runs took far longer than the rest.
    FarOutRuns,
    /// Files of a revision are as git keeps them, which is not how they are meant to be used.
    FiltersNotRun,
    /// The first run was slower than the rest.
    FirstRunSlower,
    /// A load generator was late itself.
    GeneratorLate,
    /// The candidate lacks it.
    Gone,
    /// The numbers come from another tool.
    Imported,
    /// A run was ended before its time.
    Interrupted,
    /// Speed differs lastingly from process to process.
    LayoutSensitive,
    /// Part of the file has no counterpart in a report.
    LeftOut,
    /// Failures were of more kinds than are kept apart.
    ManyErrorKinds,
    /// Peak memory is not known below that of the measuring process.
    MemoryFloor,
    /// Only the candidate has it.
    New,
    /// Noise was not measured by an A/A control.
    NoControl,
    /// There is no interval.
    NoInterval,
    /// Single values are not known.
    NoSamples,
    /// What an A/A control differs by.
    NoiseOfTheMachine,
    /// A counter was not available.
    NotCounted,
    /// Operations under load had not ended when the run did.
    NotEnded,
    /// Both sides were not measured in turn.
    NotInterleaved,
    /// Data points did not arrive where the program exports them to.
    NotExported,
    /// The program was built without optimisation.
    NotOptimized,
    /// Settings of a program that mean nothing here.
    SettingsIgnored,
    /// Processes could not be kept on one CPU.
    NotPinned,
    /// A revision is built without the workspace that this tree belongs to.
    OutsideWorkspace,
    /// The file has further baselines.
    OtherBaselines,
    /// As many instructions are executed on both sides.
    SameInstructions,
    /// Both sides are the same program.
    SameProgram,
    /// Sessions of a baseline are what is compared with it.
    SameSession,
    /// Not every call is timed.
    Sampled,
    /// Self time of operations is mostly waiting.
    SelfTimeWaits,
    /// Operations under load were not started, as too many were in flight.
    Shed,
    /// Several processes recorded.
    SeveralProcesses,
    /// More threads than CPUs shared these with other programs.
    SharedCpus,
    /// The time of the shell is within the times.
    ShellNotSubtracted,
    /// The time of the shell was subtracted.
    ShellSubtracted,
    /// A function is short against the loop that calls it.
    Short,
    /// A single load of a page.
    SingleLoad,
    /// Threads that could have a CPU each did not get it.
    ThreadsWithoutCpus,
    /// There are too few runs for a verdict.
    TooFewRuns,
    /// Some metrics were left out, as there are too many.
    TooManyMetrics,
    /// Operations are too short to be timed singly.
    TooShort,
    /// Whether threads got their CPUs is not known.
    UncheckedThreads,
    /// A file was left out that cannot be read.
    Unreadable,
    /// Some values are no numbers.
    UnusableValues,
    /// No rule said what is tolerated.
    UsualLimit,
    /// Values of zero have no ratio.
    ZeroValues,
    /// Any other remark, such as one that a later version makes.
    #[serde(other)]
    Other,
}

/// A warning or remark that travels with a result.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Note {
    /// What kind of note it is.
    pub code: NoteCode,
    /// How much it matters.
    pub severity: Severity,
    /// The note, for people.
    pub message: String,
}

impl Note {
    /// A remark for those who want to know everything.
    #[must_use]
    pub fn detail(code: NoteCode, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Detail, message)
    }

    /// A remark.
    #[must_use]
    pub fn info(code: NoteCode, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Info, message)
    }

    /// A warning.
    #[must_use]
    pub fn warning(code: NoteCode, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    /// A failure.
    #[must_use]
    pub fn error(code: NoteCode, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    fn new(code: NoteCode, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_written_in_words_and_an_unknown_one_is_read() {
        let note = Note::info(NoteCode::TooFewRuns, "few");
        let json = serde_json::to_string(&note).unwrap();
        assert!(
            json.contains(r#""code":"too-few-runs","severity":"info""#),
            "{json}"
        );
        let later = json.replace("too-few-runs", "of-a-later-version");
        let note: Note = serde_json::from_str(&later).unwrap();
        assert_eq!((note.code, note.message.as_str()), (NoteCode::Other, "few"));
    }
}
