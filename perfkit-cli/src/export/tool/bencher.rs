//! Bencher Metric Format, which `bencher run --adapter json` reads: benchmark →
//! measure → value with its bounds.

use perfkit::Report;
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::text::ascii_words;

use super::common::{json_text, lacks};
use super::measure::{Measure, Subject, subjects};
use super::names::Names;

/// The longest name of a benchmark and of a measure, in characters; Bencher
/// refuses longer ones.
const LONGEST_NAME: usize = 1024;
const LONGEST_MEASURE: usize = 64;

pub(crate) fn render(report: &Report) -> Result<String, Error> {
    let subjects = subjects(report);
    if subjects.is_empty() {
        return Err(lacks("numbers of benchmarks or operations"));
    }
    let mut names = Names::up_to(LONGEST_NAME);
    let benchmarks: Map<String, Value> = subjects
        .iter()
        .map(|subject| (names.give(&subject.name), measures(subject)))
        .collect();
    Ok(json_text(&Value::Object(benchmarks)))
}

fn measures(subject: &Subject<'_>) -> Value {
    let mut names = Names::up_to(LONGEST_MEASURE);
    let measure = |measure: &Measure<'_>| {
        let mut metric = json!({ "value": measure.value });
        if let Some((low, high)) = measure.bounds {
            metric["lower_value"] = json!(low);
            metric["upper_value"] = json!(high);
        }
        (names.give(&slug(measure.metric)), metric)
    };
    Value::Object(subject.measures.iter().map(measure).collect())
}

/// A metric's name in Bencher's own way of writing; its `latency`, which every
/// project has, is a time in nanoseconds.
fn slug(metric: &str) -> String {
    if matches!(metric, "wall_time" | "execution_time") {
        return "latency".to_owned();
    }
    ascii_words(metric, "-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_have_slugs() {
        assert_eq!(slug("wall_time"), "latency");
        assert_eq!(slug("cpu_time"), "cpu-time");
        assert_eq!(slug("<b>Odd / one</b>"), "b-odd-one-b");
    }
}
