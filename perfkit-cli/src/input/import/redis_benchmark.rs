//! redis-benchmark: `--csv`. A line of statistics for each command, in milliseconds.

use perfkit::Metric;
use perfkit::report::{LoadModel, Report};

use super::build::{Entry, Import, Reported};
use super::csv_lines;
use super::parse_error::ParseError;
use super::text::Text;
use super::units::Scale;

/// Versions before 6.2 have neither headings nor times.
const HEADINGS: &str = "\"test\",\"rps\",\"avg_latency_ms\"";

pub(super) fn recognise(text: &Text) -> bool {
    text.as_str().starts_with(HEADINGS)
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let reader = csv::Reader::from_reader(text.as_str().as_bytes());
    let entries = csv_lines::read_lines(reader, 0, |fields| {
        let field = |name: &str| {
            let mut fields = fields.iter();
            fields
                .find(|(heading, _)| *heading == name)
                .map_or("", |(_, field)| field)
        };
        let value = |name: &str| csv_lines::number(name, field(name));
        let time = Reported {
            mean: value("avg_latency_ms")?,
            min: value("min_latency_ms")?,
            median: value("p50_latency_ms")?,
            p95: value("p95_latency_ms")?,
            p99: value("p99_latency_ms")?,
            max: value("max_latency_ms")?,
            ..Reported::default()
        };
        let mut entry = Entry::new(field("test"));
        entry.load(LoadModel::Closed);
        entry.reported(Metric::WALL_TIME, Scale::MILLISECONDS, time);
        entry.value(Metric::THROUGHPUT, Scale::PER_SECOND, value("rps")?);
        entry.lacks_samples("redis-benchmark");
        Ok(entry)
    })?;
    Import::new("redis-benchmark CSV").finish_with(entries)
}
