//! pgbench: the log of `-l`, a line for each transaction. With a rate (`-R`) times begin
//! when a transaction was due.

use perfkit::Metric;
use perfkit::report::{FailureKind, LoadModel, Report};

use super::build::{Entry, Import, check_number};
use super::grouped::Groups;
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale};

/// No log begins before, in seconds since 1970: its lines are not told from other numbers
/// otherwise.
const EARLIEST: u64 = 1_000_000_000;

/// What is read of one script.
#[derive(Default)]
struct Script {
    times: Vec<f64>,
    /// What stands behind the time of day.
    further: Vec<f64>,
    has_both: bool,
    failures: u64,
}

/// One transaction.
struct Transaction<'a> {
    time: &'a str,
    script: &'a str,
    /// How long after it was due it began, if there was a rate; how often it was tried
    /// again, if it might be.
    further: Vec<f64>,
}

pub(super) fn recognise(text: &Text) -> bool {
    text.lines().next().is_some_and(|line| {
        let seconds = line.split(' ').nth(4).and_then(|field| field.parse().ok());
        transaction(line).is_some() && seconds.is_some_and(|seconds: u64| seconds >= EARLIEST)
    })
}

/// The fields client, number, time, script, seconds, microseconds, and what is further.
fn transaction(line: &str) -> Option<Transaction<'_>> {
    let fields: Vec<&str> = line.split(' ').collect();
    let whole = |place: usize| fields.get(place)?.parse::<u64>().ok();
    let micros = whole(5)?;
    let is_one = [0, 1, 3, 4].iter().all(|place| whole(*place).is_some());
    if !is_one || fields.len() > 8 || micros >= 1_000_000 {
        return None;
    }
    let time = fields[2];
    if !time.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let further = fields[6..].iter().map(|field| field.parse().ok());
    Some(Transaction {
        time,
        script: fields[3],
        further: further.collect::<Option<_>>()?,
    })
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let mut scripts: Groups<String, Script> = Groups::default();
    text.read_lines(|line| {
        if line.is_empty() {
            return Ok(());
        }
        let found = transaction(line)
            .ok_or("the line is no transaction of pgbench: it may be cut off".to_owned())?;
        let place = scripts.place(found.script);
        check_number(scripts.list.len())?;
        let script = &mut scripts.list[place].1;
        match found.time.parse() {
            Ok(time) => {
                script.times.push(time);
                script.further.extend(found.further.first());
                script.has_both |= found.further.len() > 1;
            }
            // `skipped`, `failed`, or why it failed.
            Err(_) => script.failures += 1,
        }
        Ok(())
    })?;
    let is_one = scripts.list.len() == 1;
    let entries = scripts.into_list().into_iter().map(|(name, script)| {
        script.entry(match is_one {
            true => "pgbench".to_owned(),
            false => format!("pgbench script {name}"),
        })
    });
    Import::new("a log of pgbench").finish_with(entries)
}

impl Script {
    fn entry(self, name: String) -> Entry {
        let mut entry = Entry::new(name);
        let (failures, has_rate) = (self.failures, self.has_rate());
        entry.load(match has_rate {
            true => LoadModel::Open,
            false => LoadModel::Closed,
        });
        if failures > 0 {
            let reason = format!("{failures} transactions failed or were skipped");
            entry.failed_run(None, FailureKind::Unknown, reason);
        }
        entry.runs(self.times.len() as u64, failures);
        entry.numbers(Metric::WALL_TIME, Scale::MICROSECONDS, self.times);
        if has_rate {
            let lag = units::metric("schedule_lag");
            entry.numbers(lag, Scale::MICROSECONDS, self.further);
        }
        entry
    }

    /// Whether what is further is how late each began. Where it is the number of tries
    /// alone, most are zero, and no microsecond late is hardly any.
    fn has_rate(&self) -> bool {
        let zeros = self.further.iter().filter(|value| **value == 0.0).count();
        !self.further.is_empty() && (self.has_both || 2 * zeros < self.further.len())
    }
}
