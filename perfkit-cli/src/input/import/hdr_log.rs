//! HdrHistogram's interval logs, formats 1.0 to 1.3: a histogram for every interval
//! and tag, which are summed up by tag.

use perfkit::Metric;
use perfkit::histogram::Histogram;
use perfkit::report::{Note, NoteCode, Report};

use super::build::{Entry, Import};
use super::date;
use super::grouped::Groups;
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
    lines.any(|line| line.starts_with(VERSION) || line.starts_with(LEGEND))
        // A log may lack all of that, or be what is left of one.
        || text.lines().map(str::trim).find(|line| is_interval(line)).is_some_and(|line| {
            fields(line).is_ok_and(|(_, encoded)| hdr_encoding::is_encoded(encoded))
        })
}

fn is_interval(line: &str) -> bool {
    !line.is_empty() && !line.starts_with(['#', '"'])
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let mut tags: Groups<String, (Histogram, u64)> = Groups::default();
    let mut version = "";
    let mut created = None;
    text.read_lines(|line| {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix(VERSION) {
            version = rest.split([']', ' ']).next().unwrap_or_default();
        }
        if let Some(rest) = line.strip_prefix(START) {
            let seconds = rest.split(' ').next().and_then(|text| text.parse().ok());
            created = seconds.and_then(date::from_seconds);
        }
        if !is_interval(line) {
            return Ok(());
        }
        let (tag, encoded) = fields(line).map_err(ParseError::new)?;
        let (histogram, intervals) = tags.of(tag.to_owned());
        hdr_encoding::add_to(histogram, encoded)?;
        *intervals += 1;
        if tags.list.len() > MOST_TAGS {
            return Err(ParseError::new("there are more than 10,000 tags"));
        }
        Ok(())
    })?;
    let mut import = Import::new(format!("an HdrHistogram log {version}").trim());
    import.created(created);
    import.note(Note::info(
        NoteCode::AssumedUnit,
        "the log does not say the unit of its values: they are taken for nanoseconds",
    ));
    import.finish_with(tags.list.into_iter().map(|(tag, (histogram, intervals))| {
        let mut entry = Entry::new(tag);
        entry.parameter("intervals", &intervals.to_string());
        entry.histogram(Metric::WALL_TIME, histogram);
        entry
    }))
}

/// Tag and histogram of `Tag=NAME,start,length,maximum,histogram`.
fn fields(line: &str) -> Result<(&str, &str), &'static str> {
    let (tag, rest) = match line.strip_prefix("Tag=") {
        Some(rest) => rest.split_once(',').ok_or("the line ends after its tag")?,
        None => (UNTAGGED, line),
    };
    let mut fields = rest.splitn(4, ',');
    for missing in [
        "the line has no time of its start",
        "the line has no length of its interval",
        "the line has no maximum",
    ] {
        let field = fields.next().unwrap_or_default().trim();
        field.parse::<f64>().map_err(|_| missing)?;
    }
    let encoded = fields
        .next()
        .ok_or("the line has no histogram: it is cut off")?;
    Ok((tag, encoded))
}
