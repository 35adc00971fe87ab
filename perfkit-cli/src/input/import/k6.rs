//! k6: `--summary-export`, and the data of `handleSummary` as JSON, both also in
//! the form of `--new-machine-readable-summary`.

use std::collections::BTreeMap;

use perfkit::report::{Note, NoteCode, Report};
use perfkit::unit::Unit;
use perfkit::{Direction, Metric};
use serde::Deserialize;

use super::build::{Entry, Import, Reported};
use super::date;
use super::json::{Number, Plain, parse};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale};

/// The file does not say what was tested.
const NAME: &str = "k6";

/// Metrics of k6's own that are times, where the file does not say so.
const TIMES: [&str; 9] = [
    "http_req_",
    "iteration_duration",
    "group_duration",
    "grpc_req_duration",
    "ws_connecting",
    "ws_ping",
    "ws_session_duration",
    "browser_web_vital_",
    "browser_http_req_duration",
];

/// The form that k6 has had from the start.
#[derive(Deserialize)]
struct File {
    metrics: BTreeMap<String, Entity>,
}

/// The machine-readable form, version 1.
#[derive(Deserialize)]
struct NewFile {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    config: Config,
    results: Outcome,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    generated_at: Plain,
    #[serde(rename = "k6Version")]
    version: Plain,
}

#[derive(Default, Deserialize)]
struct Config {
    script: Plain,
    /// In seconds.
    duration: Number,
}

#[derive(Deserialize)]
struct Outcome {
    metrics: Vec<NamedEntity>,
    checks: Option<Checks>,
}

#[derive(Deserialize)]
struct Checks {
    metrics: Option<Vec<NamedEntity>>,
}

#[derive(Deserialize)]
struct NamedEntity {
    name: String,
    #[serde(flatten)]
    entity: Entity,
}

/// A metric, with its numbers in `values`, or among its own keys in the older
/// form.
#[derive(Deserialize)]
struct Entity {
    contains: Option<String>,
    values: Option<Values>,
    #[serde(flatten)]
    own: Values,
}

#[derive(Clone, Copy, Deserialize)]
struct Values {
    #[serde(flatten)]
    trend: Reported,
    count: Number,
    rate: Number,
    value: Number,
    passes: Number,
    fails: Number,
    /// What the machine-readable form has in the place of the two before.
    matches: Number,
    total: Number,
}

pub(super) fn recognise(text: &Text) -> bool {
    let shape = text.shape();
    is_new(text)
        || shape.is_object_with(&["metrics"])
            && !shape.has("schema")
            && ["root_group", "state", "options"]
                .iter()
                .any(|key| shape.has(key))
}

fn is_new(text: &Text) -> bool {
    let keys = ["version", "metadata", "config", "results"];
    text.shape().is_object_with(&keys) && text.as_str().contains("\"k6Version\"")
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    if is_new(&text) {
        return read_new(&text);
    }
    let file: File = parse(text.as_str())?;
    let mut import = Import::new("k6 summary JSON");
    add(&mut import, Entry::new(NAME), &file.metrics);
    import.finish()
}

fn read_new(text: &Text) -> Result<Report, ParseError> {
    let file: NewFile = parse(text.as_str())?;
    let origin = format!("k6 {} summary JSON", file.metadata.version.0);
    let mut import = Import::new(&origin);
    import.created(date::parse(&file.metadata.generated_at.0));
    let checks = file.results.checks.and_then(|checks| checks.metrics);
    let checks = checks.into_iter().flatten().filter_map(|named| {
        // The same as the older form's rate, by its name.
        let name = (named.name == "checks_succeeded").then(|| "checks".to_owned());
        Some((name?, named.entity))
    });
    let all = file.results.metrics.into_iter();
    let all = all.map(|named| (named.name, named.entity)).chain(checks);
    let seconds = file.config.duration.0.filter(|seconds| *seconds > 0.0);
    let metrics = all.map(|(name, entity)| (name, entity.in_older_form(seconds)));
    let mut entry = Entry::new(NAME);
    entry.parameter("script", &file.config.script.0);
    add(&mut import, entry, &metrics.collect());
    import.finish()
}

fn add(import: &mut Import, mut entry: Entry, metrics: &BTreeMap<String, Entity>) {
    import.note(Note::info(
        NoteCode::NoSamples,
        "k6 reports percentiles without the values they are from: budgets hold them as they are, and no interval can be had; its file does not say whether the load was open, which that of executors with an arrival rate is, or closed",
    ));
    let metric = |name: &str| metrics.get(name).map(Entity::values);
    let requests = metric("http_reqs").and_then(|values| values.count.0);
    let iterations = metric("iterations").and_then(|values| values.count.0);
    count_runs(&mut entry, metric("http_req_failed"), metric("checks"));
    for (name, entity) in metrics {
        let values = entity.values();
        if values.passes.0.is_some() || values.fails.0.is_some() {
            let scale = Scale::new(Unit::Ratio, 1.0, better_rate(name));
            entry.value(units::metric(name), scale, values.rate.0.or(values.value.0));
        } else if values.trend.mean.or(values.trend.median).is_some() {
            let is_request = name.starts_with("http_req_");
            let count = values
                .count
                .0
                .or(if is_request { requests } else { iterations });
            add_trend(&mut entry, name, entity, count.unwrap_or(0.0));
        } else if values.count.0.is_some() {
            add_counter(&mut entry, name, values);
        } else {
            entry.value(units::metric(name), Scale::UNKNOWN, values.value.0);
        }
    }
    import.add(entry);
}

impl Entity {
    /// With the numbers that the older form has, for a test of so many seconds.
    fn in_older_form(mut self, seconds: Option<f64>) -> Self {
        let mut values = self.values();
        if let (Some(matches), Some(total)) = (values.matches.0, values.total.0) {
            values.passes = Number(Some(matches));
            values.fails = Number(Some(total - matches));
        }
        let a_second = values.count.0.zip(seconds).map(|(count, s)| count / s);
        values.rate = Number(values.rate.0.or(a_second));
        self.values = Some(values);
        self
    }

    fn values(&self) -> Values {
        self.values.unwrap_or(self.own)
    }
}

/// `http_req_failed` counts failures as passes: the check "did it fail?" passed.
fn count_runs(entry: &mut Entry, failed: Option<Values>, checks: Option<Values>) {
    let whole = |number: Number| number.0.filter(|n| *n >= 0.0).unwrap_or(0.0) as u64;
    if let Some(failed) = failed {
        entry.runs(whole(failed.fails), whole(failed.passes));
    } else if let Some(checks) = checks {
        entry.runs(whole(checks.passes), whole(checks.fails));
    }
}

fn better_rate(name: &str) -> Direction {
    match name.split('{').next() {
        Some("http_req_failed") => Direction::LowerIsBetter,
        Some("checks") => Direction::HigherIsBetter,
        _ => Direction::Unknown,
    }
}

fn add_trend(entry: &mut Entry, name: &str, entity: &Entity, count: f64) {
    let is_time = match entity.contains.as_deref() {
        Some(contains) => contains == "time",
        None => TIMES.iter().any(|time| name.starts_with(time)),
    };
    // A layout shift is among the web vitals, and no time.
    let is_time = is_time && !name.starts_with("browser_web_vital_cls");
    let scale = if is_time {
        Scale::MILLISECONDS
    } else {
        Scale::new(Unit::Score, 1.0, Direction::LowerIsBetter)
    };
    let reported = Reported {
        count: count.max(0.0) as u64,
        ..entity.values().trend
    };
    entry.reported(units::metric(name), scale, reported);
    if name == "http_req_duration" {
        // What budgets without a metric are about.
        entry.reported(Metric::WALL_TIME, scale, reported);
    }
}

fn add_counter(entry: &mut Entry, name: &str, values: Values) {
    if name == "http_reqs" {
        entry.value(Metric::THROUGHPUT, Scale::PER_SECOND, values.rate.0);
        return;
    }
    let scale = match name {
        "data_received" | "data_sent" => Scale::new(Unit::Bytes, 1.0, Direction::Unknown),
        _ => Scale::UNKNOWN,
    };
    entry.value(units::metric(name), scale, values.count.0);
}
