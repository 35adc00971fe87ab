//! HdrHistogram's interval logs, formats 1.0 to 1.3: a histogram for every interval
//! and tag, which are summed up by tag.

use std::collections::HashMap;

use perfkit::Metric;
use perfkit::histogram::Histogram;
use perfkit::report::{Note, NoteCode, Report};

use super::build::{Entry, Import};
use super::date;
use super::hdr_encoding;
use super::parse_error::ParseError;
use super::text::Text;

const VERSION: &str = "#[Histogram log format version ";
const START: &str = "#[StartTime: ";
const LEGEND: &str = "\"StartTimestamp\"";

/// The name of what has no tag.
const UNTAGGED: &str = "latency";

/// The most tags that are told apart.
const MOST_TAGS: usize = 10_000;

pub(super) fn recognise(text: &Text) -> bool {
    let mut lines = text.lines().take(100);
    lines.any(|(_, line)| line.starts_with(VERSION) || line.starts_with(LEGEND))
}

pub(super) fn read(text: &Text) -> Result<Report, ParseError> {
    let mut order: Vec<String> = Vec::new();
    let mut tags: HashMap<String, (Histogram, u64)> = HashMap::new();
    let mut version = "";
    let mut created = None;
    for (number, line) in text.lines() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix(VERSION) {
            version = rest.split([']', ' ']).next().unwrap_or_default();
        }
        if let Some(rest) = line.strip_prefix(START) {
            let seconds = rest.split(' ').next().and_then(|text| text.parse().ok());
            created = seconds.and_then(date::from_seconds);
        }
        if line.is_empty() || line.starts_with(['#', '"']) {
            continue;
        }
        let (tag, encoded) = fields(line).map_err(|what| ParseError::at(number, what))?;
        if !tags.contains_key(tag) {
            order.push(tag.to_owned());
            if order.len() > MOST_TAGS {
                return Err(ParseError::at(number, "there are more than 10,000 tags"));
            }
        }
        let (histogram, intervals) = tags.entry(tag.to_owned()).or_default();
        hdr_encoding::add_to(histogram, encoded).map_err(|what| ParseError::at(number, what))?;
        *intervals += 1;
    }
    let mut import = Import::new(format!("an HdrHistogram log {version}").trim());
    import.created(created);
    import.note(Note::info(
        NoteCode::AssumedUnit,
        "the log does not say the unit of its values: they are taken for nanoseconds",
    ));
    for tag in order {
        let (histogram, intervals) = tags.remove(&tag).unwrap_or_default();
        let mut entry = Entry::new(tag);
        entry.parameter("intervals", &intervals.to_string());
        entry.histogram(Metric::WALL_TIME, histogram);
        import.add(entry);
    }
    import.finish()
}

/// Tag and histogram of `Tag=NAME,start,length,maximum,histogram`.
fn fields(line: &str) -> Result<(&str, &str), &'static str> {
    let (tag, rest) = match line.strip_prefix("Tag=") {
        Some(rest) => rest.split_once(',').ok_or("the line ends after its tag")?,
        None => (UNTAGGED, line),
    };
    let mut fields = rest.splitn(4, ',');
    for name in ["start", "length", "maximum"] {
        let field = fields.next().unwrap_or_default().trim();
        if field.parse::<f64>().is_err() {
            return Err(match name {
                "start" => "the line has no time of its start",
                "length" => "the line has no length of its interval",
                _ => "the line has no maximum",
            });
        }
    }
    let encoded = fields
        .next()
        .ok_or("the line has no histogram: it is cut off")?;
    Ok((tag, encoded))
}
