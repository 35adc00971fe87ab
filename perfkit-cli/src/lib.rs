//! The `perfkit` command: compares implementations, prints and plots reports,
//! gates CI.
//!
//! `args` describes the command line, `machine` looks at what makes measurements noisy,
//! `input` reads files, `revision` checks out and builds another revision,
//! `baseline_store` keeps baselines, `history` records of runs, `command_run` runs commands, `plan` says what is
//! compared and how, `analysis` decides, `document` says it in tables and sentences,
//! `export` writes it in a format, `load` says what is asked of a server, and `watch` says what is seen of a running program. A file
//! of `command` runs one verb with them. A module uses only those before it.
//! `analysis`, `document` and `watch` do no I/O, read no clock and print nothing.
//!
//! This library exists for the binary and its tests; its interface changes
//! without notice.

mod exit;

mod error;

mod text;

mod args;

mod terminal;

mod interrupt;

mod machine;

mod folder;

mod git;

mod input;

mod revision;

mod baseline_store;

#[cfg(feature = "history")]
mod history;

mod command_run;

mod plan;

mod analysis;

mod document;

mod export;

#[cfg(feature = "load")]
mod load;

#[cfg(feature = "watch")]
mod watch;

mod command;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Arguments, Verb, with_tip};
use error::Error;
use exit::Exit;

#[cfg(feature = "history")]
#[doc(hidden)]
pub use history::HistoryTrial;

/// Runs the command line; the one place where errors become text.
#[must_use]
pub fn main() -> ExitCode {
    run(&std::env::args_os().collect::<Vec<_>>())
}

/// Runs the command line of these words, the first of which is the program's name: for the
/// gallery of patterns.
#[doc(hidden)]
#[must_use]
pub fn run(words: &[std::ffi::OsString]) -> ExitCode {
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&with_tip(error, words)).into(),
    };
    terminal::set_color(arguments.color().value);
    match dispatch(arguments) {
        Ok(exit) => exit.into(),
        Err(error) => {
            terminal::print_error(&error);
            error.exit().into()
        }
    }
}

/// The page of a report, as `perfkit report --format html` writes it: for the gallery of
/// patterns.
///
/// # Errors
/// Why there is no page, in words.
#[doc(hidden)]
pub fn html_page(report: &perfkit::Report) -> Result<String, String> {
    let detail = document::Detail::Usual;
    let page = export::render(report, detail, args::Format::Html, None);
    page.map_err(|error| error.message().to_owned())
}

/// Reads bytes as the formats of other tools whose names begin with `family`,
/// and writes what comes of it: for fuzzing, where nothing must panic.
#[doc(hidden)]
pub fn fuzz_import(family: &str, bytes: &[u8]) {
    for report in input::try_all(family, bytes) {
        use args::Format::{Csv, Html, Human, Json};
        for format in [Human, Json, Csv, Html] {
            let written = export::render(&report, document::Detail::Full, format, None);
            if let (Json, Ok(json)) = (format, written) {
                assert!(perfkit::Report::from_json(json.as_bytes()).is_ok());
            }
        }
        let rules = perfkit::compare::VerdictRules::of_sessions();
        let sides = [report];
        let _ = analysis::compare_reports(&sides, &sides, &rules);
    }
}

fn dispatch(arguments: Arguments) -> Result<Exit, Error> {
    let verbosity = arguments.verbosity();
    match arguments.verb {
        Verb::Compare(compare) => command::compare::run(*compare, verbosity),
        Verb::Report(report) => command::report::run(report, verbosity),
        Verb::Run(run) => command::run::run(run, verbosity),
        Verb::Gate(gate) => command::gate::run(*gate, verbosity),
        Verb::Baseline(baseline) => command::baseline::run(baseline, verbosity),
        Verb::History(history) => command::history::run(*history, verbosity),
        Verb::Init(init) => command::init::run(&init, verbosity),
        Verb::Doctor(doctor) => command::doctor::run(doctor, verbosity),
        Verb::Work(work) => command::work::run(&work),
        Verb::Export(export) => command::export::run(export, verbosity),
        Verb::Watch(watch) => command::watch::run(*watch, verbosity),
        Verb::Load(load) => command::load::run(*load, verbosity),
        Verb::Merge(merge) => command::merge::run(&merge, verbosity),
        Verb::Clean(clean) => command::clean::run(&clean, verbosity),
        Verb::Completions(completions) => command::completions::run(completions),
        Verb::Man => command::man::run(),
        Verb::Schema => command::schema::run(),
    }
}

/// Help and version are results; the rest is a usage error.
fn usage(error: &clap::Error) -> Exit {
    // Nothing is left to tell it to if the terminal is gone.
    let _ = error.print();
    if error.use_stderr() {
        Exit::Usage
    } else {
        Exit::Done
    }
}
