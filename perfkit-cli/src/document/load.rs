//! What percentiles of load generators mean.

use perfkit::report::{Benchmark, LoadModel};

use super::blocks::Document;
use super::spans::Sentence;

/// As many names are listed; of more it is told how many there are.
const MOST_NAMES: usize = 3;

/// Says of what load generators measured when they sent their requests.
pub(super) fn describe(benchmarks: &[Benchmark], document: &mut Document) {
    for (model, lead, meaning) in [
        (
            LoadModel::Closed,
            "Closed load",
            "each connection sent its next request only when the one before was answered, so what a slow moment held back is in no percentile (coordinated omission): at a steady rate users wait longer than these say.",
        ),
        (
            LoadModel::Open,
            "Open load",
            "requests were sent when they were due, whether or not earlier ones had been answered, so percentiles have the waiting in them.",
        ),
    ] {
        let of_model = |benchmark: &&Benchmark| benchmark.load == Some(model);
        let mut names: Vec<&str> = benchmarks
            .iter()
            .filter(of_model)
            .map(|b| &*b.name)
            .collect();
        let is_of_all = names.len() == benchmarks.len();
        names.dedup();
        if names.is_empty() {
            continue;
        }
        let mut sentence = Sentence::plain(lead);
        if !is_of_all && names.len() > MOST_NAMES {
            sentence = sentence.text(&format!(" ({} benchmarks)", names.len()));
        } else if !is_of_all {
            for (place, name) in names.iter().enumerate() {
                sentence = sentence
                    .text(if place == 0 { " (" } else { ", " })
                    .code(name);
            }
            sentence = sentence.text(")");
        }
        document.sentence(sentence.text(": ").text(meaning));
    }
}
