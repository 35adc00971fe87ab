//! critcmp: `critcmp --export BASELINE`. Criterion's estimates without samples.

use std::collections::BTreeMap;

use perfkit::report::Report;
use serde::Deserialize;

use super::build::{Entry, Import};
use super::criterion::{Estimates, Identity, add_estimates};
use super::json::parse;
use super::parse_error::ParseError;
use super::text::Text;

#[derive(Deserialize)]
struct File {
    name: String,
    benchmarks: BTreeMap<String, Exported>,
}

#[derive(Deserialize)]
struct Exported {
    #[serde(rename = "criterion_benchmark_v1")]
    identity: Identity,
    #[serde(rename = "criterion_estimates_v1")]
    estimates: Estimates,
}

pub(super) fn recognise(text: &Text) -> bool {
    text.shape().is_object_with(&["name", "benchmarks"])
        && text.as_str().contains("\"criterion_estimates_v1\"")
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let file: File = parse(text.as_str())?;
    let import = Import::new(&format!("critcmp's export of the baseline {}", file.name));
    import.finish_with(file.benchmarks.values().map(entry))
}

fn entry(exported: &Exported) -> Entry {
    let mut entry = Entry::new(exported.identity.name());
    add_estimates(&mut entry, &exported.identity, &exported.estimates);
    entry
}
