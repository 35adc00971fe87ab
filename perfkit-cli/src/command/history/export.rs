//! All values as JSON lines.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use crate::args::RecordChoice;
use crate::command::{check_writable, is_stdout};
use crate::error::Error;
use crate::exit::Exit;
use crate::history::{Head, Point, Record, RecordName, instant};
use crate::terminal;
use crate::text::{printable, rfc_3339};

use super::choice::Chosen;
use super::place::Opened;

/// One line: a value, and all that is known of it.
#[derive(Serialize)]
struct Line<'a> {
    record: &'a str,
    measured: &'a str,
    committed: Option<&'a str>,
    commit: Option<&'a str>,
    branch: Option<&'a str>,
    dirty: Option<bool>,
    machine: &'a str,
    machine_name: &'a str,
    toolchain: Option<&'a str>,
    tool: Option<&'a str>,
    kind: &'a str,
    program: Option<&'a str>,
    name: &'a str,
    metric: &'a str,
    statistic: &'a str,
    unit: perfkit::unit::Unit,
    better: perfkit::Direction,
    anchor: Option<&'a str>,
    count: u64,
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
}

pub(super) fn run(
    opened: &Opened<'_>,
    choice: &RecordChoice,
    output: Option<&Path>,
) -> Result<Exit, Error> {
    let output = output.filter(|path| !is_stdout(path));
    output.map_or(Ok(()), check_writable)?;
    let surroundings = opened.index.surroundings()?;
    let chosen = Chosen::new(choice, &opened.index, &surroundings)?;
    let mut names: Vec<RecordName> = Vec::new();
    opened.index.records(|record| {
        if chosen.has(&record) {
            names.extend(record.name.parse::<RecordName>().ok());
        }
        true
    })?;
    names.reverse();
    let filter = choice.filter.as_deref();
    let mut exit = opened.exit;
    match output {
        None => terminal::print_from(|stdout| {
            exit = write(opened, &names, filter, stdout)?;
            Ok(())
        })?,
        Some(path) => {
            let failed = |error| Error::file("write", path, error);
            let mut file = BufWriter::new(File::create(path).map_err(failed)?);
            exit = write(opened, &names, filter, &mut file)?;
            file.flush().map_err(failed)?;
        }
    }
    Ok(exit)
}

/// Writes the values of records, the oldest first, one record after the other.
fn write(
    opened: &Opened<'_>,
    names: &[RecordName],
    filter: Option<&str>,
    to: &mut impl Write,
) -> Result<Exit, Error> {
    let mut exit = opened.exit;
    let pattern = filter.map(wildmatch::WildMatch::new);
    let is_meant = |point: &Point<'_>| {
        let name = &point.id.name;
        pattern
            .as_ref()
            .is_none_or(|pattern| filter == Some(name.as_ref()) || pattern.matches(name))
    };
    let mut reader = opened.located.store.reader()?;
    for name in names {
        let record = reader.record(name);
        let record = record.as_ref().map_err(Clone::clone);
        let head = match record.and_then(Record::head) {
            Ok(head) => head,
            Err(why) => {
                let why = printable(&why);
                terminal::print_line(&format!("warning: passed over the record {name}: {why}"));
                exit = Exit::Data;
                continue;
            }
        };
        let written = write_record(&name.to_string(), &head, is_meant, to);
        match written {
            // A reader that went away is no error.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => break,
            written => written.map_err(|error| Error::data(format!("cannot write: {error}")))?,
        }
    }
    Ok(exit)
}

fn write_record(
    record: &str,
    head: &Head<'_>,
    is_meant: impl Fn(&Point<'_>) -> bool,
    to: &mut impl Write,
) -> std::io::Result<()> {
    let measured = rfc_3339(instant(head.measured_ms));
    let commit = head.commit.as_ref();
    let committed = commit.and_then(|commit| commit.committed_s);
    let committed = committed.map(|seconds| rfc_3339(instant(seconds.saturating_mul(1000))));
    for point in head.series.iter().filter(|point| is_meant(point)) {
        let (id, value) = (&point.id, &point.value);
        fn some(text: &str) -> Option<&str> {
            (!text.is_empty()).then_some(text)
        }
        let line = Line {
            record,
            measured: &measured,
            committed: committed.as_deref(),
            commit: commit.map(|commit| commit.id.as_str()),
            branch: commit.and_then(|commit| commit.branch.as_deref()),
            dirty: commit.and_then(|commit| commit.dirty),
            machine: &head.machine.key,
            machine_name: &head.machine.name,
            toolchain: head.toolchain.as_deref(),
            tool: head.tool.as_deref(),
            kind: id.kind.word(),
            program: some(&id.program),
            name: &id.name,
            metric: &id.metric,
            statistic: id.statistic.word(),
            unit: id.unit,
            better: id.direction,
            anchor: some(&id.anchor),
            count: value.count,
            value: value.estimate,
            low: value.bounds.map(|(low, _)| low),
            high: value.bounds.map(|(_, high)| high),
        };
        serde_json::to_writer(&mut *to, &line)?;
        to.write_all(b"\n")?;
    }
    Ok(())
}
