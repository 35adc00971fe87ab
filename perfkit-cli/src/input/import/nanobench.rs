//! nanobench: the JSON of its template. Seconds per iteration, a value for each epoch.

use perfkit::Metric;
use perfkit::report::Report;
use serde::Deserialize;

use super::build::{Entry, Import};
use super::json::{Number, Plain, parse};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale};

/// The title where the program gives none.
const NO_TITLE: &str = "benchmark";

#[derive(Deserialize)]
struct File {
    results: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    #[serde(default)]
    title: Plain,
    name: Plain,
    #[serde(default)]
    unit: Plain,
    /// How much of the unit an iteration does.
    batch: Number,
    measurements: Vec<Epoch>,
}

#[derive(Deserialize)]
struct Epoch {
    elapsed: Number,
    pagefaults: Number,
    cpucycles: Number,
    contextswitches: Number,
    instructions: Number,
    branchinstructions: Number,
    branchmisses: Number,
}

/// One number of an epoch.
type Counter = fn(&Epoch) -> Number;

pub(super) fn recognise(text: &Text) -> bool {
    let shape = text.shape();
    shape.is_object_with(&["results"]) && {
        let text = text.as_str();
        text.contains("\"clockResolutionMultiple\"") && text.contains("\"measurements\"")
    }
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let file: File = parse(text.as_str())?;
    Import::new("nanobench JSON").finish_with(file.results.into_iter().map(entry))
}

fn entry(outcome: Outcome) -> Entry {
    let title = outcome.title.0;
    let mut entry = Entry::new(match title.as_str() {
        "" | NO_TITLE => outcome.name.0,
        title => format!("{title}/{}", outcome.name.0),
    });
    entry.parameter("unit", &outcome.unit.0);
    let batch = outcome.batch.0.filter(|batch| *batch > 0.0).unwrap_or(1.0);
    let epochs = &outcome.measurements;
    let per_unit = |value: Counter| -> Vec<f64> {
        let values = epochs.iter().map(value);
        values
            .map(|value| value.0.map_or(f64::NAN, |value| value / batch))
            .collect()
    };
    entry.numbers(
        Metric::WALL_TIME,
        Scale::SECONDS,
        per_unit(|epoch| epoch.elapsed),
    );
    let counters: [(Metric, Counter); 6] = [
        (Metric::INSTRUCTIONS, |epoch| epoch.instructions),
        (Metric::CYCLES, |epoch| epoch.cpucycles),
        (units::metric("page_faults"), |epoch| epoch.pagefaults),
        (units::metric("context_switches"), |epoch| {
            epoch.contextswitches
        }),
        (units::metric("branches"), |epoch| epoch.branchinstructions),
        (units::metric("branch_misses"), |epoch| epoch.branchmisses),
    ];
    for (metric, counter) in counters {
        let values = per_unit(counter);
        // Zero stands for a counter that could not be read.
        if values.iter().any(|value| *value > 0.0) {
            entry.numbers(metric, Scale::COUNT, values);
        }
    }
    entry
}
