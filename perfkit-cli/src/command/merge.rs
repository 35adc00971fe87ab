//! `perfkit merge`: adds up reports of several machines.

use perfkit::report::Environment;
use perfkit::{OperationSnapshot, Report};

use crate::args::{Format, MergeArguments, Verbosity};
use crate::document::Detail;
use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::input::load_report;

use super::sources::Sources;
use super::{check_writable, deliver};

pub(crate) fn run(arguments: &MergeArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    arguments.output.as_deref().map_or(Ok(()), check_writable)?;
    let format = Format::chosen(arguments.format)?;
    let mut sources = Sources::new(&format);
    let files = arguments.files.iter();
    files.for_each(|path| sources.report("report", path));
    sources.tell(verbosity);
    let mut sum: Option<Report> = None;
    for path in &arguments.files {
        let report = load_report(path)?;
        let refuse = |why: String| Err(Error::data(format!("{}: {why}", shown(path))));
        if !report.benchmarks.is_empty() || report.operations.is_empty() {
            return Err(Error::data(format!(
                "{}: there are no operations in it, which are what can be added",
                shown(path)
            ))
            .hint("several runs of benchmarks are compared: perfkit compare A.json B.json"));
        }
        let Some(known) = &mut sum else {
            sum = Some(report);
            continue;
        };
        if let Some(why) = contradiction(known, &report) {
            return refuse(why);
        }
        let machine = whose(&known.environment, &report.environment);
        known.merge_recorded(report);
        known.environment = machine;
    }
    if let Some(sum) = sum {
        let detail = Detail::from(verbosity);
        deliver(&sum, detail, format.value, arguments.output.as_deref())?;
    }
    Ok(Exit::Done)
}

/// Why a report cannot be added to others: they are no parts of one whole.
fn contradiction(known: &Report, other: &Report) -> Option<String> {
    for operation in &other.operations {
        let mut same = known.operations.iter();
        let Some(same) = same.find(|known| known.name == operation.name) else {
            continue;
        };
        if let Some(why) = loads_differ(same, operation) {
            return Some(why);
        }
    }
    None
}

fn loads_differ(known: &OperationSnapshot, other: &OperationSnapshot) -> Option<String> {
    let name = perfkit::text::printable(&known.name);
    let (Some(known), Some(other)) = (&known.load, &other.load) else {
        let differ = known.load.is_some() != other.load.is_some();
        return differ.then(|| format!("{name} is under load in one report and not in another"));
    };
    if known.model != other.model {
        return Some(format!(
            "{name} is under open load in one report and closed in another"
        ));
    }
    let is_share = !known.shards.is_empty() && known.is_of_same_schedule(other);
    let twice = other
        .shards
        .iter()
        .find(|shard| known.shards.contains(shard));
    if let (true, Some(shard)) = (is_share, twice) {
        return Some(format!(
            "{name} has share {}/{} already, from another report",
            shard.number, shard.of
        ));
    }
    let count = |shards: &[perfkit::report::LoadShard]| shards.first().map(|shard| shard.of);
    let (mine, theirs) = (count(&known.shards), count(&other.shards));
    match is_share && theirs.is_some() && mine != theirs {
        true => Some(format!("{name} is cut into another number of shares")),
        false => None,
    }
}

/// The machine of both, as far as it is one.
fn whose(known: &Environment, other: &Environment) -> Environment {
    match known.is_other_machine(other) {
        true => Environment {
            perfkit: known.perfkit.clone(),
            ..Environment::unknown()
        },
        false => known.clone(),
    }
}
