//! `cargo bench` with `#[bench]`: its text, and its lines of JSON. In these, which
//! cargo-nextest writes too, tests may say how long they took.

use perfkit::Metric;
use perfkit::report::{Note, NoteCode, Report};
use serde::Deserialize;

use super::build::{Entry, Import, Reported, check_number};
use super::grouped::Groups;
use super::json::Number;
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{Scale, nanoseconds, number};

/// What libtest calls MB/s: 10⁶ bytes, in its JSON as well.
const MEGABYTES: f64 = 1e6;

const RESULT: &str = " ... bench:";

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    event: String,
    /// Of a test, in seconds.
    exec_time: Number,
    median: Number,
    mib_per_second: Number,
}

/// What is known of the tests of one name.
#[derive(Default)]
struct Test {
    times: Vec<f64>,
    failures: u64,
}

pub(super) fn recognise_text(text: &Text) -> bool {
    text.lines()
        .any(|line| line.starts_with("test ") && line.contains(RESULT))
}

pub(super) fn recognise_json(text: &Text) -> bool {
    text.shape().is_object_with(&["type", "event"])
}

pub(super) fn read_text(text: Text) -> Result<Report, ParseError> {
    let mut import = Import::new("the text of libtest's benchmarks");
    text.read_lines(|line| {
        let result = line.trim_start().strip_prefix("test ");
        let Some((name, result)) = result.and_then(|result| result.split_once(RESULT)) else {
            return Ok(());
        };
        let (time, rate) =
            figures(result).ok_or_else(|| format!("{name} has no time per iteration"))?;
        add(&mut import, name.trim(), Some(time), rate);
        Ok(())
    })?;
    import.finish()
}

/// The median in nanoseconds and MB/s of `  75.90 ns/iter (+/- 3.35) = 106 MB/s`. Some
/// harnesses in the place of libtest's write other units of time.
fn figures(result: &str) -> Option<(f64, Option<f64>)> {
    let (time, rest) = result.split_once("/iter")?;
    let time = time.trim();
    let end = time.trim_end_matches(|c: char| c.is_alphabetic());
    let time = number(end.trim())? * nanoseconds(&time[end.len()..])?;
    match rest.split_once(" = ") {
        None => Some((time, None)),
        Some((_, rate)) => {
            let rate = number(rate.trim().strip_suffix("MB/s")?.trim())?;
            Some((time, Some(rate)))
        }
    }
}

pub(super) fn read_json(text: Text) -> Result<Report, ParseError> {
    let mut import = Import::new("libtest JSON");
    let mut tests: Groups<String, Test> = Groups::default();
    text.read_lines(|line| {
        if !line.trim_start().starts_with('{') {
            return Ok(());
        }
        let event: Event = serde_json::from_str(line)?;
        if event.kind == "bench" {
            let (time, rate) = (event.median.0, event.mib_per_second.0);
            add(&mut import, &event.name, time, rate);
        } else if let Some(time) = event.exec_time.0.filter(|_| event.kind == "test") {
            check_number(tests.list.len())?;
            let test = tests.of(event.name);
            match event.event.as_str() {
                "ok" => test.times.push(time),
                "failed" | "timeout" => test.failures += 1,
                _ => {}
            }
        }
        Ok(())
    })?;
    let tests = tests.into_list().into_iter();
    import.finish_with(tests.map(|(name, test)| {
        let mut entry = Entry::new(name);
        entry.runs(test.times.len() as u64, test.failures);
        entry.numbers(Metric::WALL_TIME, Scale::SECONDS, test.times);
        entry
    }))
}

fn add(import: &mut Import, name: &str, time: Option<f64>, rate: Option<f64>) {
    let mut entry = Entry::new(name);
    let median = |value: Option<f64>| Reported {
        median: value,
        ..Reported::default()
    };
    entry.reported(Metric::WALL_TIME, Scale::NANOSECONDS, median(time));
    if let Some(rate) = rate {
        let rate = median(Some(rate * MEGABYTES));
        entry.reported(Metric::THROUGHPUT, Scale::BYTES_PER_SECOND, rate);
    }
    entry.note(Note::info(
        NoteCode::NoSamples,
        "libtest reports a median and the distance from the smallest value to the largest: no interval can be had",
    ));
    import.add(entry);
}
