//! Go: the text of `go test -bench`, also within `go test -json`.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use perfkit::report::Report;
use perfkit::unit::Unit;
use perfkit::{Direction, Metric};
use serde::Deserialize;

use super::build::{Entry, Import, MOST_METRICS};
use super::date;
use super::json::Plain;
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale};

/// The most lines that are looked at to tell the format.
const MOST_LINES: usize = 10_000;

/// One line of `go test -json`.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Action")]
    action: String,
    #[serde(rename = "Time")]
    time: Plain,
    #[serde(rename = "Package", default)]
    package: String,
    #[serde(rename = "Output", default)]
    output: String,
}

/// All results of one benchmark, in the order of the file.
struct Series {
    name: String,
    package: String,
    values: Vec<(String, Vec<Option<f64>>)>,
    runs: u64,
}

/// What is read so far.
#[derive(Default)]
struct Results {
    created: Option<SystemTime>,
    series: Vec<Series>,
    by_name: HashMap<(String, String), usize>,
    facts: BTreeMap<&'static str, String>,
    /// What `Unit` lines say of units that programs make up.
    direction: HashMap<String, Direction>,
}

pub(super) fn recognise_text(text: &Text) -> bool {
    let mut lines = text.lines().take(MOST_LINES);
    lines.any(|(_, line)| is_result(line))
}

pub(super) fn recognise_json(text: &Text) -> bool {
    let shape = text.shape();
    shape.is_object_with(&["Action"]) && (shape.has("Package") || shape.has("Time"))
}

/// A name, a number of iterations and at least a value with its unit.
fn is_result(line: &str) -> bool {
    let mut fields = line.split_whitespace();
    let is_named = fields
        .next()
        .is_some_and(|name| name.starts_with("Benchmark"));
    let is_counted = fields
        .next()
        .is_some_and(|count| count.parse::<u64>().is_ok());
    is_named
        && is_counted
        && fields
            .next()
            .is_some_and(|value| units::number(value).is_some())
}

pub(super) fn read_text(text: &Text) -> Result<Report, ParseError> {
    let mut results = Results::default();
    let mut package = String::new();
    for (number, line) in text.lines() {
        results
            .line(line, &mut package)
            .map_err(|what| ParseError::at(number, what))?;
    }
    results.finish("the text of go test -bench")
}

pub(super) fn read_json(text: &Text) -> Result<Report, ParseError> {
    let mut results = Results::default();
    // A line of the text may come in several events, between those of others.
    let mut pending: BTreeMap<String, String> = BTreeMap::new();
    for (number, line) in text.lines() {
        if line.trim().is_empty() {
            continue;
        }
        let event: Event = serde_json::from_str(line)
            .map_err(|error| ParseError::from(error).below(number - 1))?;
        results.created = results.created.or_else(|| date::parse(&event.time.0));
        if event.action != "output" {
            continue;
        }
        let mut package = event.package;
        let open = pending.entry(package.clone()).or_default();
        open.push_str(&event.output);
        if !event.output.contains('\n') {
            continue;
        }
        while let Some(end) = open.find('\n') {
            let whole: String = open.drain(..=end).collect();
            results
                .line(whole.trim_end(), &mut package)
                .map_err(|what| ParseError::at(number, what))?;
        }
    }
    for (mut package, line) in pending {
        results.line(&line, &mut package).map_err(ParseError::new)?;
    }
    results.finish("go test JSON")
}

impl Results {
    /// Reads a line; `package` is what the lines before say.
    fn line(&mut self, line: &str, package: &mut String) -> Result<(), String> {
        for fact in ["goos", "goarch", "cpu", "pkg"] {
            let value = line
                .strip_prefix(fact)
                .and_then(|rest| rest.strip_prefix(": "));
            if let Some(value) = value {
                if fact == "pkg" {
                    value.trim().clone_into(package);
                }
                self.facts
                    .entry(fact)
                    .or_insert_with(|| value.trim().to_owned());
                return Ok(());
            }
        }
        if let Some(rest) = line.strip_prefix("Unit ") {
            self.unit(rest);
            return Ok(());
        }
        let mut fields = line.split_whitespace();
        let (Some(name), Some(count)) = (fields.next(), fields.next()) else {
            return Ok(());
        };
        // A benchmark may print what it likes after its name.
        if !name.starts_with("Benchmark") || count.parse::<u64>().is_err() {
            return Ok(());
        }
        let fields: Vec<&str> = fields.collect();
        let pairs = fields.chunks_exact(2);
        if fields.is_empty() || !pairs.remainder().is_empty() {
            return Err(format!(
                "{name} has a value without a unit: the line may be cut off"
            ));
        }
        let mut values = Vec::new();
        for pair in pairs {
            let value = match pair[0] {
                "NaN" | "+Inf" | "-Inf" => None,
                text => Some(
                    units::number(text).ok_or_else(|| format!("{name}: {text:?} is no number"))?,
                ),
            };
            values.push((pair[1], value));
        }
        self.add(name, package, &values);
        Ok(())
    }

    fn unit(&mut self, line: &str) {
        let mut fields = line.split_whitespace();
        let unit = fields.next().unwrap_or_default().to_owned();
        for field in fields {
            let direction = match field {
                "better=higher" => Direction::HigherIsBetter,
                "better=lower" => Direction::LowerIsBetter,
                _ => continue,
            };
            self.direction.insert(unit.clone(), direction);
        }
    }

    fn add(&mut self, name: &str, package: &str, values: &[(&str, Option<f64>)]) {
        let key = (package.to_owned(), name.to_owned());
        let index = *self.by_name.entry(key).or_insert_with(|| {
            self.series.push(Series {
                name: name.to_owned(),
                package: package.to_owned(),
                values: Vec::new(),
                runs: 0,
            });
            self.series.len() - 1
        });
        let series = &mut self.series[index];
        series.runs += 1;
        for (unit, value) in values {
            let is_full = series.values.len() >= MOST_METRICS;
            match series.values.iter_mut().find(|(known, _)| known == unit) {
                Some((_, known)) => known.push(*value),
                None if is_full => {}
                None => series.values.push(((*unit).to_owned(), vec![*value])),
            }
        }
    }

    fn finish(self, origin: &str) -> Result<Report, ParseError> {
        let mut import = Import::new(origin);
        import.created(self.created);
        let fact = |name: &str| self.facts.get(name).cloned();
        let environment = import.environment();
        if let Some(os) = fact("goos") {
            environment.os = os;
        }
        environment.cpu = fact("cpu");
        if let Some(architecture) = fact("goarch") {
            // By the name that the rest of the world has for it.
            environment.architecture = match architecture.as_str() {
                "amd64" => "x86_64".to_owned(),
                "arm64" => "aarch64".to_owned(),
                _ => architecture,
            };
        }
        for series in self.series {
            let mut entry = Entry::new(series.name);
            entry.parameter("pkg", &series.package);
            entry.runs(series.runs, 0);
            for (unit, values) in series.values {
                let (metric, mut scale) = meaning(&unit);
                if let Some(direction) = self.direction.get(&unit) {
                    scale.direction = *direction;
                }
                entry.samples(metric, scale, values);
            }
            import.add(entry);
        }
        import.finish()
    }
}

fn meaning(unit: &str) -> (Metric, Scale) {
    let scale = units::scale(unit);
    let metric = match unit {
        "ns/op" | "sec/op" => Metric::WALL_TIME,
        "B/op" => Metric::ALLOCATED,
        "allocs/op" => Metric::ALLOCATIONS,
        _ if scale.unit == Unit::BytesPerSecond => Metric::THROUGHPUT,
        other => units::metric(other),
    };
    (metric, scale)
}
