//! criterion's folder: `target/criterion/<group>/<function>/<value>/<baseline>/`
//! with `benchmark.json`, `sample.json` and `estimates.json`. Nanoseconds.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use perfkit::Metric;
use perfkit::report::{Note, NoteCode, Report};
use serde::Deserialize;

use super::build::{Entry, Import, Reported};
use super::json::{Number, parse};
use super::parse_error::ParseError;
use super::units::Scale;

/// How deep folders are looked into, and how many of them.
const DEEPEST: usize = 16;
const MOST_FOLDERS: usize = 200_000;

/// How many are looked into to tell what a folder is.
const FIRST_FOLDERS: usize = 2_000;

/// The largest file of a benchmark that is read.
const LARGEST: u64 = 64 << 20;

/// The folder of the latest run.
const LATEST: &str = "new";

/// A benchmark, as both criterion and critcmp describe it.
#[derive(Deserialize)]
pub(super) struct Identity {
    full_id: String,
    throughput: Option<Throughput>,
}

/// How much an iteration processes: criterion writes one of these, critcmp all.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Throughput {
    #[serde(alias = "BytesDecimal")]
    bytes: Option<u64>,
    elements: Option<u64>,
    bits: Option<u64>,
    elements_and_bytes: Option<ElementsAndBytes>,
}

#[derive(Clone, Copy, Deserialize)]
struct ElementsAndBytes {
    bytes: u64,
}

#[derive(Deserialize)]
struct Sample {
    iters: Vec<Number>,
    times: Vec<Number>,
}

/// What criterion estimates.
#[derive(Deserialize)]
pub(super) struct Estimates {
    mean: Estimate,
    median: Estimate,
    std_dev: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    #[serde(deserialize_with = "Number::deserialize")]
    point_estimate: Number,
}

pub(super) fn recognise(folder: &Path) -> bool {
    folder.is_dir() && !find(folder, true).is_empty()
}

/// Reads one run of every benchmark: that of the given baseline, or else the
/// latest.
pub(super) fn read(folder: &Path, baseline: Option<&str>) -> Result<Report, ParseError> {
    let found = find(folder, false);
    let names: BTreeSet<&str> = found.iter().map(|(_, name)| name.as_str()).collect();
    let chosen = choose(&names, baseline)?;
    let mut import = Import::new(&format!("criterion's folder, baseline {chosen}"));
    let others: Vec<&str> = names.into_iter().filter(|name| *name != chosen).collect();
    if !others.is_empty() {
        let others = others.join(", ");
        import.note(Note::info(
            NoteCode::OtherBaselines,
            format!("the folder also has: {others}; read one with FOLDER@NAME"),
        ));
    }
    for (folder, _) in found.iter().filter(|(_, name)| *name == chosen) {
        import.add(read_run(folder)?);
    }
    import.finish()
}

fn choose(names: &BTreeSet<&str>, asked: Option<&str>) -> Result<String, ParseError> {
    let all: Vec<&str> = names.iter().copied().collect();
    let listed = all.join(", ");
    match (asked, all.as_slice()) {
        (_, []) => Err(ParseError::new(
            "the folder has no benchmark.json with a sample.json or estimates.json beside it",
        )),
        (Some(asked), all) if all.contains(&asked) => Ok(asked.to_owned()),
        (Some(asked), _) => Err(ParseError::new(format!(
            "there is no baseline {asked}; there are: {listed}"
        ))),
        (None, all) if all.contains(&LATEST) => Ok(LATEST.to_owned()),
        (None, [only]) => Ok((*only).to_owned()),
        (None, _) => Err(ParseError::new(format!(
            "there is no run called {LATEST}; choose one with FOLDER@NAME: {listed}"
        ))),
    }
}

/// The folders of runs and the names of their baselines, in the order of their paths.
/// Links are not followed.
fn find(folder: &Path, is_one_enough: bool) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![(folder.to_owned(), 0)];
    let mut seen = 0;
    let most = if is_one_enough {
        FIRST_FOLDERS
    } else {
        MOST_FOLDERS
    };
    while let Some((folder, depth)) = open.pop() {
        seen += 1;
        let has = |name: &str| folder.join(name).is_file();
        if has("benchmark.json") && (has("sample.json") || has("estimates.json")) {
            let name = folder.file_name().map(|name| name.to_string_lossy());
            let baseline = name.map_or_else(|| LATEST.to_owned(), std::borrow::Cow::into_owned);
            found.push((folder, baseline));
            if is_one_enough {
                break;
            }
            continue;
        }
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let inner = folders.map(|entry| (entry.path(), depth + 1));
        if depth < DEEPEST && seen < most {
            open.extend(inner);
        }
    }
    found.sort();
    found
}

fn read_run(folder: &Path) -> Result<Entry, ParseError> {
    let identity: Identity = read_json(&folder.join("benchmark.json"))?;
    let mut entry = Entry::new(identity.full_id.as_str());
    let sample = folder.join("sample.json");
    if !sample.is_file() {
        let estimates: Estimates = read_json(&folder.join("estimates.json"))?;
        add_estimates(&mut entry, &identity, &estimates);
        return Ok(entry);
    }
    let sample: Sample = read_json(&sample)?;
    if sample.iters.len() != sample.times.len() {
        let message = format!(
            "{} has {} times of {} batches",
            folder.join("sample.json").display(),
            sample.times.len(),
            sample.iters.len()
        );
        return Err(ParseError::new(message));
    }
    let batches = sample.iters.iter().zip(&sample.times);
    let times: Vec<Option<f64>> = batches
        .map(|(iterations, time)| Some(time.0? / iterations.0.filter(|count| *count > 0.0)?))
        .collect();
    if let Some((scale, amount)) = identity.amount() {
        let rates = times.iter().map(|time| Some(amount * 1e9 / (*time)?));
        let rates: Vec<Option<f64>> = rates.collect();
        entry.samples(Metric::THROUGHPUT, scale, rates);
    }
    entry.samples(Metric::WALL_TIME, Scale::NANOSECONDS, times);
    Ok(entry)
}

/// Where there are no samples, as in an export of critcmp.
pub(super) fn add_estimates(entry: &mut Entry, identity: &Identity, estimates: &Estimates) {
    let mean = estimates.mean.point_estimate.0;
    let reported = Reported {
        mean,
        median: estimates.median.point_estimate.0,
        std_dev: estimates.std_dev.point_estimate.0,
        ..Reported::default()
    };
    entry.reported(Metric::WALL_TIME, Scale::NANOSECONDS, reported);
    if let Some((scale, amount)) = identity.amount() {
        let rate = Reported::of_mean(mean.map(|mean| amount * 1e9 / mean));
        entry.reported(Metric::THROUGHPUT, scale, rate);
    }
    entry.note(Note::info(
        NoteCode::NoSamples,
        "the file has estimates without the values they are from, nor their number: no interval can be had",
    ));
}

impl Identity {
    pub(super) fn name(&self) -> &str {
        &self.full_id
    }

    /// How much an iteration processes, in units per iteration.
    fn amount(&self) -> Option<(Scale, f64)> {
        let throughput = self.throughput?;
        let both = throughput.elements_and_bytes.map(|both| both.bytes);
        let bytes = throughput.bytes.or(both).map(|bytes| bytes as f64);
        let bytes = bytes.or(throughput.bits.map(|bits| bits as f64 / 8.0));
        let elements = throughput.elements.map(|elements| elements as f64);
        match (bytes, elements) {
            (Some(bytes), _) => Some((Scale::BYTES_PER_SECOND, bytes)),
            (None, elements) => Some((Scale::PER_SECOND, elements?)),
        }
    }
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, ParseError> {
    let told =
        |what: &dyn std::fmt::Display| ParseError::new(format!("{}: {what}", path.display()));
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text))
        .map_err(|error| told(&error))?;
    if text.len() as u64 > LARGEST {
        return Err(told(&"the file is larger than 64 MiB"));
    }
    parse(&text).map_err(|error| told(&format_args!("{}{error}", error.place())))
}
