//! How long `perfkit report` takes, as a whole process, over a million samples
//! and over a thousand benchmarks, beside a process that does nothing and one
//! that only reads the file. `cargo bench --bench report_speed` prints the
//! medians; all take turns in every round.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its result, and one that cannot run ends"
)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use perfkit::report::{Benchmark, Comparison, Environment, Ratio, Verdict};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, Report};

const ROUNDS: usize = 25;

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn benchmark(name: String, runs: usize, metrics: &[Metric], numbers: &mut Numbers) -> Benchmark {
    let mut benchmark = Benchmark::new(name);
    benchmark.successes = runs as u64;
    benchmark.blocks = (0..runs as u64).collect();
    for metric in metrics {
        let times = (0..runs).map(|_| (1e6 + 4e5 * numbers.next()).round());
        let summary = MetricSummary::from_samples(Unit::Nanoseconds, times.collect());
        benchmark.metrics.insert(metric.clone(), summary);
    }
    benchmark
}

fn million(numbers: &mut Numbers) -> Report {
    let mut report = Report::new(Environment::detect("mock"));
    let metrics = [Metric::WALL_TIME];
    report.benchmarks = (0..2)
        .map(|index| benchmark(format!("command {index}"), 500_000, &metrics, numbers))
        .collect();
    report
}

fn thousand(numbers: &mut Numbers) -> Report {
    let mut report = Report::new(Environment::detect("mock"));
    let metrics = [Metric::WALL_TIME, Metric::CPU_TIME, Metric::USER_TIME];
    report.benchmarks = (0..1000)
        .map(|index| benchmark(format!("bench/{index}"), 100, &metrics, numbers))
        .collect();
    report.comparisons = (1..1000)
        .map(|index| {
            let estimate = 0.9 + 0.2 * numbers.next();
            {
                let mut comparison =
                    Comparison::new("bench/0", format!("bench/{index}"), Metric::WALL_TIME);
                comparison.interleaved = true;
                comparison.pairs = 100;
                comparison.ratio = Some(Ratio {
                    estimate,
                    low: estimate - 0.01,
                    high: estimate + 0.01,
                    confidence: 0.999,
                });
                comparison.indifference = 0.005;
                comparison.verdict = Verdict::Inconclusive;
                comparison
            }
        })
        .collect();
    report
}

/// A process, by name.
struct Implementation {
    name: String,
    command: Vec<OsString>,
    ms: Vec<f64>,
}

impl Implementation {
    fn new(name: &str, command: &[&dyn AsRef<std::ffi::OsStr>]) -> Self {
        Self {
            name: name.to_owned(),
            command: command
                .iter()
                .map(|word| word.as_ref().to_owned())
                .collect(),
            ms: Vec::new(),
        }
    }

    fn run(&mut self) {
        let started = Instant::now();
        let status = Command::new(&self.command[0])
            .args(&self.command[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        self.ms.push(started.elapsed().as_secs_f64() * 1e3);
        assert!(status.success(), "{}", self.name);
    }

    fn median(&self) -> f64 {
        let sorted = perfkit::stats::sorted(&self.ms).unwrap();
        perfkit::stats::median(&sorted).unwrap()
    }
}

/// Prints the medians for one report.
fn race(title: &str, path: &Path) {
    let perfkit = env!("CARGO_BIN_EXE_perfkit");
    let mut all = [
        Implementation::new("true", &[&"true"]),
        Implementation::new("cat FILE", &[&"cat", &path]),
        Implementation::new("perfkit --version", &[&perfkit, &"--version"]),
        Implementation::new("perfkit report FILE", &[&perfkit, &"report", &path]),
        Implementation::new(
            "perfkit report --format markdown FILE",
            &[&perfkit, &"report", &"--format", &"markdown", &path],
        ),
        Implementation::new(
            "perfkit report --format csv FILE",
            &[&perfkit, &"report", &"--format", &"csv", &path],
        ),
    ];
    for _ in 0..ROUNDS {
        all.iter_mut().for_each(Implementation::run);
    }
    let megabytes = path.metadata().unwrap().len() as f64 / 1e6;
    println!("\n{title}: {megabytes:.1} MB, medians of {ROUNDS} runs in turn");
    let reading = all[1].median();
    for implementation in &all {
        let median = implementation.median();
        println!(
            "{:40} {median:8.1} ms {:8.1} times reading",
            implementation.name,
            median / reading
        );
    }
}

fn main() {
    let folder = std::env::temp_dir().join(format!("perfkit-speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    for (title, report) in [
        ("A million samples", million(&mut numbers)),
        ("A thousand benchmarks", thousand(&mut numbers)),
    ] {
        let path: PathBuf = folder.join("report.json");
        report.save(&path).unwrap();
        race(title, &path);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
