//! pytest-benchmark: `--benchmark-json`, `--benchmark-autosave`. Seconds.

use std::collections::BTreeMap;

use perfkit::Metric;
use perfkit::report::{Note, NoteCode, Report};
use serde::Deserialize;

use super::build::{Entry, Import, Reported};
use super::date;
use super::json::{Numbers, Plain, parse};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::Scale;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    machine_info: Machine,
    benchmarks: Vec<Measured>,
    /// In UTC, without saying so in older versions.
    datetime: Plain,
    version: Plain,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Machine {
    machine: Option<String>,
    system: Option<String>,
    release: Option<String>,
    cpu: Cpu,
}

#[derive(Default, Deserialize)]
struct Cpu {
    brand_raw: Option<String>,
    count: Option<usize>,
}

#[derive(Deserialize)]
struct Measured {
    name: String,
    fullname: Option<String>,
    group: Option<Plain>,
    params: Option<BTreeMap<String, Plain>>,
    stats: Stats,
}

#[derive(Deserialize)]
struct Stats {
    #[serde(flatten)]
    time: Reported,
    #[serde(default)]
    rounds: u64,
    data: Option<Numbers>,
}

pub(super) fn recognise(text: &Text) -> bool {
    text.shape().is_object_with(&["machine_info", "benchmarks"])
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let file: File = parse(text.as_str())?;
    // Before its values are put in order, which needs as much memory once more.
    drop(text);
    let mut import = Import::new(&format!("pytest-benchmark {} JSON", file.version.0));
    import.created(date::parse_utc(&file.datetime.0));
    let machine = file.machine_info;
    import.os(machine.system.map(|system| system.to_lowercase()));
    import.architecture(machine.machine);
    let environment = import.environment();
    environment.os_version = machine.release;
    environment.cpu = machine.cpu.brand_raw;
    environment.cores = machine.cpu.count.filter(|count| *count > 0);
    import.finish_with(file.benchmarks.into_iter().map(entry))
}

fn entry(measured: Measured) -> Entry {
    let mut entry = Entry::new(measured.fullname.unwrap_or(measured.name));
    for (name, value) in measured.params.iter().flatten() {
        entry.parameter(name, &value.0);
    }
    entry.parameter("group", &measured.group.unwrap_or_default().0);
    let stats = measured.stats;
    let data = stats.data.unwrap_or_default().0;
    let is_whole = stats.rounds == 0 || stats.rounds == data.len() as u64;
    if is_whole && !data.is_empty() {
        entry.numbers(Metric::WALL_TIME, Scale::SECONDS, data);
        return entry;
    }
    let reported = Reported {
        count: stats.rounds,
        ..stats.time
    };
    entry.reported(Metric::WALL_TIME, Scale::SECONDS, reported);
    let note = if data.is_empty() {
        "the file has no samples (--benchmark-save-data keeps them): intervals are from the reported standard deviation".to_owned()
    } else {
        let name = entry.name();
        let (some, all) = (data.len(), stats.rounds);
        format!(
            "{name}: the file has {some} of {all} samples: the numbers are the reported ones, intervals from the standard deviation"
        )
    };
    entry.note(Note::info(NoteCode::NoSamples, note));
    entry
}
