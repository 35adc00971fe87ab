//! Catch2: the benchmarks in what its console and XML reporters write. Its JSON reporter
//! leaves them out.

use perfkit::Metric;
use perfkit::report::{FailureKind, Note, NoteCode, Report};

use super::build::{Entry, Import, Reported};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale, number};
use super::xml_tags::tags;

/// What stands above the benchmarks of a test case.
const HEADINGS: &str = "benchmark name  ";
const RULE: &str = "----------";

pub(super) fn recognise_xml(text: &Text) -> bool {
    let text = text.as_str();
    text.trim_start().starts_with("<?xml") && text.contains("<BenchmarkResults ")
}

pub(super) fn recognise_console(text: &Text) -> bool {
    let is_heading = |line: &str| {
        line.starts_with(HEADINGS) && line.contains("samples") && line.contains("iterations")
    };
    text.lines().any(is_heading)
}

pub(super) fn read_xml(text: Text) -> Result<Report, ParseError> {
    let mut import = Import::new("Catch2 XML");
    let mut test_case = String::new();
    let mut open: Option<(Entry, Reported)> = None;
    for tag in tags(text.as_str()) {
        let value = |attribute: &str| -> Result<Option<f64>, ParseError> {
            let Some(text) = tag.attribute(attribute) else {
                return Ok(None);
            };
            let wrong = || format!("{attribute} of {} is no number: {text:?}", tag.name);
            let value = number(&text).ok_or_else(wrong);
            Ok(Some(
                value.map_err(|error| ParseError::at(tag.line, error))?,
            ))
        };
        match (tag.name, &mut open) {
            ("TestCase", _) => test_case = tag.attribute("name").unwrap_or_default(),
            ("BenchmarkResults", _) => {
                let mut entry = Entry::new(tag.attribute("name").unwrap_or_default());
                entry.parameter("test case", &test_case);
                let count = value("samples")?.unwrap_or_default() as u64;
                open = Some((
                    entry,
                    Reported {
                        count,
                        ..Reported::default()
                    },
                ));
            }
            ("mean", Some((_, time))) => time.mean = value("value")?,
            ("standardDeviation", Some((_, time))) => time.std_dev = value("value")?,
            ("failed", Some((entry, _))) => {
                let reason = tag.attribute("message").unwrap_or_default();
                fail(entry, &reason);
            }
            ("/BenchmarkResults", _) => {
                let done = open.take();
                done.into_iter()
                    .for_each(|(entry, time)| add(&mut import, entry, time));
            }
            _ => {}
        }
    }
    if let Some((entry, _)) = open {
        let name = entry.name();
        return Err(ParseError::new(format!(
            "the file ends within the benchmark {name}"
        )));
    }
    import.finish()
}

fn fail(entry: &mut Entry, reason: &str) {
    entry.failed_run(None, FailureKind::Unknown, reason);
    entry.runs(0, 1);
}

fn add(import: &mut Import, mut entry: Entry, time: Reported) {
    if time.mean.is_some() {
        entry.reported(Metric::WALL_TIME, Scale::NANOSECONDS, time);
        entry.note(Note::info(
            NoteCode::NoSamples,
            "Catch2 reports means without the values they are from: intervals are from the standard deviation",
        ));
    }
    import.add(entry);
}

/// Where in a table of the console a line stands.
#[derive(Default)]
struct Console {
    test_case: String,
    /// The last two lines, for the name of a test case stands between two rules.
    before: [String; 2],
    /// Whether the lines are those of a table.
    is_table: bool,
    /// The parts of a name, which may take several lines.
    name: Vec<String>,
    samples: u64,
    times: Vec<f64>,
}

pub(super) fn read_console(text: Text) -> Result<Report, ParseError> {
    let mut import = Import::new("the text of Catch2");
    let mut console = Console::default();
    text.read_lines(|line| console.line(line, &mut import))?;
    import.finish()
}

impl Console {
    fn line(&mut self, line: &str, import: &mut Import) -> Result<(), ParseError> {
        let is_rule = line.starts_with(RULE);
        let [first, second] = &self.before;
        if is_rule && first.starts_with(RULE) && !second.is_empty() {
            self.test_case.clone_from(second);
            self.is_table = false;
        }
        if line.starts_with(HEADINGS) {
            self.is_table = true;
            self.name.clear();
        } else if self.is_table && !is_rule {
            self.row(line, import)?;
        }
        self.before.swap(0, 1);
        line.trim().clone_into(&mut self.before[1]);
        Ok(())
    }

    fn row(&mut self, line: &str, import: &mut Import) -> Result<(), ParseError> {
        let cells = line
            .split("  ")
            .map(str::trim)
            .filter(|cell| !cell.is_empty());
        let cells: Vec<&str> = cells.collect();
        if line.starts_with(' ') {
            let times = cells
                .iter()
                .map(|cell| units::time(cell))
                .collect::<Option<Vec<f64>>>();
            // The headings of the second and third line are in the same place.
            if let Some([time, _, _]) = times.as_deref() {
                self.times.push(*time);
            } else if !self.name.is_empty() && !cells.is_empty() {
                return Err(ParseError::new(format!(
                    "these are no three times: {line:?}"
                )));
            }
            if let [mean, deviation] = self.times[..] {
                let reported = Reported {
                    count: self.samples,
                    mean: Some(mean),
                    std_dev: Some(deviation),
                    ..Reported::default()
                };
                let entry = self.entry();
                add(import, entry, reported);
            }
            return Ok(());
        }
        match cells.as_slice() {
            [name @ .., samples, iterations, estimate]
                if iterations.parse::<u64>().is_ok() && units::time(estimate).is_some() =>
            {
                self.name.extend(name.iter().map(|part| (*part).to_owned()));
                self.times.clear();
                self.samples = samples
                    .parse()
                    .map_err(|_| format!("{samples:?} is no number of samples"))?;
            }
            [name @ .., told] if told.starts_with("Benchmark failed") => {
                self.name.extend(name.iter().map(|part| (*part).to_owned()));
                let mut entry = self.entry();
                fail(&mut entry, told);
                add(import, entry, Reported::default());
            }
            [] => {}
            name => self.name.extend(name.iter().map(|part| (*part).to_owned())),
        }
        Ok(())
    }

    /// The benchmark that the lines before are of.
    fn entry(&mut self) -> Entry {
        let name = std::mem::take(&mut self.name).join(" ");
        self.times.clear();
        let mut entry = Entry::new(name);
        entry.parameter("test case", &self.test_case);
        entry
    }
}
