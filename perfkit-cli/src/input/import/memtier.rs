//! memtier_benchmark: `--json-out-file`. Milliseconds.

use std::collections::BTreeMap;
use std::fmt;

use perfkit::Metric;
use perfkit::report::{LoadModel, Report};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::build::{Entry, Import, Reported};
use super::date;
use super::json::{Number, Plain, parse};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale, number};

const ALL: &str = "ALL STATS";

#[derive(Deserialize)]
struct File {
    #[serde(rename = "ALL STATS")]
    all: BTreeMap<String, Part>,
}

/// What was measured of a kind of commands or when it ran; nothing of the tables of
/// percentiles, which are lists.
struct Part(Option<Kind>);

#[derive(Deserialize)]
struct Kind {
    /// Of no kind of commands: when it ran, in milliseconds.
    #[serde(rename = "Start time")]
    start: Number,
    #[serde(rename = "Count", default)]
    count: u64,
    #[serde(rename = "Ops/sec")]
    rate: Number,
    #[serde(rename = "Latency")]
    latency: Number,
    #[serde(rename = "Min Latency")]
    min: Number,
    #[serde(rename = "Max Latency")]
    max: Number,
    #[serde(rename = "KB/sec")]
    transfer: Number,
    #[serde(rename = "Percentile Latencies", default)]
    percentiles: BTreeMap<String, Plain>,
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor)
    }
}

struct PartVisitor;

impl<'de> Visitor<'de> for PartVisitor {
    type Value = Part;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Part, A::Error> {
        Kind::deserialize(MapAccessDeserializer::new(map)).map(|kind| Part(Some(kind)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Part, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Part(None))
    }
}

pub(super) fn recognise(text: &Text) -> bool {
    text.shape().is_object_with(&[ALL])
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let file: File = parse(text.as_str())?;
    let mut import = Import::new("memtier_benchmark JSON");
    for (name, Part(kind)) in file.all {
        let Some(kind) = kind else {
            continue;
        };
        if let Some(start) = kind.start.0 {
            import.created(date::from_seconds(start / 1e3));
        } else if kind.rate.0.is_some_and(|rate| rate > 0.0) {
            import.add(kind.entry(name));
        }
    }
    import.finish()
}

impl Kind {
    fn entry(self, name: String) -> Entry {
        let mut entry = Entry::new(name);
        // A limit of the rate (`--rate-limiting`) holds a connection back, and times begin
        // when it sends.
        entry.load(LoadModel::Closed);
        let mut time = Reported {
            count: self.count,
            mean: self.latency.0,
            min: self.min.0,
            max: self.max.0,
            ..Reported::default()
        };
        for (name, value) in &self.percentiles {
            if let Some(percent) = name.strip_prefix('p').and_then(number) {
                time.percentile(percent, number(&value.0));
            }
        }
        entry.reported(Metric::WALL_TIME, Scale::MILLISECONDS, time);
        entry.value(Metric::THROUGHPUT, Scale::PER_SECOND, self.rate.0);
        let transfer = units::metric("bytes_per_second");
        let scale = Scale::BYTES_PER_SECOND.by(1024.0);
        entry.value(transfer, scale, self.transfer.0);
        entry.lacks_samples("memtier_benchmark");
        entry
    }
}
