//! The lists that github-action-benchmark reads as `customSmallerIsBetter` and
//! `customBiggerIsBetter`.

use perfkit::Report;
use perfkit::unit::Unit;
use serde_json::{Value, json};

use crate::error::Error;

use super::measure::{Better, Measure, subjects};
use super::names::Names;
use super::{json_text, lacks};

/// The longest name, in characters: the action puts it into a table.
const LONGEST_NAME: usize = 200;

/// Every number of which smaller, or bigger, ones are better. The action
/// compares one file in one direction.
pub(super) fn render(report: &Report, better: Better) -> Result<String, Error> {
    let subjects = subjects(report);
    let mut names = Names::up_to(LONGEST_NAME);
    let mut entries = Vec::new();
    for subject in &subjects {
        let name = names.give(&inert(subject.name));
        let measures = subject.measures.iter().filter(|m| m.better == better);
        entries.extend(measures.map(|measure| entry(&name, measure)));
    }
    if entries.is_empty() {
        return Err(match better {
            Better::Smaller => lacks("numbers of benchmarks or operations"),
            Better::Bigger => lacks("numbers of which bigger ones are better"),
        });
    }
    Ok(json_text(&Value::Array(entries)))
}

fn entry(name: &str, measure: &Measure<'_>) -> Value {
    let metric = inert(&crate::terminal::shorten(measure.metric, 64));
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
    crate::terminal::printable(name)
        .replace('`', "'")
        .replace('|', "¦")
}
