//! BenchmarkDotNet: its JSON exporters, full and brief. Nanoseconds.

use perfkit::Metric;
use perfkit::report::{FailureKind, Note, NoteCode, Report};
use serde::Deserialize;

use super::build::{Entry, Import, Reported};
use super::json::{Number, Plain, parse};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::Scale;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    #[serde(default)]
    host_environment_info: Host,
    benchmarks: Vec<Case>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Host {
    #[serde(rename = "BenchmarkDotNetVersion")]
    version: Option<String>,
    os_version: Option<String>,
    processor_name: Option<Plain>,
    logical_core_count: Option<usize>,
    architecture: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Case {
    display_info: Plain,
    full_name: Option<String>,
    #[serde(rename = "Type")]
    class: Plain,
    method: Plain,
    parameters: Plain,
    statistics: Option<Statistics>,
    memory: Option<Memory>,
    measurements: Option<Vec<Measurement>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Statistics {
    original_values: Option<Vec<Number>>,
    n: Number,
    #[serde(flatten)]
    time: Reported,
    percentiles: Option<Percentiles>,
}

#[derive(Default, Deserialize)]
struct Percentiles {
    #[serde(rename = "P95")]
    p95: Number,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Memory {
    bytes_allocated_per_operation: Number,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Measurement {
    iteration_mode: Plain,
    iteration_stage: Plain,
    #[serde(deserialize_with = "Number::deserialize")]
    operations: Number,
    #[serde(deserialize_with = "Number::deserialize")]
    nanoseconds: Number,
}

pub(super) fn recognise(text: &Text) -> bool {
    text.shape()
        .is_object_with(&["HostEnvironmentInfo", "Benchmarks"])
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let file: File = parse(text.as_str())?;
    let host = file.host_environment_info;
    let version = host.version.unwrap_or_default();
    let mut import = Import::new(format!("BenchmarkDotNet {version} JSON").trim());
    let os = host.os_version.filter(|os| !os.is_empty());
    let family = |os: &String| {
        let mut families = ["Windows", "macOS", "Linux"].into_iter();
        let family = families.find(|family| os.contains(family));
        family.map_or_else(|| os.clone(), str::to_lowercase)
    };
    import.os(os.as_ref().map(family));
    import.architecture(host.architecture);
    let environment = import.environment();
    environment.os_version = os;
    environment.cpu = host.processor_name.map(|name| name.0);
    environment.cores = host.logical_core_count.filter(|count| *count > 0);
    import.finish_with(file.benchmarks.into_iter().map(entry))
}

fn entry(case: Case) -> Entry {
    let own_name = || format!("{}.{}({})", case.class.0, case.method.0, case.parameters.0);
    let name = case.full_name.clone().filter(|name| !name.is_empty());
    let mut entry = Entry::new(name.unwrap_or_else(own_name));
    for pair in case.parameters.0.split([',', '&']) {
        if let Some((name, value)) = pair.split_once('=') {
            entry.parameter(name.trim(), value.trim());
        }
    }
    // `Type.Method: Job-ABCDEF(Runtime=.NET 8.0) [N=1]`
    let job = case.display_info.0.split_once(": ").map(|(_, job)| job);
    let job = job.map(|job| job.split(" [").next().unwrap_or(job));
    entry.parameter("job", job.unwrap_or_default());
    let Some(statistics) = case.statistics else {
        entry.runs(0, 1);
        entry.failed_run(
            None,
            FailureKind::Unknown,
            "there are no results: the benchmark failed",
        );
        return entry;
    };
    let measured = measured(case.measurements.as_deref().unwrap_or_default());
    let original = statistics.original_values.unwrap_or_default();
    if !original.is_empty() {
        let values = original.into_iter().map(|value| value.0);
        entry.samples(Metric::WALL_TIME, Scale::NANOSECONDS, values);
    } else if !measured.is_empty() {
        entry.samples(Metric::WALL_TIME, Scale::NANOSECONDS, measured);
    } else {
        let reported = Reported {
            count: statistics.n.0.unwrap_or(0.0) as u64,
            p95: statistics.percentiles.unwrap_or_default().p95.0,
            ..statistics.time
        };
        entry.reported(Metric::WALL_TIME, Scale::NANOSECONDS, reported);
        entry.note(Note::info(
            NoteCode::NoSamples,
            "the file has no samples: intervals are from the reported standard deviation",
        ));
    }
    if let Some(memory) = case.memory {
        let allocated = memory.bytes_allocated_per_operation.0;
        entry.value(Metric::ALLOCATED, Scale::BYTES, allocated);
    }
    entry
}

/// The results proper, without pilots, warm-up and overhead; outliers that
/// BenchmarkDotNet leaves out of its statistics are already left out of these.
fn measured(measurements: &[Measurement]) -> Vec<Option<f64>> {
    let is_result = |measurement: &&Measurement| {
        let mode = measurement.iteration_mode.0.as_str();
        // Versions before 0.11 have one word for both.
        mode == "Result" || (mode == "Workload" && measurement.iteration_stage.0 == "Result")
    };
    let results = measurements.iter().filter(is_result);
    results
        .map(|m| Some(m.nanoseconds.0? / m.operations.0.filter(|count| *count > 0.0)?))
        .collect()
}
