//! HdrHistogram's interval log (`.hlog`): a line for each benchmark or
//! operation, with its name as the tag and its times in compressed V2.

use std::time::{Duration, SystemTime};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use perfkit::Report;

use crate::error::Error;

use super::distribution::distributions;
use super::names::Names;

/// The longest name, in characters.
const LONGEST_NAME: usize = 200;

/// HdrHistogram's own writers show the largest value in milliseconds.
const NS_PER_MS: f64 = 1e6;

pub(crate) fn render(report: &Report) -> Result<String, Error> {
    let mut distributions = distributions(report)?;
    // Readers expect lines in the order of their start.
    distributions.sort_by_key(|distribution| std::cmp::Reverse(distribution.span));
    let end = report.created.duration_since(SystemTime::UNIX_EPOCH);
    let end = end.unwrap_or_default();
    let longest = distributions.first().map_or(Duration::ZERO, |d| d.span);
    let start = SystemTime::UNIX_EPOCH + end.saturating_sub(longest);

    let failed =
        |error: &dyn std::fmt::Display| Error::data(format!("cannot write a log: {error}"));
    let mut log = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut writer = IntervalLogWriterBuilder::new()
        .add_comment("[Logged with perfkit; times in nanoseconds]")
        .add_comment("[Histogram log format version 1.3]")
        .with_start_time(start)
        .with_max_value_divisor(NS_PER_MS)
        .begin_log_with(&mut log, &mut serializer)
        .map_err(|error| failed(&error))?;
    let mut names = Names::up_to(LONGEST_NAME);
    for distribution in &distributions {
        let tag = tag(&names.give(&distribution.name));
        let begin = end.saturating_sub(distribution.span);
        writer
            .write_histogram(
                &distribution.times,
                begin,
                distribution.span,
                Tag::new(&tag),
            )
            .map_err(|error| failed(&error))?;
    }
    Ok(String::from_utf8_lossy(&log).into_owned())
}

/// A tag ends at a comma, and a reader may end it at any space: both, and the
/// percent sign, stand as in a URL.
fn tag(name: &str) -> String {
    let mut tag = String::new();
    for character in name.chars() {
        if character == ',' || character == '%' || character.is_whitespace() {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                tag += &format!("%{byte:02X}");
            }
        } else {
            tag.push(character);
        }
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_no_spaces_and_commas() {
        assert_eq!(tag("gzip -1, 50%"), "gzip%20-1%2C%2050%25");
        assert_eq!(tag("a\u{3000}b"), "a%E3%80%80b");
    }
}
