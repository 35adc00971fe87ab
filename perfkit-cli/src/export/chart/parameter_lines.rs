//! Which implementations differ in one parameter alone: a line of a chart each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use perfkit::report::{Benchmark, Side};

/// The fewest values of a parameter that make a line.
const FEWEST_VALUES: usize = 3;

/// What a size is called that only names tell.
const SIZE: &str = "size";

/// Implementations that differ in the value of one parameter.
pub(super) struct Lines<'a> {
    pub(super) parameter: String,
    pub(super) lines: Vec<Line<'a>>,
}

/// Those that differ in nothing else, by ascending values.
pub(super) struct Line<'a> {
    pub(super) name: String,
    pub(super) points: Vec<Point<'a>>,
}

pub(super) struct Point<'a> {
    pub(super) value: f64,
    pub(super) benchmark: &'a Benchmark,
}

/// What all implementations of a line have in common.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    side: Option<Side>,
    program: Option<String>,
    /// The name without the value; nothing where the order tells which of them it is.
    stem: String,
    /// How many with the same parameters came before: of several commands with the same
    /// parameters, each has all values.
    occurrence: usize,
    others: BTreeMap<String, String>,
}

/// An implementation with the value that it has of the parameter.
struct Valued<'a> {
    benchmark: &'a Benchmark,
    value: f64,
    /// What the name may be without the value, the likeliest first.
    stems: Vec<String>,
    others: BTreeMap<String, String>,
}

/// The lines of a report's implementations; `None` where no parameter has numbers enough.
pub(super) fn lines<'a>(benchmarks: &[&'a Benchmark]) -> Option<Lines<'a>> {
    let (parameter, found) = match parameter(benchmarks) {
        Some(parameter) => {
            let found = benchmarks.iter();
            let found = found.filter_map(|benchmark| with_parameter(benchmark, &parameter));
            let found: Vec<Valued<'a>> = found.collect();
            (parameter, found)
        }
        None => {
            let found = benchmarks.iter();
            let found = found.filter_map(|benchmark| with_size(benchmark));
            (SIZE.to_owned(), found.collect())
        }
    };
    let are_commands = found
        .iter()
        .all(|valued| valued.benchmark.command.is_some());
    let by_name = || grouped(&found, false);
    let by_order = || grouped(&found, true);
    let lines = if are_commands {
        by_order()
    } else {
        by_name().or_else(by_order)
    };
    Some(Lines {
        parameter,
        lines: lines?,
    })
}

/// The parameter with most numbers for values; of several, the first by name.
fn parameter(benchmarks: &[&Benchmark]) -> Option<String> {
    let mut values: BTreeMap<&str, Option<BTreeSet<u64>>> = BTreeMap::new();
    for benchmark in benchmarks {
        for (name, value) in &benchmark.parameters {
            let known = values.entry(name).or_insert_with(|| Some(BTreeSet::new()));
            match (known.as_mut(), number(value)) {
                (Some(known), Some(value)) => drop(known.insert(value.to_bits())),
                _ => *known = None,
            }
        }
    }
    let counts = values
        .into_iter()
        .filter_map(|(name, values)| Some((name, values?.len())))
        .filter(|(_, count)| *count >= FEWEST_VALUES);
    let most = counts.reduce(|best, next| if next.1 > best.1 { next } else { best });
    most.map(|(name, _)| name.to_owned())
}

fn number(text: &str) -> Option<f64> {
    let number: f64 = text.trim().parse().ok()?;
    // Zero of either sign is one value.
    (number.is_finite() && number.abs() < 1e18).then_some(number + 0.0)
}

fn with_parameter<'a>(benchmark: &'a Benchmark, parameter: &str) -> Option<Valued<'a>> {
    let text = benchmark.parameters.get(parameter)?;
    let others = benchmark.parameters.iter();
    let others = others.filter(|(name, _)| *name != parameter);
    Some(Valued {
        benchmark,
        value: number(text)?,
        stems: stems(&benchmark.name, text, &format!("{{{parameter}}}")),
        others: owned(others),
    })
}

/// A size at the end of a name: `parse/1024`, `Parse/size=1024-8` as Go writes it.
fn with_size(benchmark: &Benchmark) -> Option<Valued<'_>> {
    let (start, last) = benchmark.name.rsplit_once('/')?;
    let (key, text) = match last.split_once('=') {
        Some((key, value)) => (format!("{key}="), value.split('-').next()?),
        None => (String::new(), last),
    };
    Some(Valued {
        benchmark,
        value: number(text)?,
        stems: vec![format!("{start}/{key}{{{SIZE}}}")],
        others: owned(benchmark.parameters.iter()),
    })
}

fn owned<'a>(
    parameters: impl Iterator<Item = (&'a String, &'a String)>,
) -> BTreeMap<String, String> {
    let owned = parameters.map(|(name, value)| (name.clone(), value.clone()));
    owned.collect()
}

/// A name with a placeholder for each value that stands alone in it, or for the first one,
/// which digits may follow.
fn stems(name: &str, value: &str, placeholder: &str) -> Vec<String> {
    let alone = replaced(name, value, placeholder);
    let first = name.replacen(value, placeholder, 1);
    if alone == first {
        vec![alone]
    } else {
        vec![alone, first]
    }
}

/// A text with another in the place of a word, which no letter or digit touches.
fn replaced(text: &str, word: &str, by: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || c == '.' || c == '_';
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word).filter(|_| !word.is_empty()) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let last = before.chars().next_back().or(result.chars().next_back());
        let touches = last.is_some_and(is_part) || after.chars().next().is_some_and(is_part);
        result.push_str(before);
        result.push_str(if touches { word } else { by });
        rest = after;
    }
    result + rest
}

/// The lines with values enough; `None` without one.
fn grouped<'a>(found: &[Valued<'a>], by_order: bool) -> Option<Vec<Line<'a>>> {
    let mut seen: HashMap<SameValues<'_>, usize> = HashMap::new();
    let mut lines: Vec<Found<'a>> = Vec::new();
    let mut indices: HashMap<Key, usize> = HashMap::new();
    for valued in found {
        let others = valued
            .others
            .iter()
            .map(|(name, value)| (&**name, &**value));
        let same = (
            valued.benchmark.side,
            valued.value.to_bits(),
            others.collect(),
        );
        let occurrence = seen.entry(same).or_default();
        let key = Key {
            side: valued.benchmark.side,
            program: valued.benchmark.program.clone(),
            stem: match by_order {
                true => String::new(),
                false => valued.stems.first().cloned().unwrap_or_default(),
            },
            occurrence: if by_order { *occurrence } else { 0 },
            others: valued.others.clone(),
        };
        *occurrence += 1;
        let point = Point {
            value: valued.value,
            benchmark: valued.benchmark,
        };
        let known = *indices.entry(key.clone()).or_insert(lines.len());
        if known == lines.len() {
            lines.push(Found {
                key,
                stems: BTreeMap::new(),
                points: Vec::new(),
            });
        }
        lines[known].points.push(point);
        for stem in &valued.stems {
            *lines[known].stems.entry(stem.clone()).or_default() += 1;
        }
    }
    lines.retain_mut(|Found { points, .. }| {
        points.sort_by(|a, b| a.value.total_cmp(&b.value));
        points.dedup_by(|a, b| a.value == b.value);
        points.len() >= FEWEST_VALUES
    });
    let names = names(&lines);
    let lines = lines.into_iter().zip(names);
    let lines: Vec<Line<'a>> = lines
        .map(|(Found { points, .. }, name)| Line { name, points })
        .collect();
    (!lines.is_empty()).then_some(lines)
}

/// All that implementations of several commands have in common: side, value, and the other
/// parameters.
type SameValues<'a> = (Option<Side>, u64, Vec<(&'a str, &'a str)>);

/// A line that may have too few values.
struct Found<'a> {
    key: Key,
    /// The names without the value, and how many have each: where the value is in a name for
    /// another reason, too, these differ.
    stems: BTreeMap<String, usize>,
    points: Vec<Point<'a>>,
}

impl Found<'_> {
    fn stem(&self) -> &str {
        let most = self.stems.iter().max_by_key(|(_, count)| **count);
        most.map_or("", |(stem, _)| stem)
    }
}

/// A name for each line: that of its implementations without the value, and what else
/// there is where several have it.
fn names(lines: &[Found<'_>]) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for line in lines {
        *counts.entry(line.stem()).or_default() += 1;
    }
    let name = |line: &Found<'_>| {
        let (key, stem) = (&line.key, line.stem());
        let mut more: Vec<String> = Vec::new();
        if counts.get(stem).is_some_and(|count| *count > 1) {
            let others = key.others.iter();
            more.extend(others.map(|(name, value)| format!("{name}={value}")));
            more.extend(key.program.clone());
        }
        let first = line.points.first();
        let revision = first.and_then(|point| point.benchmark.revision.clone());
        match (revision, key.side) {
            (Some(revision), _) => more.push(revision),
            (None, Some(Side::Baseline)) => more.push("baseline".to_owned()),
            (None, _) => {}
        }
        match more.is_empty() {
            true => stem.to_owned(),
            false => format!("{stem} ({})", more.join(", ")),
        }
    };
    lines.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(name: &str, parameters: &[(&str, &str)]) -> Benchmark {
        let mut benchmark = Benchmark::new(name);
        benchmark.command = Some(name.to_owned());
        let parameters = parameters.iter();
        let parameters = parameters.map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        benchmark.parameters = parameters.collect();
        benchmark
    }

    fn told(benchmarks: &[Benchmark]) -> Vec<String> {
        let all: Vec<&Benchmark> = benchmarks.iter().collect();
        let Some(lines) = lines(&all) else {
            return Vec::new();
        };
        let line = |line: &Line<'_>| {
            let values = line.points.iter().map(|point| point.value.to_string());
            let values: Vec<String> = values.collect();
            format!("{}: {}", line.name, values.join(" "))
        };
        lines.lines.iter().map(line).collect()
    }

    #[test]
    fn commands_with_the_same_parameters_are_a_line_each() {
        let mut all = Vec::new();
        for level in ["10", "2", "1"] {
            for tool in ["gzip", "xz"] {
                let parameters = [("level", level), ("tool", tool)];
                all.push(command(&format!("{tool} -{level} b10"), &parameters));
                all.push(command(&format!("{tool} -{level} | head -10"), &parameters));
            }
        }
        let expected = [
            "gzip -{level} b10: 1 2 10",
            "gzip -{level} | head -10: 1 2 10",
            "xz -{level} b10: 1 2 10",
            "xz -{level} | head -10: 1 2 10",
        ];
        assert_eq!(told(&all), expected);
        assert!(told(&all[..8]).is_empty(), "two values are no line");
        let head = |n: &str| command(&format!("head -c {n}000 f"), &[("n", n)]);
        assert_eq!(
            told(&["1", "2", "4"].map(head)),
            ["head -c {n}000 f: 1 2 4"]
        );
    }

    #[test]
    fn lines_of_one_name_are_told_apart_by_what_else_they_have() {
        let sleep = |n: &str, tag: &str| command("./sleep", &[("n", n), ("tag", tag)]);
        let all: Vec<Benchmark> = ["1", "2", "4"]
            .into_iter()
            .flat_map(|n| ["a", "b"].map(|tag| sleep(n, tag)))
            .collect();
        assert_eq!(
            told(&all),
            ["./sleep (tag=a): 1 2 4", "./sleep (tag=b): 1 2 4"]
        );
    }

    #[test]
    fn functions_with_sizes_are_lines_and_words_are_not() {
        let sizes = ["64", "256", "1024", "x"];
        let named = |start: &str| sizes.map(|size| Benchmark::new(format!("{start}/{size}")));
        assert_eq!(
            told(&[named("sum"), named("sort")].concat()),
            ["sum/{size}: 64 256 1024", "sort/{size}: 64 256 1024"]
        );
        let go = ["16", "64", "256"].map(|n| Benchmark::new(format!("Repeat/size={n}-8")));
        assert_eq!(told(&go), ["Repeat/size={size}: 16 64 256"]);
        let mut both: Vec<Benchmark> = named("sum").to_vec();
        both.extend(named("sum").map(|mut benchmark| {
            benchmark.side = Some(Side::Baseline);
            benchmark
        }));
        assert_eq!(told(&both)[1], "sum/{size} (baseline): 64 256 1024");
        let words = ["a", "b", "c"].map(|word| command(word, &[("tool", word)]));
        assert!(told(&words).is_empty());
    }
}
