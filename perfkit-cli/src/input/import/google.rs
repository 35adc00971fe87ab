//! Google Benchmark: `--benchmark_format=json`.

use std::collections::BTreeMap;

use perfkit::report::{Note, NoteCode, Report};
use serde::Deserialize;

use super::build::Import;
use super::date;
use super::google_rows::{AGGREGATES, FITS, Row, collect, stem};
use super::json::{Number, Plain, parse};
use super::parse_error::ParseError;
use super::text::Text;

#[derive(Deserialize)]
struct File {
    context: Context,
    benchmarks: Vec<Run>,
}

#[derive(Deserialize)]
struct Context {
    date: Plain,
    num_cpus: Option<usize>,
    cpu_scaling_enabled: Option<bool>,
    library_build_type: Option<String>,
}

#[derive(Deserialize)]
struct Run {
    name: String,
    run_name: Option<String>,
    aggregate_name: Option<String>,
    iterations: Option<Number>,
    time_unit: Option<String>,
    real_time: Number,
    cpu_time: Number,
    label: Option<String>,
    #[serde(default)]
    error_occurred: bool,
    skipped: Option<bool>,
    error_message: Option<String>,
    #[serde(flatten)]
    counters: BTreeMap<String, Plain>,
}

/// Keys that describe the run, and are no counters.
const DESCRIPTIONS: [&str; 10] = [
    "family_index",
    "per_family_instance_index",
    "run_type",
    "repetitions",
    "repetition_index",
    "threads",
    "aggregate_unit",
    "skip_message",
    "big_o",
    "rms",
];

pub(super) fn recognise(text: &Text) -> bool {
    text.shape().is_object_with(&["context", "benchmarks"])
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let file: File = parse(text.as_str())?;
    let mut import = Import::new("Google Benchmark JSON");
    import.created(date::parse(&file.context.date.0));
    import.environment().cores = file.context.num_cpus.filter(|cores| *cores > 0);
    if file.context.library_build_type.as_deref() == Some("debug") {
        import.note(Note::warning(
            NoteCode::DebugBuild,
            "Google Benchmark says that its library was built as debug: times may be longer",
        ));
    }
    if file.context.cpu_scaling_enabled == Some(true) {
        import.note(Note::warning(
            NoteCode::CpuScaling,
            "Google Benchmark says that CPU frequency scaling was on: times may vary",
        ));
    }
    let rows = file.benchmarks.into_iter().map(row).collect();
    collect(&mut import, rows)?;
    import.finish()
}

fn row(run: Run) -> Row {
    let (name, aggregate) = match (run.run_name, run.aggregate_name) {
        (Some(name), aggregate) => (name, aggregate),
        (None, aggregate) => split(run.name, aggregate),
    };
    let error = (run.error_occurred || run.skipped == Some(true))
        .then(|| run.error_message.unwrap_or_else(|| "an error".to_owned()));
    let counters = run.counters.into_iter();
    let counters = counters.filter(|(name, _)| !DESCRIPTIONS.contains(&name.as_str()));
    Row {
        name,
        aggregate,
        iterations: run.iterations.and_then(|n| n.0).unwrap_or(0.0) as u64,
        time_unit: run.time_unit.unwrap_or_default(),
        real_time: run.real_time.0,
        cpu_time: run.cpu_time.0,
        counters: counters
            .filter_map(|(name, value)| Some((name, Some(value.0.parse().ok()?))))
            .collect(),
        label: run.label.unwrap_or_default(),
        error,
    }
}

/// Versions before 1.5 have the aggregate in the name only.
fn split(name: String, aggregate: Option<String>) -> (String, Option<String>) {
    let known = AGGREGATES.iter().chain(&FITS).copied();
    let found = known
        .chain(aggregate.as_deref())
        .find_map(|aggregate| Some((stem(&name, aggregate)?, Some(aggregate.to_owned()))));
    found.unwrap_or((name, aggregate))
}
