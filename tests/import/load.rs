//! Results of load generators and of further harnesses, read by the real binary. Which of
//! the samples the tools wrote is in the README beside them.

use super::{benchmark, sample};
use crate::support::{Answer, Folder, assert_fits_schema};
use perfkit::report::{Benchmark, LoadModel};
use perfkit::{Metric, MetricSummary, Report};

fn text(name: &str) -> String {
    std::fs::read_to_string(sample(name)).unwrap()
}

/// What the binary makes of a sample under another name, as a report and for people.
fn import(name: &str) -> (Report, String) {
    let folder = Folder::new();
    std::fs::copy(sample(name), folder.path("results")).unwrap();
    let human = folder.run(["report", "results"]).exits_with(0);
    let json = folder.run(["report", "results", "--format", "json"]);
    let json = json.exits_with(0);
    assert_fits_schema(&json.stdout);
    (json.report(), human.stdout)
}

#[track_caller]
fn metric<'a>(benchmark: &'a Benchmark, name: &str) -> &'a MetricSummary {
    let found = benchmark.metrics.get(&Metric::named(name));
    found.unwrap_or_else(|| panic!("no {name} in {:?}", benchmark.metrics))
}

#[track_caller]
fn close(value: Option<f64>, expected: f64) {
    let value = value.expect("a value");
    assert!(
        (value - expected).abs() <= 1e-9 * expected.abs(),
        "{value} is not {expected}"
    );
}

/// Mean, median, p95, p99, p99.9 and the extremes, in milliseconds; none where NaN.
#[track_caller]
fn assert_times(benchmark: &Benchmark, expected: [f64; 7]) {
    let time = metric(benchmark, "wall_time");
    let all = [
        time.mean,
        time.median,
        time.p95,
        time.p99,
        time.p99_9,
        time.min,
        time.max,
    ];
    for (place, (value, expected)) in all.into_iter().zip(expected).enumerate() {
        if expected.is_nan() {
            assert_eq!(value, None, "number {place}");
        } else {
            close(value, expected * 1e6);
        }
    }
}

const NONE: f64 = f64::NAN;

fn complain(content: &str, complaints: &[&str]) -> Answer {
    let folder = Folder::new();
    folder.write("file", content);
    let answer = folder.run(["report", "file"]).exits_with(4);
    for complaint in complaints {
        assert!(
            answer.stderr.contains(complaint),
            "{complaint:?} not in {answer:#?}"
        );
    }
    answer
}

#[test]
fn wrk() {
    let (report, human) = import("wrk/wrk-latency.txt");
    let run = benchmark(&report, "http://127.0.0.1:18080/");
    assert_times(run, [1.34, 0.096, NONE, 13.27, NONE, NONE, 20.02]);
    assert_eq!((run.successes, run.failures), (78_190, 0));
    assert_eq!(run.parameters["connections"], "8");
    close(metric(run, "throughput").mean, 38_137.95);
    close(metric(run, "bytes_per_second").mean, 5.56 * 1024.0 * 1024.0);
    assert_eq!(run.load, Some(LoadModel::Closed));
    assert!(human.contains("read from the text of wrk"), "{human}");
    let folder = Folder::new();
    let file = sample("wrk/wrk-latency.txt").display().to_string();
    for format in ["markdown", "html"] {
        let page = folder
            .run(["report", &file, "--format", format])
            .exits_with(0);
        page.says("Closed load: each connection").says("13.3 ms");
    }
    let words = human.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("Closed load: each connection sent its next request only when the one before was answered"), "{human}");
    let (report, _) = import("wrk/wrk-errors.txt");
    let run = &report.benchmarks[0];
    assert_eq!((run.successes, run.failures), (0, 34_284));
    complain(
        "Running 1s test @ http://x/\n    Latency  1.2  3ms 4ms 5%\n",
        &["line 2", "read as wrk text", "the latency cannot be read"],
    );
}

#[test]
fn wrk2_times_requests_from_when_they_were_due() {
    let (report, human) = import("wrk/wrk2.txt");
    let run = benchmark(&report, "http://127.0.0.1:80/index.html");
    assert_times(run, [6.6, 6.671, 10.015, 11.18, 12.3, 0.921, 12.503]);
    assert_eq!(run.load, Some(LoadModel::Open));
    let words = human.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("Open load: requests were sent when they were due"),
        "{human}"
    );
}

#[test]
fn hey() {
    let (report, _) = import("hey/hey.txt");
    let run = benchmark(&report, "hey");
    assert_times(run, [0.5, 0.1, 2.4, 16.0, NONE, 0.0, 16.1]);
    assert_eq!((run.successes, run.failures), (300, 0));
    close(metric(run, "throughput").mean, 5495.4946);
    assert_eq!(run.load, Some(LoadModel::Closed));
    let (report, _) = import("hey/hey-errors.txt");
    let run = benchmark(&report, "hey");
    assert_eq!((run.successes, run.failures), (0, 50));
    // Of too few requests it writes no percentile.
    assert_eq!(metric(run, "wall_time").p99, None);
    let (report, _) = import("hey/hey.csv");
    let run = benchmark(&report, "hey");
    assert_eq!(metric(run, "wall_time").samples.len(), 40);
    close(Some(metric(run, "wall_time").samples[0]), 500_000.0);
    assert_eq!(run.load, Some(LoadModel::Closed));
    let failed = text("hey/hey.csv").replacen(",200,", ",503,", 3);
    let folder = Folder::new();
    folder.write("failed", &failed);
    let report = folder
        .run(["report", "failed", "--format", "json"])
        .report();
    let run = &report.benchmarks[0];
    assert_eq!((run.successes, run.failures), (37, 3));
    assert_eq!(run.failed_runs[0].reason, "status 503");
    complain(
        &text("hey/hey.csv").replacen("0.0005,", "soon,", 1),
        &["line 2", "read as hey CSV", "response-time is no number"],
    );
}

#[test]
fn apache_bench() {
    let (report, _) = import("ab/ab.txt");
    let run = benchmark(&report, "127.0.0.1:18080/");
    assert_times(run, [1.0, 0.0, 5.0, 9.0, NONE, 0.0, 12.0]);
    assert_eq!((run.successes, run.failures), (500, 0));
    close(metric(run, "throughput").mean, 3939.8);
    assert_eq!(run.load, Some(LoadModel::Closed));
    let (report, _) = import("ab/ab-errors.txt");
    assert_eq!(report.benchmarks[0].failures, 100);
    let (report, _) = import("ab/percentiles.csv");
    let time = metric(&report.benchmarks[0], "wall_time");
    assert!(time.p95.unwrap() < time.p99.unwrap() && time.samples.is_empty());
    let (report, _) = import("ab/requests.tsv");
    assert_eq!(metric(&report.benchmarks[0], "wall_time").samples.len(), 39);
    complain(
        "Percentage served,Time in ms\n0,0.2\n95,late\n",
        &["line 3", "read as ab percentiles", "no percentile"],
    );
}

#[test]
fn h2load() {
    let (report, _) = import("h2load/text.txt");
    let run = benchmark(&report, "h2load");
    assert_times(run, [1.57, NONE, NONE, NONE, NONE, 0.022, 11.97]);
    close(metric(run, "wall_time").std_dev, 3e6);
    close(metric(run, "throughput").mean, 8119.52);
    assert_eq!((run.successes, run.failures), (500, 0));
    let (report, _) = import("h2load/rate.txt");
    close(metric(&report.benchmarks[0], "throughput").mean, 200.0);
    // Later versions have more columns.
    let newer = text("h2load/text.txt")
        .replace(
            "min         max         mean",
            "min  max  median  p95  p99  mean",
        )
        .replace("22us     11.97ms", "22us 11.97ms 1.01ms 6.00ms 9.00ms");
    let folder = Folder::new();
    folder.write("newer", &newer);
    let report = folder.run(["report", "newer", "--format", "json"]).report();
    assert_times(
        &report.benchmarks[0],
        [1.57, 1.01, 6.0, 9.0, NONE, 0.022, 11.97],
    );
    let (report, _) = import("h2load/requests.log");
    let time = metric(&report.benchmarks[0], "wall_time");
    assert_eq!(time.samples.len(), 40);
    assert_eq!(time.samples[0], 4_612_000.0);
    complain(
        "1795997618654169\t200\t4612\n1795997618654170\t200\n",
        &["line 2", "read as h2load log", "cut off"],
    );
}

#[test]
fn pgbench_logs() {
    let (report, _) = import("pgbench/plain.log");
    let run = benchmark(&report, "pgbench");
    let time = metric(run, "wall_time");
    assert_eq!((time.samples.len(), time.samples[0]), (30, 2_758_000.0));
    assert_eq!(run.load, Some(LoadModel::Closed));
    let (report, human) = import("pgbench/rate.log");
    let run = benchmark(&report, "pgbench");
    assert_eq!(run.load, Some(LoadModel::Open));
    assert_eq!(metric(run, "schedule_lag").samples[0], 68_000.0);
    assert!(human.contains("Open load"), "{human}");
    let (report, _) = import("pgbench/skipped.log");
    let run = benchmark(&report, "pgbench");
    assert!(run.failures > 0 && run.successes > 0, "{run:#?}");
    assert_eq!(run.load, Some(LoadModel::Open));
    let (report, _) = import("pgbench/tries.log");
    for name in ["pgbench script 0", "pgbench script 1"] {
        let run = benchmark(&report, name);
        assert_eq!(run.load, Some(LoadModel::Closed));
        assert!(!run.metrics.contains_key(&Metric::named("schedule_lag")));
    }
    complain(
        &(text("pgbench/plain.log") + "1 1 27"),
        &["line 31", "read as pgbench log", "cut off"],
    );
}

#[test]
fn redis_benchmark() {
    let (report, _) = import("redis-benchmark/table.csv");
    let run = benchmark(&report, "SET");
    // How many requests there were it does not say.
    assert_eq!(run.successes, 0);
    assert_times(run, [0.617, 0.551, 0.855, 3.543, NONE, 0.168, 3.751]);
    close(metric(run, "throughput").mean, 54_054.05);
    assert_eq!(report.benchmarks.len(), 4);
    assert_eq!(run.load, Some(LoadModel::Closed));
    complain(
        &text("redis-benchmark/table.csv").replace("\"0.617\"", "\"slow\""),
        &[
            "line 4",
            "read as redis-benchmark CSV",
            "avg_latency_ms is no number",
        ],
    );
}

#[test]
fn oha() {
    let (report, _) = import("oha/results.json");
    let run = benchmark(&report, "oha");
    assert_times(run, [2.01, 1.42, 6.2, 11.9, 18.8, 0.118, 23.1]);
    // What was under way at the end is no failure.
    assert_eq!((run.successes, run.failures), (3990, 9));
    close(metric(run, "throughput").mean, 1995.1);
    close(metric(run, "time_to_first_byte").p99, 11.8e6);
    assert_eq!(run.load, Some(LoadModel::Closed));
    let whole = text("oha/results.json");
    complain(
        &whole[..whole.len() - 60],
        &["line ", "read as oha JSON", "EOF"],
    );
}

#[test]
fn vegeta() {
    let (report, _) = import("vegeta/report.json");
    let run = benchmark(&report, "vegeta");
    assert_times(
        run,
        [
            2371.19463, 2854.306, 3478.629, 3530.0, NONE, 1949.582, 3660.505,
        ],
    );
    assert_eq!((run.successes, run.failures), (96, 4));
    close(metric(run, "throughput").mean, 7.4);
    assert_eq!(run.load, Some(LoadModel::Open));
    assert!(
        report
            .to_json()
            .unwrap()
            .contains("\"created\": \"2026-11-20T12:00:00.123Z\"")
    );
    let (report, _) = import("vegeta/report.txt");
    let run = benchmark(&report, "vegeta");
    let times = [
        113.172_398,
        108.272_568,
        140.182_35,
        247.771_566,
        NONE,
        90.438_129,
        60_264.815_246,
    ];
    assert_times(run, times);
    assert_eq!((run.successes, run.failures), (665, 535));
    let (report, human) = import("vegeta/histogram.txt");
    let run = benchmark(&report, "vegeta");
    assert_times(run, [NONE, 2.0, 8.0, 8.0, 8.0, NONE, NONE]);
    assert_eq!(metric(run, "wall_time").count, 8330);
    assert!(human.contains("at most the end of its bucket"), "{human}");
    complain(
        "Bucket  #  %  Histogram\n[0s, 2ms] many\n",
        &["line 2", "read as vegeta histogram"],
    );
    complain(
        &text("vegeta/report.txt").replace("90.438129ms", "soon"),
        &["line 3", "read as vegeta text", "\"soon\" cannot be read"],
    );
}

#[test]
fn memtier_benchmark() {
    let (report, _) = import("memtier/results.json");
    let run = benchmark(&report, "Sets");
    assert_times(run, [2.101, 1.903, NONE, 6.015, 15.103, 0.151, 31.231]);
    assert_eq!(run.successes, 181_820);
    close(metric(run, "throughput").mean, 18_182.0);
    let names: Vec<&str> = report.benchmarks.iter().map(|b| &*b.name).collect();
    assert_eq!(names, ["Gets", "Sets", "Totals"]);
    assert_eq!(run.load, Some(LoadModel::Closed));
    complain(
        &text("memtier/results.json").replace("\"Ops/sec\": 18182.00", "\"Ops/sec\": []"),
        &["line 7", "read as memtier_benchmark JSON", "a number"],
    );
}

#[test]
fn goose() {
    let (report, _) = import("goose/report.json");
    let run = benchmark(&report, "GET /");
    assert_times(run, [12.5, 10.0, 33.0, 70.0, NONE, 2.0, 131.0]);
    assert_eq!((run.successes, run.failures), (891, 9));
    // Beside a difference from a baseline a number is a `value`.
    let run = benchmark(&report, "POST /login");
    assert_times(run, [31.25, 29.0, 66.0, 90.0, NONE, 8.0, 95.0]);
    assert_eq!(run.load, Some(LoadModel::Closed));
    benchmark(&report, "Aggregated");
    assert_eq!(report.benchmarks.len(), 3);
    complain(
        &text("goose/report.json").replace("\"name\": \"/\"", "\"name\": 5"),
        &["line 4", "read as goose JSON", "expected a string"],
    );
}

#[test]
fn nanobench() {
    let (report, _) = import("nanobench/results.json");
    let name = "Benchmarking std::mt19937_64 and std::knuth_b/std::mt19937_64";
    let run = benchmark(&report, name);
    let time = metric(run, "wall_time");
    assert_eq!(time.samples.len(), 11);
    // As the file itself says.
    close(time.median, 2.544_418_052_256_53e-8 * 1e9);
    close(metric(run, "instructions").median, 125.989_678_899_083);
    assert!(!run.metrics.contains_key(&Metric::named("page_faults")));
    assert_eq!(run.load, None);
    let whole = text("nanobench/results.json");
    complain(
        &whole[..whole.len() / 2],
        &["line ", "read as nanobench JSON"],
    );
}

#[test]
fn tests_of_cargo_nextest() {
    let (report, _) = import("nextest/libtest.json");
    let quick = benchmark(&report, "sample::sample$tests::quick");
    close(metric(quick, "wall_time").mean, 0.011_526_29e9);
    let failed = benchmark(&report, "sample::sample$tests::fails#2");
    assert_eq!((failed.failures, failed.metrics.len()), (1, 0));
    assert_eq!(report.benchmarks.len(), 3);
    let (report, _) = import("nextest/junit.xml");
    let slow = benchmark(&report, "sample::tests::takes_a_while");
    close(metric(slow, "wall_time").mean, 47e6);
    let failed = benchmark(&report, "sample::tests::fails");
    assert!(
        failed.failed_runs[0]
            .reason
            .contains("panicked at src/lib.rs:8:18")
    );
    assert!(
        report
            .to_json()
            .unwrap()
            .contains("\"created\": \"2026-11-30T00:37:59.841Z\"")
    );
    complain(
        &text("nextest/junit.xml").replace("time=\"0.047\"", "time=\"long\""),
        &["line ", "read as JUnit XML", "takes_a_while is no number"],
    );
}

#[test]
fn cargo_criterion() {
    let (report, _) = import("cargo-criterion/messages.json");
    let norm = benchmark(&report, "norm");
    let time = metric(norm, "wall_time");
    assert_eq!(time.samples, [4140.0, 4130.0, 4150.0, 4170.0]);
    close(time.median, 4145.0);
    let rate = metric(norm, "throughput");
    close(Some(rate.samples[0] * 4140.0), 1024e9);
    let copied = metric(benchmark(&report, "group/copy"), "throughput");
    assert_eq!(copied.unit.symbol(), "B/s");
    complain(
        &text("cargo-criterion/messages.json").replace("[10,20]", "[10]"),
        &[
            "line 2",
            "read as cargo-criterion JSON",
            "2 values of 1 batches",
        ],
    );
}

#[test]
fn catch2() {
    for (name, mean, deviation) in [
        ("catch2/console.txt", 242.908, 0.565_105),
        ("catch2/results.xml", 265.947, 31.2178),
    ] {
        let (report, _) = import(name);
        let run = benchmark(&report, "fib 10 & \"quoted\"");
        let time = metric(run, "wall_time");
        close(time.mean, mean);
        close(time.std_dev, deviation);
        assert_eq!(
            (time.count, run.parameters["test case"].as_str()),
            (20, "Fibonacci")
        );
        let long = "a name that is longer than the column that it has to stand in, so it wraps";
        benchmark(&report, long);
        let failed = benchmark(&report, "throws");
        assert_eq!((failed.failures, failed.metrics.len()), (1, 0));
        assert!(failed.failed_runs[0].reason.contains("Unknown exception"));
    }
    complain(
        &text("catch2/results.xml").replace("\"265.947\"", "\"x\""),
        &["line 7", "read as Catch2 XML", "value of mean is no number"],
    );
    let whole = text("catch2/results.xml");
    let end = whole.find("</BenchmarkResults>").unwrap();
    complain(&whole[..end], &["the file ends within the benchmark"]);
}

#[test]
fn percentiles_of_load_generators_are_held_against_budgets() {
    let folder = Folder::new();
    folder.write(
        "perfkit.toml",
        "[[budget]]\nbenchmark = \"http://*\"\np99 = \"< 20ms\"\nmax = \"< 10ms\"\nthroughput = \">= 1000/s\"\nsuccess_rate = \">= 99%\"\n",
    );
    let report = sample("wrk/wrk-latency.txt").display().to_string();
    folder
        .run(["gate", &report])
        .exits_with(1)
        .says("max < 10.00 ms");
}

#[test]
fn both_loads_on_a_page_are_told_apart_by_name() {
    let folder = Folder::new();
    let open = text("wrk/wrk2.txt");
    folder.write("both", &(text("wrk/wrk-latency.txt") + &open));
    let human = folder.run(["report", "both"]).exits_with(0).stdout;
    let words = human.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("http://127.0.0.1:18080/ closed 96.0 µs - 13.3 ms"),
        "{human}"
    );
    assert!(
        words.contains("http://127.0.0.1:80/index.html open 6.67 ms 10.0 ms 11.2 ms 12.3 ms"),
        "{human}"
    );
}
