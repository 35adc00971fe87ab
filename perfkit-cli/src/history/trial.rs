//! What a history costs, tried out: for the bench of that name.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

use perfkit::report::{Benchmark, Environment};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, Report};

use crate::error::Error;
use crate::git;

use super::head::{Commit, Head, Rest, VERSION};
use super::index::Index;
use super::machine::Machine;
use super::points::points_of;
use super::record::Record;
use super::store::{FolderStore, GitStore, Store};
use super::summary::summary_of;

/// So many records are made and written at a time.
const BATCH: usize = 100;

/// How often what is quick is done, the median of which is told.
const REPEATS: usize = 21;

/// How much of everything is made.
#[derive(Clone, Copy, Debug)]
pub struct HistoryTrial {
    /// Records in a folder.
    pub records: usize,
    /// Series of each of them.
    pub series: usize,
    /// Records in git.
    pub records_in_git: usize,
}

/// A machine's noise, made of a number: the same numbers every time.
struct Noise(u64);

impl Noise {
    /// Between 0 and 1.
    fn next(&mut self) -> f64 {
        // xorshift64* (Vigna 2016).
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl HistoryTrial {
    /// Makes everything in a temporary folder, and tells what it took.
    ///
    /// # Errors
    /// Files cannot be written, or git cannot be run.
    pub fn run(&self, tell: &mut dyn FnMut(String)) -> Result<(), String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        self.in_folder(folder.path(), tell)
            .and_then(|()| self.in_git(folder.path(), tell))
            .map_err(|error| error.message().to_owned())
    }

    fn in_folder(&self, folder: &Path, tell: &mut dyn FnMut(String)) -> Result<(), Error> {
        let store = FolderStore {
            folder: folder.join("records"),
        };
        let index_path = folder.join("index.sqlite");
        let start = Instant::now();
        let mut bytes = 0;
        for first in (0..self.records).step_by(BATCH) {
            let numbers = first..(first + BATCH).min(self.records);
            let records = numbers.map(|number| self.record(number));
            let records: Vec<Record> = records.collect::<Result<_, _>>()?;
            for record in &records {
                let packed = record.compressed();
                bytes += packed
                    .map_err(|error| Error::data(error.to_string()))?
                    .len();
            }
            store.write_without_sync(&records)?;
        }
        let (records, series) = (self.records, self.series);
        let kilobytes = bytes as f64 / 1e3 / records.max(1) as f64;
        let seconds = start.elapsed().as_secs_f64();
        tell(format!(
            "{records} records of {series} series made in {seconds:.1} s: {kilobytes:.1} kB each, compressed"
        ));
        let (built, (index, _)) = timed(|| Index::rebuild(&store, &index_path))?;
        let size = fs::metadata(&index_path).map_or(0, |found| found.len());
        let megabytes = size as f64 / 1e6;
        tell(format!(
            "index built: {:.2} s, {megabytes:.1} MB",
            built.as_secs_f64()
        ));
        if let Some(peak) = peak_memory() {
            tell(format!("most memory until then: {peak:.0} MB"));
        }
        drop(index);
        let mut added = Vec::new();
        for number in 0..REPEATS + 64 {
            let record = self.record(self.records + number)?;
            store.write_without_sync(std::slice::from_ref(&record))?;
            let add = || {
                Index::add(&index_path, &[&record]);
                Ok(())
            };
            added.push(timed(add)?.0);
        }
        tell(format!("one record added: {}", told(added)));
        questions(&store, &index_path, tell)
    }

    fn in_git(&self, folder: &Path, tell: &mut dyn FnMut(String)) -> Result<(), Error> {
        let repository = folder.join("repository");
        let failed = |why: String| Error::data(why);
        fs::create_dir(&repository).map_err(|error| failed(error.to_string()))?;
        let ask = |words: &[&str]| {
            git::output(git::in_own_repository(&repository), words).map_err(failed)
        };
        ask(&["init", "--quiet"])?;
        let before = size_of(&repository.join(".git"));
        let store = GitStore::open(&repository)?;
        let mut added = Vec::new();
        for number in 0..self.records_in_git {
            let record = self.record(number)?;
            added.push(timed(|| store.add(std::slice::from_ref(&record)))?.0);
        }
        let records = self.records_in_git;
        let growth = |now: u64| now.saturating_sub(before) as f64 / 1e6;
        let loose = growth(size_of(&repository.join(".git")));
        tell(format!("in git, one record added: {}", told(added)));
        tell(format!(
            "in git, {records} records, one commit each: {loose:.1} MB as written"
        ));
        ask(&["gc", "--quiet"])?;
        let packed = growth(size_of(&repository.join(".git")));
        tell(format!("in git, the same after git gc: {packed:.1} MB"));
        Ok(())
    }

    /// A run of that many benchmarks, each with a noise of 2 % and a value of its own.
    fn record(&self, number: usize) -> Result<Record, Error> {
        let mut noise = Noise(number as u64 + 0x9e37_79b9_7f4a_7c15);
        let mut report = Report::new(Environment::unknown());
        let hours = Duration::from_secs(3600 * number as u64);
        report.created = UNIX_EPOCH + Duration::from_secs(1_600_000_000) + hours;
        for series in 0..self.series {
            let typical = 1e4 * (1.0 + series as f64);
            let values = (0..40).map(|_| typical * (1.0 + 0.02 * noise.next()));
            let times = MetricSummary::from_samples(Unit::Nanoseconds, values.collect());
            let mut benchmark = Benchmark::new(format!("group_{}/benchmark_{series}", series % 20));
            benchmark.successes = 40;
            benchmark.metrics.insert(Metric::WALL_TIME, times);
            report.benchmarks.push(benchmark);
        }
        let commit = Commit {
            id: format!("{number:040x}"),
            parents: vec![format!("{:040x}", number.saturating_sub(1))],
            branch: Some("main".to_owned()),
            subject: Some(format!("Change number {number}")),
            committed_s: Some(1_600_000_000 + 3600 * number as u64),
            dirty: Some(false),
        };
        let head = Head {
            version: VERSION,
            measured_ms: 1_600_000_000_000 + 3_600_000 * number as u64,
            commit: Some(commit),
            machine: Machine::named(["one", "two", "three"][number % 3]),
            toolchain: Some("rustc 1.95.0".to_owned()),
            tool: None,
            rest: Rest::default(),
            series: points_of(&report),
        };
        Record::new(head, &summary_of(&report))
    }
}

/// What it takes to read a series, and to list all records.
fn questions(
    store: &FolderStore,
    index_path: &Path,
    tell: &mut dyn FnMut(String),
) -> Result<(), Error> {
    let (index, _) = Index::of(store, index_path)?;
    let known = index.series()?;
    let one = known.first().map_or(0, |series| series.number);
    let mut read = Vec::new();
    for _ in 0..REPEATS {
        read.push(timed(|| index.points(one))?.0);
    }
    let points = index.points(one)?.len();
    tell(format!(
        "one series of {points} values read: {}",
        told(read)
    ));
    let mut listed = Vec::new();
    for _ in 0..5 {
        let list = || {
            let (index, _) = Index::of(store, index_path)?;
            let mut count = 0;
            index.records(|_| {
                count += 1;
                true
            })?;
            Ok(count)
        };
        listed.push(timed(list)?.0);
    }
    tell(format!(
        "all records listed, index compared with the store: {}",
        told(listed)
    ));
    Ok(())
}

fn timed<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<(Duration, T), Error> {
    let start = Instant::now();
    let done = work()?;
    Ok((start.elapsed(), done))
}

/// The median and the longest of some times.
fn told(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
    let (median, longest) = (ms(times.get(times.len() / 2)), ms(times.last()));
    format!(
        "{median:.2} ms (median of {}), at most {longest:.2} ms",
        times.len()
    )
}

/// The bytes of all files below a folder.
fn size_of(folder: &Path) -> u64 {
    crate::revision::size_bytes(folder)
}

/// The most memory that this process had, in MB.
fn peak_memory() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thousand of them, with their trees and commits, are to take 20 MB in git.
    #[test]
    fn a_record_of_five_hundred_series_is_small() {
        let trial = HistoryTrial {
            records: 1,
            series: 500,
            records_in_git: 0,
        };
        let record = trial.record(7).unwrap();
        let bytes = record.compressed().unwrap().len();
        assert!(bytes <= 19_500, "{bytes}");
    }
}
