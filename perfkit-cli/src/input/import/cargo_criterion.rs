//! cargo-criterion: `--message-format=json`, a message in each line.

use perfkit::Metric;
use perfkit::report::Report;
use serde::Deserialize;

use super::build::{Entry, Import};
use super::json::{Number, Numbers, Plain};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale};

/// What a message of results is for; there are others.
const RESULT: &str = "benchmark-complete";

#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    id: Plain,
    #[serde(default)]
    iteration_count: Numbers,
    #[serde(default)]
    measured_values: Numbers,
    #[serde(default)]
    unit: Plain,
    #[serde(default)]
    throughput: Vec<Throughput>,
}

#[derive(Deserialize)]
struct Throughput {
    per_iteration: Number,
    unit: Plain,
}

pub(super) fn recognise(text: &Text) -> bool {
    let is_of_messages = text.shape().is_object_with(&["reason"]);
    is_of_messages && text.as_str().contains("\"benchmark-complete\"")
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let mut import = Import::new("cargo-criterion JSON");
    text.read_lines(|line| {
        if !line.trim_start().starts_with('{') {
            return Ok(());
        }
        let message: Message = serde_json::from_str(line)?;
        if message.reason == RESULT {
            import.add(entry(message)?);
        }
        Ok(())
    })?;
    import.finish()
}

fn entry(message: Message) -> Result<Entry, ParseError> {
    let (counts, values) = (message.iteration_count.0, message.measured_values.0);
    if counts.len() != values.len() {
        let (id, values, counts) = (message.id.0, values.len(), counts.len());
        return Err(ParseError::new(format!(
            "{id} has {values} values of {counts} batches"
        )));
    }
    let mut entry = Entry::new(message.id.0);
    let batches = counts.iter().zip(&values);
    let times: Vec<f64> = batches.map(|(count, value)| value / count).collect();
    let scale = units::scale(&message.unit.0);
    let is_time = scale.unit == perfkit::unit::Unit::Nanoseconds;
    if let Some(amount) = message.throughput.first().filter(|_| is_time) {
        let rate = match amount.unit.0.as_str() {
            "bytes" => Scale::BYTES_PER_SECOND,
            _ => Scale::PER_SECOND,
        };
        let per_second = |time: &f64| Some(amount.per_iteration.0? * 1e9 / (time * scale.factor));
        let rates = times.iter().map(per_second);
        entry.samples(Metric::THROUGHPUT, rate, rates);
    }
    let metric = match is_time {
        true => Metric::WALL_TIME,
        false => units::metric(&message.unit.0),
    };
    entry.numbers(metric, scale, times);
    Ok(entry)
}
