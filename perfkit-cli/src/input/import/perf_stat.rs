//! `perf stat`: its text, its CSV (`-x,`) and its lines of JSON (`-j`).

use perfkit::Metric;
use perfkit::report::{Note, NoteCode, Report};
use serde::Deserialize;

use super::build::{Entry, Import, Reported};
use super::json::Plain;
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale};

const HEADING: &str = "Performance counter stats for ";

/// What stands where a counter could not be read.
const MISSING: [&str; 2] = ["<not supported>", "<not counted>"];

/// The name of a command that the format does not tell.
const UNNAMED: &str = "perf stat";

#[derive(Deserialize)]
struct Counter {
    #[serde(rename = "counter-value")]
    value: Plain,
    unit: Plain,
    event: Plain,
}

pub(super) fn recognise_json(text: &Text) -> bool {
    text.shape().is_object_with(&["counter-value", "event"])
}

pub(super) fn recognise_text(text: &Text) -> bool {
    text.lines()
        .any(|line| line.trim_start().starts_with(HEADING))
}

pub(super) fn recognise_csv(text: &Text) -> bool {
    let mut lines = text.lines().filter(|line| !is_comment(line));
    let Some(line) = lines.next() else {
        return false;
    };
    let fields: Vec<&str> = line.split(',').collect();
    let &[value, unit, event, fourth, ..] = fields.as_slice() else {
        return false;
    };
    let is_value = units::number(value).is_some() || MISSING.contains(&value);
    let is_unit = unit.is_empty() || unit == "Joules" || units::scale(unit) != Scale::UNKNOWN;
    let is_event = event.starts_with(|c: char| c.is_ascii_alphabetic());
    // The share of the time that the counter ran is always there, after how much
    // the value varied where there were several runs.
    let share_at = if fourth.ends_with('%') { 5 } else { 4 };
    let share = fields.get(share_at).and_then(|share| units::number(share));
    let is_share = share.is_some_and(|share| (0.0..=100.0).contains(&share));
    is_value && is_unit && is_event && is_share
}

fn is_comment(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

pub(super) fn read_json(text: Text) -> Result<Report, ParseError> {
    read_counters("perf stat JSON", &text, |entry, line| {
        let counter: Counter = serde_json::from_str(line)?;
        add(entry, (&counter.value.0, &counter.unit.0, &counter.event.0))
    })
}

pub(super) fn read_csv(text: Text) -> Result<Report, ParseError> {
    read_counters("perf stat CSV", &text, |entry, line| {
        let mut fields = line.split(',');
        let mut next = || fields.next().unwrap_or_default();
        match (next(), next(), next()) {
            (_, _, "") => Err(ParseError::new("the line has no event: it may be cut off")),
            counter => add(entry, counter),
        }
    })
}

/// Lines of one counter each.
fn read_counters(
    origin: &str,
    text: &Text,
    read: fn(&mut Entry, &str) -> Result<(), ParseError>,
) -> Result<Report, ParseError> {
    let mut entry = Entry::new(UNNAMED);
    text.read_lines(|line| match is_comment(line) {
        true => Ok(()),
        false => read(&mut entry, line),
    })?;
    finish(origin, [entry])
}

pub(super) fn read_text(text: Text) -> Result<Report, ParseError> {
    let mut runs = 1;
    let mut entries: Vec<Entry> = Vec::new();
    let mut times: Vec<Option<f64>> = Vec::new();
    text.read_lines(|line| {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix(HEADING) {
            let name;
            (name, runs) = heading(rest);
            let mut entry = Entry::new(name.as_str());
            entry.command(&name);
            entry.runs(runs, 0);
            entries.push(entry);
            times.clear();
            return Ok(());
        }
        let Some(entry) = entries.last_mut() else {
            return Ok(());
        };
        if let Some((elapsed, _)) = line.split_once("seconds time elapsed") {
            let elapsed = elapsed_time(elapsed, runs);
            let (mean, std_dev) =
                elapsed.ok_or_else(|| ParseError::new("the elapsed time is no number"))?;
            if times.len() as u64 == runs && runs > 1 {
                entry.samples(Metric::WALL_TIME, Scale::SECONDS, times.drain(..));
            } else {
                let reported = Reported {
                    count: runs,
                    std_dev,
                    ..Reported::of_mean(Some(mean))
                };
                entry.reported(Metric::WALL_TIME, Scale::SECONDS, reported);
            }
        } else if let Some(time) = single_time(line) {
            times.push(Some(time));
        } else if let Some(counter) = counter(line) {
            add(entry, counter)?;
        }
        Ok(())
    })?;
    finish("the text of perf stat", entries)
}

/// Command and number of runs of `'./spin 2000' (5 runs):`.
fn heading(rest: &str) -> (String, u64) {
    let rest = rest.trim_end_matches(':').trim();
    let (name, runs) = match rest.rsplit_once(" (") {
        Some((name, runs)) => (
            name,
            runs.strip_suffix(" runs)").and_then(|n| n.parse().ok()),
        ),
        None => (rest, None),
    };
    (name.trim_matches('\'').to_owned(), runs.unwrap_or(1).max(1))
}

/// Mean and deviation of `0.01908 +- 0.00678`, of which the latter is the
/// standard error of the mean.
fn elapsed_time(text: &str, runs: u64) -> Option<(f64, Option<f64>)> {
    match text.split_once("+-") {
        None => Some((units::number(text.trim())?, None)),
        Some((mean, error)) => {
            let deviation = units::number(error.trim())? * (runs as f64).sqrt();
            Some((units::number(mean.trim())?, (runs > 1).then_some(deviation)))
        }
    }
}

/// The time of `0.0030591 (+0.0001055) #`, a line of `--table`.
fn single_time(line: &str) -> Option<f64> {
    let (time, rest) = line.split_once(" (")?;
    let is_difference = rest.starts_with(['+', '-']) && rest.contains(") #");
    units::number(time).filter(|_| is_difference)
}

/// `2.45 msec task-clock # 0.831 CPUs utilized`
fn counter(line: &str) -> Option<Counted<'_>> {
    let line = line.split('#').next()?.split("( +-").next()?.trim();
    let mut missing = MISSING.into_iter();
    let missing =
        missing.find_map(|missing| Some((missing, "", line.strip_prefix(missing)?.trim())));
    if missing.is_some() {
        return missing;
    }
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (value, unit, event) = match fields[..] {
        [value, event] => (value, "", event),
        [value, unit, event] => (value, unit, event),
        _ => return None,
    };
    units::number(value).map(|_| (value, unit, event))
}

/// The value of a counter, its unit, and the event that it counts.
type Counted<'a> = (&'a str, &'a str, &'a str);

fn add(entry: &mut Entry, (value, unit, event): Counted<'_>) -> Result<(), ParseError> {
    if MISSING.contains(&value) {
        entry.note(Note::info(
            NoteCode::NotCounted,
            format!("perf could not count {event} on that machine"),
        ));
        return Ok(());
    }
    let value = units::number(value).ok_or_else(|| format!("{event} has no number: {value:?}"))?;
    let time = units::nanoseconds(unit);
    let metric = match event.split(':').next().unwrap_or(event) {
        "task-clock" | "cpu-clock" => Metric::CPU_TIME,
        "duration_time" => Metric::WALL_TIME,
        "minor-faults" => Metric::MINOR_PAGE_FAULTS,
        "major-faults" => Metric::MAJOR_PAGE_FAULTS,
        other => units::metric(other),
    };
    let scale = match time {
        Some(factor) => Scale::NANOSECONDS.by(factor),
        None if metric == Metric::WALL_TIME => Scale::NANOSECONDS,
        None => Scale::COUNT,
    };
    entry.reported(metric, scale, Reported::of_mean(Some(value)));
    Ok(())
}

fn finish(origin: &str, entries: impl IntoIterator<Item = Entry>) -> Result<Report, ParseError> {
    let mut import = Import::new(origin);
    import.note(Note::info(
        NoteCode::NoSamples,
        "perf reports means: counters have no interval, and that of the elapsed time is from its standard error",
    ));
    import.finish_with(entries)
}
