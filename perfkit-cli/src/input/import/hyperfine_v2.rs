//! hyperfine 2: `--export-json`, with every metric of every run.

use std::collections::BTreeMap;

use perfkit::Metric;
use perfkit::report::Report;
use serde::Deserialize;

use super::build::{Entry, Import};
use super::date;
use super::grouped::grouped;
use super::hyperfine::{MEMORY_FLOOR, count_failures};
use super::json::{Number, Plain, parse};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale};

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    metadata: Metadata,
    results: Vec<Outcome>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    hyperfine_version: Option<Plain>,
    start_time: Plain,
    platform: Platform,
}

#[derive(Default, Deserialize)]
struct Platform {
    os: Option<String>,
    architecture: Option<String>,
}

#[derive(Deserialize)]
struct Outcome {
    command: String,
    name: Option<String>,
    parameters: Option<BTreeMap<String, Plain>>,
    measurements: Vec<Run>,
}

/// What was measured of one run.
#[derive(Deserialize)]
struct Run {
    exit_code: Option<i64>,
    #[serde(flatten)]
    values: BTreeMap<String, Option<Quantity>>,
}

#[derive(Deserialize)]
struct Quantity {
    #[serde(deserialize_with = "Number::deserialize")]
    value: Number,
    unit: Option<String>,
}

pub(super) fn recognise(text: &Text) -> bool {
    let shape = text.shape();
    shape.is_object_with(&["schema_version", "results"])
        && (shape.has("primary_metric") || shape.has("metadata"))
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let file: File = parse(text.as_str())?;
    let version = file
        .metadata
        .hyperfine_version
        .unwrap_or(Plain("2".to_owned()));
    let mut import = Import::new(&format!("hyperfine {} JSON", version.0));
    import.created(date::parse(&file.metadata.start_time.0));
    let platform = file.metadata.platform;
    import.os(platform.os.map(|os| os.to_lowercase()));
    import.architecture(platform.architecture);
    import.finish_with(file.results.into_iter().map(entry))
}

fn entry(outcome: Outcome) -> Entry {
    let name = outcome.name.as_ref().unwrap_or(&outcome.command);
    let mut entry = Entry::new(name.as_str());
    entry.command(&outcome.command);
    for (name, value) in outcome.parameters.iter().flatten() {
        entry.parameter(name, &value.0);
    }
    let runs = outcome.measurements;
    let codes: Vec<Option<i64>> = runs.iter().map(|run| run.exit_code).collect();
    let failures = count_failures(&mut entry, &codes, runs.len());
    entry.runs(runs.len() as u64 - failures, failures);
    let good = runs.iter().filter(|run| run.exit_code == Some(0));
    let values = good.flat_map(|run| &run.values);
    let values = values.filter_map(|(name, value)| Some((name, value.as_ref()?)));
    for (name, values) in grouped(values) {
        let scale = scale(values[0].unit.as_deref());
        let metric = metric(name);
        if metric == Metric::PEAK_MEMORY {
            entry.peak_memory_is_inherited(MEMORY_FLOOR);
        }
        let values = values.into_iter().map(|quantity| quantity.value.0);
        entry.samples(metric, scale, values);
    }
    entry
}

/// What version 2 measures, in our words.
pub(super) fn metric(name: &str) -> Metric {
    match name {
        "time_wall_clock" => Metric::WALL_TIME,
        "time_cpu" => Metric::CPU_TIME,
        "time_user" => Metric::USER_TIME,
        "time_system" => Metric::SYSTEM_TIME,
        "memory_peak_resident" => Metric::PEAK_MEMORY,
        other => units::metric(other),
    }
}

/// Counters of the processor and the kernel have no unit.
pub(super) fn scale(unit: Option<&str>) -> Scale {
    match unit {
        Some(unit) => units::scale(unit),
        None => Scale::COUNT,
    }
}
