//! The lists that github-action-benchmark reads as `customSmallerIsBetter` and
//! `customBiggerIsBetter`.

use std::collections::BTreeSet;

use perfkit::unit::Unit;
use perfkit::{Direction, Report};
use serde_json::{Value, json};

use crate::error::Error;

use super::common::{json_text, lacks};
use super::measure::{Measure, subjects};
use super::names::Names;

/// The longest name, in characters: the action puts it into a table.
const LONGEST_NAME: usize = 200;

/// Every number of which the good ones are in this direction. The action compares one
/// file in one direction.
pub(crate) fn render(report: &Report, direction: Direction) -> Result<String, Error> {
    let subjects = subjects(report);
    let mut names = Names::up_to(LONGEST_NAME);
    let mut entries = Vec::new();
    for subject in &subjects {
        let name = names.give(&inert(&subject.name));
        let measures = subject.measures.iter().filter(|m| m.direction == direction);
        entries.extend(measures.map(|measure| entry(&name, measure)));
    }
    if entries.is_empty() {
        return Err(lacks(match direction {
            Direction::LowerIsBetter => "numbers of which smaller ones are better",
            _ => "numbers of which bigger ones are better",
        }));
    }
    Ok(json_text(&Value::Array(entries)))
}

/// The metrics of which nobody said which values are good, so that they are in neither
/// list.
pub(crate) fn undirected(report: &Report) -> Vec<String> {
    let subjects = subjects(report);
    let measures = subjects.iter().flat_map(|subject| &subject.measures);
    let unknown = measures.filter(|measure| measure.direction == Direction::Unknown);
    let names: BTreeSet<&str> = unknown.map(|measure| measure.metric).collect();
    names.into_iter().map(str::to_owned).collect()
}

fn entry(name: &str, measure: &Measure<'_>) -> Value {
    let metric = inert(&crate::text::shorten(measure.metric, 64));
    let mut entry = json!({
        "name": format!("{name}: {metric}"),
        "unit": unit(measure.unit),
        "value": measure.value,
        "extra": measure.what,
    });
    if let Some((low, high)) = measure.bounds {
        let reach = (measure.value - low).max(high - measure.value).max(0.0);
        entry["range"] = json!(format!("± {reach}"));
        entry["extra"] = json!(format!("{}, 95 % interval {low} to {high}", measure.what));
    }
    entry
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::PerSecond => "ops/s",
        Unit::BytesPerSecond => "bytes/s",
        Unit::Bytes => "bytes",
        other => other.symbol(),
    }
}

/// The action writes names into cells of a Markdown table, between backticks.
fn inert(name: &str) -> String {
    crate::text::printable(name)
        .replace('`', "'")
        .replace('|', "¦")
}
