//! Go: the text of `go test -bench`, also within `go test -json`.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use perfkit::report::Report;
use perfkit::unit::Unit;
use perfkit::{Direction, Metric, SmallMap};
use serde::Deserialize;

use super::build::{Entry, Import, MOST_METRICS, check_number};
use super::date;
use super::grouped::Groups;
use super::json::Plain;
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale};

/// The most lines that are looked at to tell the format.
const MOST_LINES: usize = 10_000;

/// One line of `go test -json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    action: String,
    time: Plain,
    #[serde(default)]
    package: String,
    #[serde(default)]
    output: String,
}

/// What is read so far. There may be hundreds of thousands of benchmarks, so what they
/// share is kept once.
#[derive(Default)]
struct Results<'a> {
    created: Option<SystemTime>,
    packages: Groups<String, ()>,
    units: Groups<String, ()>,
    /// The results of every benchmark, by its package's place and its name.
    found: Groups<(usize, Cow<'a, str>), Series>,
    facts: BTreeMap<String, String>,
    /// What `Unit` lines say of units that programs make up.
    direction: HashMap<String, Direction>,
}

/// All results of one benchmark.
#[derive(Default)]
struct Series {
    runs: u64,
    /// By the place of their unit; NaN for what is none.
    values: SmallMap<usize, Vec<f64>>,
}

pub(super) fn recognise_text(text: &Text) -> bool {
    let mut lines = text.lines().take(MOST_LINES);
    lines.any(is_result)
}

pub(super) fn recognise_json(text: &Text) -> bool {
    let shape = text.shape();
    shape.is_object_with(&["Action"]) && (shape.has("Package") || shape.has("Time"))
}

fn is_result(line: &str) -> bool {
    let first = fields(line).and_then(|(_, fields)| fields.first().copied());
    first.is_some_and(|value| units::number(value).is_some())
}

/// The name of a result, and what stands behind its number of iterations.
fn fields(line: &str) -> Option<(&str, Vec<&str>)> {
    let mut fields = line.split_whitespace();
    let name = fields.next().filter(|name| name.starts_with("Benchmark"))?;
    // A benchmark may print what it likes after its name.
    fields.next()?.parse::<u64>().ok()?;
    Some((name, fields.collect()))
}

pub(super) fn read_text(text: Text) -> Result<Report, ParseError> {
    let mut results = Results::default();
    let mut package = String::new();
    text.read_lines(|line| results.line(Cow::Borrowed(line), &mut package))?;
    results.finish("the text of go test -bench")
}

pub(super) fn read_json(text: Text) -> Result<Report, ParseError> {
    let mut results = Results::default();
    // A line of the text may come in several events, between those of others.
    let mut pending: BTreeMap<String, String> = BTreeMap::new();
    text.read_lines(|line| {
        if line.trim().is_empty() {
            return Ok(());
        }
        let event: Event = serde_json::from_str(line)?;
        results.created = results.created.or_else(|| date::parse(&event.time.0));
        if event.action != "output" {
            return Ok(());
        }
        let mut package = event.package;
        let open = pending.entry(package.clone()).or_default();
        open.push_str(&event.output);
        if !event.output.contains('\n') {
            return Ok(());
        }
        while let Some(end) = open.find('\n') {
            let whole: String = open.drain(..=end).collect();
            results.line(Cow::Owned(whole), &mut package)?;
        }
        Ok(())
    })?;
    for (mut package, line) in pending {
        results.line(Cow::Owned(line), &mut package)?;
    }
    results.finish("go test JSON")
}

impl<'a> Results<'a> {
    /// Reads a line; `package` is what the lines before say.
    fn line(&mut self, whole: Cow<'a, str>, package: &mut String) -> Result<(), ParseError> {
        let line = whole.trim_end();
        let facts = ["goos", "goarch", "cpu", "pkg"];
        let fact = line.split_once(": ");
        if let Some((fact, value)) = fact.filter(|(fact, _)| facts.contains(fact)) {
            let value = value.trim().to_owned();
            if fact == "pkg" {
                package.clone_from(&value);
            }
            self.facts.entry(fact.to_owned()).or_insert(value);
            return Ok(());
        }
        if let Some(rest) = line.strip_prefix("Unit ") {
            self.unit(rest);
            return Ok(());
        }
        let Some((name, fields)) = fields(line) else {
            return Ok(());
        };
        let pairs = fields.chunks_exact(2);
        if fields.is_empty() || !pairs.remainder().is_empty() {
            return Err(ParseError::new(format!(
                "{name} has a value without a unit: the line may be cut off"
            )));
        }
        let package = self.packages.place(package.as_str());
        let owned = match &whole {
            Cow::Borrowed(line) => Cow::Borrowed(&line[..name.len()]),
            Cow::Owned(_) => Cow::Owned(name.to_owned()),
        };
        let series = self.found.of((package, owned));
        let is_new = series.runs == 0;
        series.runs += 1;
        for pair in pairs {
            let value = match pair[0] {
                "NaN" | "+Inf" | "-Inf" => f64::NAN,
                text => {
                    units::number(text).ok_or_else(|| format!("{name}: {text:?} is no number"))?
                }
            };
            series.add(self.units.place(pair[1]), value);
        }
        match is_new {
            true => check_number(self.found.list.len()),
            false => Ok(()),
        }
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

    fn finish(self, origin: &str) -> Result<Report, ParseError> {
        let mut import = Import::new(origin);
        import.created(self.created);
        let fact = |name: &str| self.facts.get(name).cloned();
        import.os(fact("goos"));
        import.environment().cpu = fact("cpu");
        // By the name that the rest of the world has for it.
        import.architecture(fact("goarch").map(|name| match name.as_str() {
            "amd64" => "x86_64".to_owned(),
            "arm64" => "aarch64".to_owned(),
            _ => name,
        }));
        let units = self.units.list.iter().map(|(unit, ())| {
            let (metric, mut scale) = meaning(unit);
            scale.direction = self.direction.get(unit).map_or(scale.direction, |d| *d);
            (metric, scale)
        });
        let units: Vec<(Metric, Scale)> = units.collect();
        let found = self.found.into_list();
        import.expect(found.len());
        for ((package, name), series) in found {
            let mut entry = Entry::new(name);
            entry.parameter("pkg", &self.packages.list[package].0);
            entry.runs(series.runs, 0);
            entry.expect(series.values.len());
            for (unit, values) in series.values {
                let (metric, scale) = units[unit].clone();
                entry.numbers(metric, scale, values);
            }
            import.add(entry);
        }
        import.finish()
    }
}

impl Series {
    fn add(&mut self, unit: usize, value: f64) {
        let is_full = self.values.len() >= MOST_METRICS;
        match self.values.get_mut(&unit) {
            Some(known) => known.push(value),
            None if is_full => {}
            None => drop(self.values.insert(unit, vec![value])),
        }
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
