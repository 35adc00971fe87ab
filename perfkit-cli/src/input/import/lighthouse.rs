//! Lighthouse: `--output=json`. One load of one page: paint times, layout
//! shift, blocking time, sizes.

use std::collections::BTreeMap;

use perfkit::report::{FailureKind, Note, NoteCode, Report};
use perfkit::unit::Unit;
use perfkit::{Direction, Metric};
use serde::Deserialize;
use serde_json::Value;

use super::build::{Entry, Import};
use super::date;
use super::json::{Number, Plain, parse};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale};

/// Scores, sizes and shifts, which are no times.
const UNITLESS: Scale = Scale::new(Unit::Score, 1.0, Direction::LowerIsBetter);
const SHARE: Scale = Scale::new(Unit::Ratio, 1.0, Direction::HigherIsBetter);

/// What the browser itself observed, by Lighthouse's name and ours.
const OBSERVED: [(&str, &str); 2] = [
    ("observedLoad", "page_load"),
    ("timeToFirstByte", "time_to_first_byte"),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    lighthouse_version: Plain,
    fetch_time: Plain,
    requested_url: Option<String>,
    final_url: Option<String>,
    final_displayed_url: Option<String>,
    audits: BTreeMap<String, Audit>,
    #[serde(default)]
    categories: BTreeMap<String, Category>,
    config_settings: Option<Settings>,
    runtime_error: Option<RuntimeError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Audit {
    numeric_value: Number,
    numeric_unit: Option<String>,
}

#[derive(Deserialize)]
struct Category {
    score: Number,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    form_factor: Plain,
}

#[derive(Deserialize)]
struct RuntimeError {
    code: Plain,
    message: Plain,
}

/// The audit `metrics`, which lists what was observed. Its form is not promised,
/// so it is read apart from the rest.
#[derive(Deserialize)]
struct Observations {
    audits: ObservedAudits,
}

#[derive(Deserialize)]
struct ObservedAudits {
    metrics: Value,
}

pub(super) fn recognise(text: &Text) -> bool {
    text.shape()
        .is_object_with(&["lighthouseVersion", "audits"])
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let file: File = parse(text.as_str())?;
    let mut import = Import::new(&format!("Lighthouse {} JSON", file.lighthouse_version.0));
    import.created(date::parse(&file.fetch_time.0));
    let names = [file.final_displayed_url, file.final_url, file.requested_url];
    let url = names.into_iter().flatten().find(|url| !url.is_empty());
    let mut entry = Entry::new(url.unwrap_or_else(|| "page".to_owned()));
    if let Some(settings) = file.config_settings {
        entry.parameter("form_factor", &settings.form_factor.0);
    }
    match file
        .runtime_error
        .filter(|error| error.code.0 != "NO_ERROR")
    {
        Some(error) => {
            entry.runs(0, 1);
            entry.failed_run(Some(1), FailureKind::Unknown, error.message.0);
        }
        None => entry.runs(1, 0),
    }
    for (name, audit) in &file.audits {
        let scale = match audit.numeric_unit.as_deref() {
            Some("unitless" | "element") => UNITLESS,
            Some(unit) => units::scale(unit),
            None => continue,
        };
        let metric = match name.as_str() {
            "server-response-time" => Metric::named("server_response_time"),
            other => units::metric(other),
        };
        entry.value(metric, scale, audit.numeric_value.0);
    }
    for (name, category) in &file.categories {
        let metric = units::metric(&format!("{name}-score"));
        entry.value(metric, SHARE, category.score.0);
    }
    add_observed(&mut entry, &text);
    import.note(Note::info(
        NoteCode::SingleLoad,
        "Lighthouse loads a page once: budgets with `max` hold that value, and intervals need several loads",
    ));
    import.add(entry);
    import.finish()
}

fn add_observed(entry: &mut Entry, text: &Text) {
    let Ok(file) = parse::<Observations>(text.as_str()) else {
        return;
    };
    for (theirs, ours) in OBSERVED {
        let value = file
            .audits
            .metrics
            .pointer(&format!("/details/items/0/{theirs}"));
        let value = value.and_then(|value| Number::deserialize(value).ok()?.0);
        entry.value(Metric::named(ours), Scale::MILLISECONDS, value);
    }
}
