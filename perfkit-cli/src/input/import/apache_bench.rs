//! ab: what it prints, and the files of `-e` and `-g`. Milliseconds.

use perfkit::Metric;
use perfkit::report::{LoadModel, Report};

use super::build::{Entry, Import, Reported, check_number};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale, number};

/// The name where a file does not say what was asked.
const NAME: &str = "ab";

const VERSION: &str = "This is ApacheBench, Version ";
const PERCENTILES: &str = "Percentage served,Time in ms";
const REQUESTS: &str = "starttime\tseconds\tctime\tdtime\tttime\twait";

/// Which of the fields of a request is its whole time.
const WHOLE_TIME: usize = 4;

/// What is read of one run.
#[derive(Default)]
struct Run {
    host: String,
    port: String,
    path: String,
    concurrency: String,
    time: Reported,
    complete: u64,
    failures: u64,
    rate: Option<f64>,
    transfer: Option<f64>,
}

pub(super) fn recognise_text(text: &Text) -> bool {
    text.lines().take(100).any(|line| line.starts_with(VERSION))
}

pub(super) fn recognise_percentiles(text: &Text) -> bool {
    text.as_str().starts_with(PERCENTILES)
}

pub(super) fn recognise_requests(text: &Text) -> bool {
    text.as_str().starts_with(REQUESTS)
}

pub(super) fn read_text(text: Text) -> Result<Report, ParseError> {
    let mut runs: Vec<Run> = Vec::new();
    text.read_lines(|line| {
        if line.starts_with(VERSION) {
            runs.push(Run::default());
            check_number(runs.len())?;
        } else if let Some(run) = runs.last_mut() {
            run.line(line)?;
        }
        Ok(())
    })?;
    Import::new("the text of ab").finish_with(runs.into_iter().map(Run::entry))
}

impl Run {
    fn line(&mut self, line: &str) -> Result<(), ParseError> {
        let value = |text: &str| -> Result<f64, ParseError> {
            number(text).ok_or_else(|| format!("{text:?} is no number").into())
        };
        let Some((fact, rest)) = line.split_once(':') else {
            return self.percentile(line);
        };
        let rest = rest.trim();
        let first = rest.split_whitespace().next().unwrap_or_default();
        match fact.trim() {
            "Server Hostname" => rest.clone_into(&mut self.host),
            "Server Port" => rest.clone_into(&mut self.port),
            "Document Path" => rest.clone_into(&mut self.path),
            "Concurrency Level" => rest.clone_into(&mut self.concurrency),
            "Complete requests" => self.complete = value(first)? as u64,
            "Non-2xx responses" => self.add_failures(value(first)?),
            // A line of its own tells of what kinds they are, the first in brackets.
            "(Connect" | "Receive" | "Exceptions" => self.kinds(line),
            "Requests per second" => self.rate = Some(value(first)?),
            "Transfer rate" => self.transfer = Some(value(first)?),
            "Total" => {
                let numbers = rest.split_whitespace().map(value);
                let numbers: Vec<f64> = numbers.collect::<Result<_, _>>()?;
                if let [min, mean, deviation, median, max] = numbers[..] {
                    self.time.min = Some(min);
                    self.time.mean = Some(mean);
                    self.time.std_dev = Some(deviation);
                    self.time.median = Some(median);
                    self.time.max = Some(max);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Failures by their kinds: `(Connect: 0, Receive: 0, Length: 3, Exceptions: 0)`. That
    /// an answer has another length than the first one is none.
    fn kinds(&mut self, line: &str) {
        let kinds = line.trim().trim_matches(['(', ')']).split(", ");
        for (kind, count) in kinds.filter_map(|kind| kind.split_once(": ")) {
            if kind != "Length" {
                self.add_failures(number(count).unwrap_or_default());
            }
        }
    }

    fn add_failures(&mut self, count: f64) {
        self.failures = self.failures.saturating_add(count.max(0.0) as u64);
    }

    /// `  95%      5`
    fn percentile(&mut self, line: &str) -> Result<(), ParseError> {
        let mut words = line.split_whitespace();
        let percent = words.next().and_then(|word| word.strip_suffix('%'));
        let Some((percent, time)) = percent.and_then(number).zip(words.next()) else {
            return Ok(());
        };
        let time = number(time).ok_or_else(|| format!("{time:?} is no number"))?;
        self.time.percentile(percent, Some(time));
        Ok(())
    }

    fn entry(self) -> Entry {
        let mut entry = Entry::new(match self.host.is_empty() {
            true => NAME.to_owned(),
            false => format!("{}:{}{}", self.host, self.port, self.path),
        });
        entry.parameter("concurrency", &self.concurrency);
        entry.load(LoadModel::Closed);
        let time = Reported {
            count: self.complete,
            ..self.time
        };
        entry.reported(Metric::WALL_TIME, Scale::MILLISECONDS, time);
        entry.value(Metric::THROUGHPUT, Scale::PER_SECOND, self.rate);
        let transfer = units::metric("bytes_per_second");
        let scale = Scale::BYTES_PER_SECOND.by(1024.0);
        entry.value(transfer, scale, self.transfer);
        entry.runs(self.complete.saturating_sub(self.failures), self.failures);
        entry.lacks_samples("ab");
        entry
    }
}

pub(super) fn read_percentiles(text: Text) -> Result<Report, ParseError> {
    let mut time = Reported::default();
    text.read_lines(|line| {
        if line.is_empty() || line.starts_with(PERCENTILES) {
            return Ok(());
        }
        let pair = line
            .split_once(',')
            .and_then(|(percent, time)| Some((number(percent.trim())?, number(time.trim())?)));
        let (percent, at) = pair.ok_or_else(|| format!("this is no percentile: {line:?}"))?;
        time.percentile(percent, Some(at));
        Ok(())
    })?;
    let mut entry = Entry::new(NAME);
    entry.load(LoadModel::Closed);
    entry.reported(Metric::WALL_TIME, Scale::MILLISECONDS, time);
    entry.lacks_samples("ab");
    Import::new("percentiles of ab").finish_with([entry])
}

pub(super) fn read_requests(text: Text) -> Result<Report, ParseError> {
    let mut times = Vec::new();
    text.read_lines(|line| {
        if line.is_empty() || line.starts_with(REQUESTS) {
            return Ok(());
        }
        let time = line.split('\t').nth(WHOLE_TIME);
        let time = time.ok_or("the line ends before its time: it is cut off".to_owned())?;
        times.push(number(time).ok_or_else(|| format!("{time:?} is no number"))?);
        Ok(())
    })?;
    let mut entry = Entry::new(NAME);
    entry.load(LoadModel::Closed);
    entry.numbers(Metric::WALL_TIME, Scale::MILLISECONDS, times);
    Import::new("requests of ab").finish_with([entry])
}
