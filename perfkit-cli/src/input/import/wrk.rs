//! wrk and wrk2: what they print. wrk waits for each answer before it sends the next
//! request; wrk2 times requests from the moment at which they were due.

use perfkit::Metric;
use perfkit::report::{LoadModel, Report};

use super::build::{Entry, Import, Reported, check_number};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale, number};

const START: &str = "Running ";
const TARGET: &str = " test @ ";

/// What only wrk2 prints.
const CALIBRATION: &str = "Thread calibration:";
const CORRECTED: &str = "Latency Distribution (HdrHistogram - Recorded Latency)";
const UNCORRECTED: &str = "Latency Distribution (HdrHistogram - Uncorrected";

/// What is read of one run.
#[derive(Default)]
struct Run {
    url: String,
    threads: String,
    connections: String,
    is_open: bool,
    /// Whether percentiles follow that leave the delay of the start out.
    is_uncorrected: bool,
    time: Reported,
    requests: u64,
    /// Answers that are no success, and requests that had none.
    refused: u64,
    unanswered: u64,
    rate: Option<f64>,
    transfer: Option<f64>,
}

pub(super) fn recognise(text: &Text) -> bool {
    let mut lines = text.lines().take(100);
    lines.any(|line| line.starts_with(START) && line.contains(TARGET))
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let mut runs: Vec<Run> = Vec::new();
    text.read_lines(|line| {
        let line = line.trim();
        let target = line
            .strip_prefix(START)
            .and_then(|rest| rest.split_once(TARGET));
        if let Some((_, url)) = target {
            runs.push(Run {
                url: url.to_owned(),
                ..Run::default()
            });
            check_number(runs.len())?;
        } else if let Some(run) = runs.last_mut() {
            run.line(line)?;
        }
        Ok(())
    })?;
    let is_open = runs.iter().any(|run| run.is_open);
    let import = Import::new(if is_open {
        "the text of wrk2"
    } else {
        "the text of wrk"
    });
    import.finish_with(runs.into_iter().map(Run::entry))
}

impl Run {
    fn line(&mut self, line: &str) -> Result<(), ParseError> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let unreadable = |what: &str| ParseError::new(format!("{what} cannot be read: {line:?}"));
        match words.as_slice() {
            [threads, "threads", "and", connections, "connections"] => {
                self.threads = (*threads).to_owned();
                self.connections = (*connections).to_owned();
            }
            ["Latency", mean, deviation, max, ..] if number_first(mean) => {
                let times = [mean, deviation, max].map(|time| units::time(time));
                let [Some(mean), Some(deviation), Some(max)] = times else {
                    return Err(unreadable("the latency"));
                };
                self.time.mean = Some(mean);
                self.time.std_dev = Some(deviation);
                self.time.max = Some(max);
            }
            [percent, time] if percent.ends_with('%') && !self.is_uncorrected => {
                let percent = number(percent.trim_end_matches('%'));
                let known = percent.zip(units::time(time));
                let (percent, time) = known.ok_or_else(|| unreadable("a percentile"))?;
                // The maximum that stands above is rounded alike.
                self.time.percentile(percent, Some(time));
            }
            // The detailed spectrum of wrk2, in milliseconds.
            [value, share, _, _] if self.is_open && !self.is_uncorrected => {
                if let Some((value, share)) = number(value).zip(number(share)) {
                    let percent = share * 100.0;
                    self.time.percentile(percent, Some(value * 1e6));
                }
            }
            [requests, "requests", "in", ..] => {
                let requests = requests.parse();
                self.requests = requests.map_err(|_| unreadable("the number of requests"))?;
            }
            ["Non-2xx", "or", "3xx", "responses:", count] => {
                let count = count.parse();
                self.refused = count.map_err(|_| unreadable("the number of responses"))?;
            }
            ["Socket", "errors:", counts @ ..] => {
                let counts = counts.iter().map(|word| word.trim_end_matches(','));
                let counts = counts.filter_map(|word| word.parse::<u64>().ok());
                self.unanswered = counts.fold(0, u64::saturating_add);
            }
            ["Requests/sec:", rate] => self.rate = number(rate),
            ["Transfer/sec:", size] => self.transfer = units::binary_size(size),
            _ => {
                self.is_uncorrected |= line.starts_with(UNCORRECTED);
                self.is_open |= line.starts_with(CALIBRATION) || line.starts_with(CORRECTED);
            }
        }
        Ok(())
    }

    fn entry(self) -> Entry {
        let mut entry = Entry::new(self.url);
        entry.parameter("threads", &self.threads);
        entry.parameter("connections", &self.connections);
        entry.load(match self.is_open {
            true => LoadModel::Open,
            false => LoadModel::Closed,
        });
        let time = Reported {
            count: self.requests,
            ..self.time
        };
        entry.reported(Metric::WALL_TIME, Scale::NANOSECONDS, time);
        entry.value(Metric::THROUGHPUT, Scale::PER_SECOND, self.rate);
        let transfer = units::metric("bytes_per_second");
        entry.value(transfer, Scale::BYTES_PER_SECOND, self.transfer);
        let successes = self.requests.saturating_sub(self.refused);
        entry.runs(successes, self.refused.saturating_add(self.unanswered));
        entry.lacks_samples("wrk");
        entry
    }
}

fn number_first(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
}
