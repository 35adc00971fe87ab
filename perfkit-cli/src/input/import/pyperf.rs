//! pyperf: `-o FILE.json`, also compressed. Every value of every process.

use std::collections::BTreeMap;

use perfkit::Metric;
use perfkit::report::Report;
use serde::Deserialize;

use super::build::{Entry, Import};
use super::json::{Numbers, Plain, parse};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale};

#[derive(Deserialize)]
struct File {
    benchmarks: Vec<Measured>,
    #[serde(default)]
    metadata: Metadata,
}

type Metadata = BTreeMap<String, Plain>;

#[derive(Deserialize)]
struct Measured {
    #[serde(default)]
    metadata: Metadata,
    runs: Vec<Run>,
}

/// A process. One that only calibrates has no values.
#[derive(Deserialize)]
struct Run {
    #[serde(default)]
    values: Numbers,
}

pub(super) fn recognise(text: &Text) -> bool {
    let shape = text.shape();
    shape.is_object_with(&["benchmarks", "version"])
        && !shape.has("machine_info")
        && text.as_str().contains("\"runs\"")
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let file: File = parse(text.as_str())?;
    // Before its values are put in order, which needs as much memory once more.
    drop(text);
    let common = file.metadata;
    let mut import = Import::new("pyperf JSON");
    let fact = |name: &str| {
        let of = |metadata: &Metadata| metadata.get(name).map(|value| value.0.clone());
        of(&common).or_else(|| file.benchmarks.iter().find_map(|b| of(&b.metadata)))
    };
    // Linux-6.1-x86_64-with-glibc2.36
    let platform = fact("platform");
    let mut parts = platform.iter().flat_map(|platform| platform.split('-'));
    import.os(parts.next().map(str::to_lowercase));
    let known = ["x86_64", "aarch64", "arm64", "AMD64", "i686"];
    let architecture = parts.find(|part| known.contains(part));
    import.architecture(architecture.map(str::to_owned));
    let environment = import.environment();
    environment.cpu = fact("cpu_model_name");
    environment.cores = fact("cpu_count").and_then(|count| count.parse().ok());
    environment.cores = environment.cores.filter(|cores| *cores > 0);
    for measured in file.benchmarks {
        import.add(entry(measured, &common)?);
    }
    import.finish()
}

fn entry(measured: Measured, common: &Metadata) -> Result<Entry, ParseError> {
    let fact = |name: &str| {
        let own = measured.metadata.get(name).or_else(|| common.get(name));
        own.map(|value| value.0.as_str())
    };
    let name = fact("name").unwrap_or_default();
    let mut entry = Entry::new(name);
    let (metric, scale) = match fact("unit").unwrap_or("second") {
        "second" => (Metric::WALL_TIME, Scale::SECONDS),
        "byte" => (Metric::PEAK_MEMORY, Scale::BYTES),
        "integer" => (units::metric("value"), Scale::UNKNOWN),
        other => {
            return Err(ParseError::new(format!(
                "{name} has an unknown unit: {other}"
            )));
        }
    };
    if let Some(command) = fact("command") {
        entry.command(command);
    }
    let processes = measured.runs.iter().filter(|run| !run.values.0.is_empty());
    let processes = processes.count();
    let values = measured.runs.iter().flat_map(|run| &run.values.0);
    entry.numbers(metric, scale, values.copied().collect());
    entry.parameter("processes", &processes.to_string());
    if scale == Scale::BYTES {
        entry.peak_memory_is_inherited(
            "a peak memory marked ≤ is at least what Python itself takes: the command needs that much or less",
        );
    }
    Ok(entry)
}
