//! Adding records.

use std::path::{Path, PathBuf};

use perfkit::Report;

use crate::args::Verbosity;
use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::history::{Added, Index, Located, Record, RunDetails, locate, record_of};
use crate::input::load_report;
use crate::terminal;

use super::place::{counted, short_commit};

/// What adds a report to the history once it is there.
pub(crate) struct Recorder(Located);

impl Recorder {
    /// Refuses a place that there cannot be before anything is measured.
    pub(crate) fn of(is_wanted: bool, config: Option<&Path>) -> Result<Option<Self>, Error> {
        let located = is_wanted.then(|| locate(None, config));
        Ok(located.transpose()?.map(Self))
    }

    pub(crate) fn record(&self, reports: &[Report], verbosity: Verbosity) -> Result<(), Error> {
        let details = RunDetails::default();
        let records = reports.iter().map(|report| record_of(report, &details));
        let records: Vec<Record> = records.collect::<Result<_, _>>()?;
        let text = add(&self.0, &records)?;
        if verbosity > Verbosity::Quiet {
            text.lines().for_each(terminal::print_line);
        }
        Ok(())
    }
}

pub(super) fn run(
    located: &Located,
    reports: &[PathBuf],
    details: &RunDetails,
    verbosity: Verbosity,
) -> Result<Exit, Error> {
    let of_report = |path: &PathBuf| {
        let report = load_report(path)?;
        record_of(&report, details).map_err(|error| {
            let message = format!("{}: {}", shown(path), error.message());
            match error.next_step() {
                Some(hint) => Error::data(message).hint(hint),
                None => Error::data(message),
            }
        })
    };
    let records: Vec<Record> = reports.iter().map(of_report).collect::<Result<_, _>>()?;
    let text = add(located, &records)?;
    if verbosity > Verbosity::Quiet {
        terminal::print_result(&text)?;
    }
    Ok(Exit::Done)
}

/// Adds records to the store, then to its index, and says what was done.
fn add(located: &Located, records: &[Record]) -> Result<String, Error> {
    let added = located.store.add(records)?;
    let new = records.iter().zip(&added);
    let new = new.filter(|(_, added)| **added == Added::New);
    let new: Vec<&Record> = new.map(|(record, _)| record).collect();
    Index::add(&located.index, &new);
    let mut text = String::new();
    for (record, added) in records.iter().zip(added) {
        let head = record.head().map_err(Error::data)?;
        let commit = head.commit.as_ref();
        let commit = commit.map(|commit| short_commit(&commit.id));
        let commit = commit.unwrap_or_else(|| "no commit".to_owned());
        let series = match head.series.len() {
            1 => "1 series".to_owned(),
            more => format!("{more} series"),
        };
        let done = match added {
            Added::New => "Recorded",
            Added::Known => "Known already:",
        };
        text += &format!("{done} {series} of {commit}\n");
    }
    let all = counted(new.len());
    Ok(text + &format!("{all} added to {}\n", located.store.place()))
}
