//! Results of other tools, read by the real binary. The samples are what the
//! tools wrote; those of BenchmarkDotNet, Lighthouse and k6 were written by hand
//! in the form that their documentation and sources describe.

use std::io::Write as _;
use std::path::Path;

use super::{benchmark, sample};
use crate::support::{Answer, Folder, assert_fits_schema};
use perfkit::report::{NoteCode, Verdict};
use perfkit::{Direction, Metric, MetricSummary, Report};

/// The report that the binary makes of a sample.
fn import(name: &str) -> Report {
    let folder = Folder::new();
    // Under another name: what it is stands in it.
    let path = sample(name);
    let renamed = if path.is_dir() {
        path
    } else {
        let copy = folder.path("results");
        std::fs::copy(path, &copy).unwrap();
        copy
    };
    let human = folder.run([Path::new("report"), &renamed]).exits_with(0);
    assert!(human.stdout.contains("note: read from "), "{human:#?}");
    let renamed = renamed.to_str().unwrap();
    let answer = folder.run(["report", renamed, "--format", "json"]);
    let answer = answer.exits_with(0);
    assert_fits_schema(&answer.stdout);
    answer.report()
}

#[track_caller]
fn metric<'a>(report: &'a Report, name: &str, metric: &str) -> &'a MetricSummary {
    let benchmark = benchmark(report, name);
    let found = benchmark.metrics.get(&Metric::named(metric));
    found.unwrap_or_else(|| {
        panic!(
            "no {metric} in {:?}",
            benchmark.metrics.keys().collect::<Vec<_>>()
        )
    })
}

fn time<'a>(report: &'a Report, name: &str) -> &'a MetricSummary {
    metric(report, name, "wall_time")
}

#[track_caller]
fn close(value: Option<f64>, expected: f64) {
    let value = value.expect("a value");
    assert!(
        (value - expected).abs() <= 1e-9 * expected.abs(),
        "{value} is not {expected}"
    );
}

fn has_note(report: &Report, code: NoteCode) -> bool {
    let of_benchmarks = report.benchmarks.iter().flat_map(|b| &b.notes);
    report
        .notes
        .iter()
        .chain(of_benchmarks)
        .any(|note| note.code == code)
}

#[test]
fn what_a_file_says_of_its_date_is_kept() {
    for (name, date) in [
        ("hyperfine-2/failures.json", "2026-11-20T12:21:26.000Z"),
        ("google-benchmark/single.json", "2026-11-20T12:28:26.000Z"),
        (
            "google-benchmark/aggregates-only.csv",
            "2026-11-20T12:28:27.000Z",
        ),
        ("go/test2json.json", "2026-11-20T12:28:37.261Z"),
        ("pytest-benchmark/default.json", "2026-11-20T12:27:10.786Z"),
        (
            "hdrhistogram/old-encodings.hlog",
            "2025-11-20T12:00:00.500Z",
        ),
        ("k6/machine-readable.json", "2026-11-20T12:00:00.123Z"),
        ("lighthouse/mobile.json", "2026-11-20T12:00:00.000Z"),
    ] {
        let json = import(name).to_json().unwrap();
        assert!(
            json.contains(&format!("\"created\": \"{date}\"")),
            "{name}: {json}"
        );
    }
    // A date that cannot be read is none, and no mistake.
    let folder = Folder::new();
    let text = std::fs::read_to_string(sample("google-benchmark/single.json")).unwrap();
    for odd in ["", "yesterday", "2026-11-20 12:28:26"] {
        let start = std::time::SystemTime::now();
        folder.write("odd.json", &text.replace("2026-11-20T12:28:26+00:00", odd));
        let answer = folder.run(["report", "odd.json", "--format", "json"]);
        let created = answer.exits_with(0).report().created;
        assert!(created + std::time::Duration::from_secs(1) > start);
    }
}

#[test]
fn hyperfine_1() {
    let report = import("hyperfine-1/two-named.json");
    assert_eq!(report.notes[0].message, "read from hyperfine 1 JSON");
    let fast = time(&report, "fast");
    // As the file itself says.
    close(fast.mean, 4133488.1);
    assert_eq!((fast.samples.len(), fast.count), (5, 5));
    let report = import("hyperfine-1/params.json");
    let first = time(&report, "./spin 1000 (tag=a)");
    close(first.mean, 7.084_986_5e6);
    close(first.std_dev, 5.100_887_183_494_163e6);
    close(first.min, 1.932_251e6);
    close(first.max, 12.093_428e6);
    close(
        metric(&report, "./spin 1000 (tag=a)", "user_time").mean,
        1.577e6,
    );
    let second = benchmark(&report, "./spin 2000 (tag=b)");
    assert_eq!(second.parameters["us"], "2000");
    assert_eq!(second.command.as_deref(), Some("./spin 2000"));
    assert!(has_note(&report, NoteCode::MemoryFloor));
    let report = import("hyperfine-1/failures.json");
    let failed = benchmark(&report, "exit 3");
    assert_eq!((failed.successes, failed.failures), (0, 3));
    assert_eq!(failed.failed_runs[0].reason, "exit status 3");
    assert!(!failed.metrics.contains_key(&Metric::WALL_TIME));
    assert_eq!(
        time(&import("hyperfine-1/single-run.json"), "true").std_dev,
        None
    );
}

#[test]
fn hyperfine_csv() {
    let report = import("hyperfine-1/table.csv");
    assert_eq!(report.notes[0].message, "read from hyperfine 1 CSV");
    let name = "sleep 0.02";
    assert_eq!(benchmark(&report, name).parameters["t"], "0.02");
    let wall = time(&report, name);
    assert_eq!((wall.count, wall.samples.len(), wall.p95), (0, 0, None));
    close(wall.mean, 21_489_477.8);
    close(wall.std_dev, 214_986.003_992_585_5);
    close(wall.median, 21_400_035.0);
    close(wall.min, 21_282_649.0);
    close(wall.max, 21_760_292.0);
    close(metric(&report, name, "user_time").mean, 950_200.0);
    close(metric(&report, name, "system_time").mean, 293_600.0);
    assert!(has_note(&report, NoteCode::NoSamples));
    let path = sample("hyperfine-1/table.csv").display().to_string();
    let folder = Folder::new();
    // How many runs there were is not known, so p95 is not called the maximum.
    let shown = folder.run(["report", &path]).exits_with(0);
    assert!(!shown.stdout.contains("= max"), "{shown:#?}");
    folder
        .run(["compare", &path, &path])
        .exits_with(0)
        .says("cannot be compared: too few values");
    let report = import("hyperfine-2/table.csv");
    assert_eq!(report.notes[0].message, "read from hyperfine 2 CSV");
    let name = "sort \"a, b\"";
    assert_eq!(benchmark(&report, name).parameters["tag"], "x");
    close(time(&report, name).mean, 9e6);
    close(metric(&report, name, "peak_memory").max, 1_048_576.0);
}

#[test]
fn hyperfine_2() {
    let report = import("hyperfine-2/params-env.json");
    assert_eq!(report.notes[0].message, "read from hyperfine 2.0.0 JSON");
    assert_eq!(report.environment.architecture, "x86_64");
    let name = "FOO=a BAR=1 ./spin 1000";
    assert_eq!(time(&report, name).samples[0], 2_982_767.000_000_000_3);
    assert_eq!(metric(&report, name, "cpu_time").samples.len(), 4);
    assert_eq!(metric(&report, name, "peak_memory").max, Some(3_166_208.0));
    assert_eq!(benchmark(&report, name).parameters["tag"], "a");
    let report = import("hyperfine-2/failures.json");
    assert_eq!(benchmark(&report, "kill -9 $$").failures, 3);
    import("hyperfine-2/two-named.json");
    import("hyperfine-2/single-run.json");
}

#[test]
fn criterion_and_critcmp() {
    let report = import("criterion/results");
    assert!(has_note(&report, NoteCode::OtherBaselines));
    // As criterion's own estimates.json says.
    close(time(&report, "flat/fib 24").mean, 106_402.047_422_680_42);
    close(
        time(&report, "flat/fib 24").std_dev,
        4_067.270_679_807_894_3,
    );
    let name = "sum/sized/sum/64";
    assert_eq!(time(&report, name).samples.len(), 20);
    let rate = metric(&report, name, "throughput");
    assert_eq!(
        (rate.direction, rate.unit.symbol()),
        (Direction::HigherIsBetter, "1/s")
    );
    close(Some(rate.samples[0] * time(&report, name).samples[0]), 64e9);

    let folder = Folder::new();
    let target = sample("criterion/results").display().to_string();
    let before = folder.run(["report", &format!("{target}@before"), "--format", "json"]);
    let before = before.exits_with(0).report();
    let exported = import("critcmp/before.json");
    close(
        time(&exported, "fib 15").mean,
        time(&before, "fib 15").mean.unwrap(),
    );
    assert!(has_note(&exported, NoteCode::NoSamples));
    folder
        .run(["report", &format!("{target}@missing")])
        .exits_with(4)
        .complains("there is no baseline missing; there are: before, new");
    folder
        .run(["compare", &format!("{target}@before"), &target])
        .exits_with(0)
        .says("`fib 15`");
}

#[test]
fn google_benchmark() {
    let report = import("google-benchmark/single.json");
    close(time(&report, "BM_sum/64").mean, 33.118_188_334_756_326);
    close(
        metric(&report, "BM_sum/64", "cpu_time").mean,
        18.999_386_769_711_66,
    );
    assert_eq!(
        metric(&report, "BM_sum/64", "n").direction,
        Direction::Unknown
    );
    assert_eq!(benchmark(&report, "BM_err").failed_runs[0].reason, "oops");
    assert_eq!(report.environment.cores, Some(2));
    assert!(has_note(&report, NoteCode::DebugBuild));
    let report = import("google-benchmark/reps-interleaved.json");
    let threads = time(&report, "BM_mt/real_time/threads:2");
    // The mean that the tool reports for the four, in microseconds.
    close(threads.mean, 2.721_531_942_938_776_7e-4 * 1e3);
    close(threads.std_dev, 2.501_908_450_140_740_6e-5 * 1e3);
    let report = import("google-benchmark/aggregates-only.csv");
    let sum = time(&report, "BM_sum/1024");
    assert_eq!(
        (sum.mean, sum.median, sum.count),
        (Some(416.997), Some(425.841), 3)
    );
    assert_eq!(benchmark(&report, "BM_err").failures, 3);
}

#[test]
fn go() {
    let report = import("go/old.txt");
    let name = "BenchmarkRepeat/size=16-2";
    assert_eq!(time(&report, name).samples, [61.05, 52.75, 52.35, 57.17]);
    assert_eq!(metric(&report, name, "allocated").mean, Some(16.0));
    assert_eq!(metric(&report, name, "allocations").mean, Some(1.0));
    close(
        Some(metric(&report, name, "throughput").samples[0]),
        262.08e6,
    );
    let widgets = metric(&report, "BenchmarkMetric-2", "widgets_per_op");
    assert_eq!(
        (widgets.mean, widgets.direction),
        (Some(42.5), Direction::Unknown)
    );
    assert_eq!(report.environment.cpu.as_deref(), Some("AMD EPYC"));
    assert_eq!(import("go/cpu12.txt").benchmarks.len(), 8);
    assert_eq!(import("go/verbose.txt").benchmarks.len(), 2);
    let report = import("go/test2json.json");
    assert_eq!(time(&report, name).samples, [91.18, 117.6]);
}

#[test]
fn a_line_of_go_that_comes_in_several_events_is_one() {
    let folder = Folder::new();
    let event = |package: &str, output: &str| {
        format!("{{\"Action\":\"output\",\"Package\":\"{package}\",\"Output\":\"{output}\"}}\n")
    };
    let events = [
        event("a", "BenchmarkX-2 \\t"),
        event("b", "BenchmarkX-2 \\t 7\\t 3.5 ns/op\\n"),
        event("a", " 100\\t 12.5 ns/op\\n"),
    ];
    folder.write("events", &events.concat());
    let report = folder.run(["report", "events", "--format", "json"]);
    let report = report.exits_with(0).report();
    assert_eq!(time(&report, "BenchmarkX-2 (pkg=a)").samples, [12.5]);
    assert_eq!(time(&report, "BenchmarkX-2 (pkg=b)").samples, [3.5]);
}

#[test]
fn jmh() {
    let report = import("jmh/result.json");
    let rate = metric(&report, "demo.B.fill (n=10, thrpt)", "throughput");
    close(rate.mean, 36.566_695_745_552_6e6);
    assert_eq!(rate.direction, Direction::HigherIsBetter);
    close(
        time(&report, "demo.B.fill (n=10, avgt)").mean,
        24.941_005_192_879_784,
    );
    let calls = time(&report, "demo.B.fill (n=10, sample)");
    assert_eq!(calls.count, 19_030);
    assert!((calls.mean.unwrap() - 297.577_771_939).abs() < 1e-3);
    assert_eq!(calls.max, Some(3_870_720.0));
    close(time(&report, "demo.B.once (n=10, ss)").mean, 2363.5);
    let allocated = metric(&report, "demo.B.once (n=10, ss)", "gc_alloc_rate_norm");
    close(allocated.mean, 5_706.666_666_666_667);
}

#[test]
fn libtest() {
    let report = import("libtest/text.txt");
    assert_eq!(time(&report, "fold").median, Some(75.9));
    assert_eq!(
        metric(&report, "fold", "throughput").median,
        Some(106_666e6)
    );
    let folder = Folder::new();
    let times = ["9.50 ns", "75 µs", "1,250.5 μs", "2 us", "3.25 ms", "1.5 s"];
    let lines = times.map(|time| format!("test {time} ... bench:  {time}/iter (+/- 1)\n"));
    folder.write("units", &lines.concat());
    let report = folder.run(["report", "units", "--format", "json"]).report();
    let expected = [9.5, 75e3, 1250.5e3, 2e3, 3.25e6, 1.5e9];
    for (name, expected) in times.iter().zip(expected) {
        close(time(&report, name).median, expected);
    }
    folder.write("units", "test a ... bench:  5 widgets/iter (+/- 1)\n");
    folder
        .run(["report", "units"])
        .exits_with(4)
        .complains("line 1: ")
        .complains("a has no time per iteration");
    let report = import("libtest/json-lines.json");
    assert_eq!(time(&report, "push").median, Some(179.318_684_293_523_97));
}

#[test]
fn divan() {
    let report = import("divan/text.txt");
    let copy = time(&report, "b::copy::64");
    assert_eq!((copy.min, copy.max), (Some(18.74), Some(42.05)));
    assert_eq!(
        (copy.median, copy.mean, copy.count),
        (Some(20.93), Some(21.4), 100)
    );
    let rate = metric(&report, "b::copy::64", "throughput");
    close(rate.max, 3.414e9);
    close(rate.min, 1.521e9);
    assert_eq!(
        metric(&report, "b::copy::1024", "allocated").median,
        Some(1024.0)
    );
    assert_eq!(
        metric(&report, "b::mt::t=2", "allocations").median,
        Some(1.0)
    );
    close(time(&report, "b::group::slow").mean, 1.507e6);
    assert_eq!(report.benchmarks.len(), 10);
}

#[test]
fn pytest_benchmark() {
    let report = import("pytest-benchmark/default.json");
    let all = time(&report, "test_b.py::test_ped");
    close(all.mean, 3.764_214_995_953_807e3);
    close(all.std_dev, 30.387_413_946_635_236);
    assert_eq!(all.samples.len(), 10);
    // This sample has only some of the values, and the numbers of all.
    let cut = time(&report, "test_b.py::test_fib[5]");
    close(cut.mean, 964.711_647_074_719_6);
    assert_eq!((cut.count, cut.samples.len()), (39_078, 0));
    assert!(has_note(&report, NoteCode::NoSamples));
}

#[test]
fn pyperf_also_compressed() {
    let report = import("pyperf/suite.json");
    let sorted = time(&report, "sorted");
    assert_eq!(sorted.count, 20);
    close(Some(sorted.samples[0]), 801.067_375_183_484);
    assert_eq!(report.environment.os, "linux");
    let memory = import("pyperf/command-mem.json");
    let memory = metric(&memory, "spin2ms-mem", "peak_memory");
    assert_eq!((memory.samples[0], memory.count), (14_807_040.0, 10));
    import("pyperf/timeit.json");

    let folder = Folder::new();
    let file = std::fs::File::create(folder.path("suite.json.gz")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    packed
        .write_all(&std::fs::read(sample("pyperf/suite.json")).unwrap())
        .unwrap();
    packed.finish().unwrap();
    let unpacked = folder.run(["report", "suite.json.gz", "--format", "json"]);
    assert_eq!(
        unpacked.exits_with(0).report().benchmarks,
        report.benchmarks
    );
}

#[test]
fn benchmark_dot_net() {
    let report = import("benchmarkdotnet/full.json");
    let name = "Sample.Md5VsSha256.Sha256(N: 1000)";
    assert_eq!(
        time(&report, name).samples,
        [4100.5, 4110.25, 4090.75, 4105.5]
    );
    assert_eq!(metric(&report, name, "allocated").mean, Some(112.0));
    assert_eq!(
        benchmark(&report, "Sample.Md5VsSha256.Md5(N: 1000)").failures,
        1
    );
    let report = import("benchmarkdotnet/brief.json");
    let brief = time(&report, name);
    assert_eq!((brief.mean, brief.count), (Some(4101.75), 15));
    assert_eq!(benchmark(&report, name).parameters["N"], "1000");
    assert_eq!(report.environment.os, "windows");
}

#[test]
fn older_encodings_of_hdr_histogram_are_read_alike() {
    let report = import("hdrhistogram/old-encodings.hlog");
    let expected = time(&report, "v2");
    assert_eq!((expected.count, expected.p99.is_some()), (500, true));
    for name in ["v0-2", "v0-4", "v0-8", "v1-2", "v1-4", "v1-8"] {
        assert_eq!(time(&report, name), expected, "{name}");
    }
}

#[test]
fn hdr_histogram_logs() {
    let report = import("hdrhistogram/tagged.hlog");
    // Of the raw values that were recorded: exact mean, median, p99, extremes.
    for (name, [mean, median, p99, min, max]) in [
        (
            "latency",
            [74_599.852, 58_860.0, 285_093.0, 5_928.0, 506_021.0],
        ),
        (
            "write",
            [556_642.965, 449_858.0, 1_857_402.0, 41_290.0, 5_300_031.0],
        ),
    ] {
        let latency = time(&report, name);
        assert_eq!(latency.count, 1500, "{name}");
        let near = |value: Option<f64>, exact: f64| {
            let value = value.unwrap();
            assert!(
                (value - exact).abs() <= 0.005 * exact,
                "{name}: {value} for {exact}"
            );
        };
        near(latency.mean, mean);
        near(latency.median, median);
        near(latency.p99, p99);
        near(latency.min, min);
        near(latency.max, max);
        assert_eq!(benchmark(&report, name).parameters["intervals"], "3");
    }
}

#[test]
fn logs_of_hdr_histogram_may_lack_what_stands_before_the_intervals() {
    let folder = Folder::new();
    let log = std::fs::read_to_string(sample("hdrhistogram/tagged.hlog")).unwrap();
    let intervals = log.lines().filter(|line| !line.starts_with(['#', '"']));
    folder.write("log", &intervals.collect::<Vec<_>>().join("\n"));
    let bare = folder.run(["report", "log", "--format", "json"]).report();
    let whole = import("hdrhistogram/tagged.hlog");
    assert_eq!(bare.benchmarks, whole.benchmarks);
    // Four fields are no log.
    folder.write("log", "1.0,2.0,3.0,abc\n");
    folder.run(["report", "log"]).exits_with(4);
}

#[test]
fn lighthouse_metrics_can_be_held_against_budgets() {
    let report = import("lighthouse/mobile.json");
    let page = "https://example.com/";
    assert_eq!(
        metric(&report, page, "largest_contentful_paint").max,
        Some(2_713.25e6)
    );
    assert_eq!(metric(&report, page, "page_load").max, Some(1834e6));
    assert_eq!(
        metric(&report, page, "cumulative_layout_shift")
            .unit
            .symbol(),
        "score"
    );
    let budget = |metric: &str, bound: &str| {
        format!(
            "[[budget]]\nbenchmark = \"https://example.com/*\"\nmetric = \"{metric}\"\nmax = \"{bound}\"\n"
        )
    };
    let held = [
        ("page_load", "< 2s"),
        ("time_to_first_byte", "< 100ms"),
        ("first_contentful_paint", "< 1s"),
        ("cumulative_layout_shift", "< 0.1"),
        ("performance_score", ">= 90%"),
        ("total_byte_weight", "< 400kB"),
    ];
    let held: String = held
        .iter()
        .map(|(name, bound)| budget(name, bound))
        .collect();
    let file = sample("lighthouse/mobile.json").display().to_string();
    gate(&held, &file)
        .exits_with(0)
        .says("Gate passed: 6 of 6 checks passed.");
    let broken = budget("largest_contentful_paint", "< 2.5s");
    gate(&(held + &broken), &file)
        .exits_with(1)
        .says("largest_contentful_paint: max < 2.500 s")
        .says("2.713 s");
    let wrong = budget("page_load", "< 2 MiB") + &budget("misspelt", "< 1");
    gate(&wrong, &file)
        .exits_with(2)
        .says("measured in ns, which cannot be held against B")
        .says("nobody measured misspelt");
}

fn gate(config: &str, report: &str) -> Answer {
    let folder = Folder::new();
    folder.write("perfkit.toml", config);
    folder.run(["gate", report])
}

#[test]
fn k6_percentiles_can_be_held_against_budgets() {
    for (file, failures) in [
        ("summary-export", 5),
        ("handle-summary", 0),
        ("machine-readable", 5),
    ] {
        let name = format!("k6/{file}.json");
        let report = import(&name);
        let times = time(&report, "k6");
        assert_eq!((times.mean, times.p95), (Some(144.56e6), Some(215.95e6)));
        assert_eq!(benchmark(&report, "k6").failures, failures);
        let rate = metric(&report, "k6", "throughput").mean.unwrap();
        assert!((rate - 4.369_38).abs() < 1e-5, "{rate}");
        let path = sample(&name).display().to_string();
        let held = "[[budget]]\nbenchmark = \"k6\"\np95 = \"< 250ms\"\nmean = \"< 150ms\"\nthroughput = \">= 4/s\"\nsuccess_rate = \">= 90%\"\n";
        gate(held, &path).exits_with(0).says("4 of 4 checks");
        let broken =
            "[[budget]]\nbenchmark = \"k6\"\nmetric = \"http_req_duration\"\np95 = \"< 200ms\"\n";
        gate(broken, &path)
            .exits_with(1)
            .says("http_req_duration: p95 < 200.0 ms");
    }
    let report = import("k6/handle-summary.json");
    assert_eq!(metric(&report, "k6", "cache_hits").mean, Some(0.9625));
    let report = import("k6/machine-readable.json");
    assert_eq!(report.notes[0].message, "read from k6 2.0.0 summary JSON");
    close(metric(&report, "k6", "checks").mean, 175.0 / 180.0);
    close(metric(&report, "k6", "http_req_failed").mean, 5.0 / 180.0);
    close(metric(&report, "k6", "data_received").mean, 1_345_678.0);
    assert_eq!(benchmark(&report, "k6").successes, 175);
    assert_eq!(benchmark(&report, "k6").parameters["script"], "checkout.js");
}

#[test]
fn perf_stat() {
    let report = import("perf-stat/table.txt");
    let time = time(&report, "./spin 2000");
    assert_eq!(time.samples.len(), 5);
    close(Some(time.samples[0]), 3_059_100.0);
    let report = import("perf-stat/text.txt");
    assert_eq!(
        metric(&report, "./spin 2000", "page_faults").mean,
        Some(27.0)
    );
    assert!(has_note(&report, NoteCode::NotCounted));
    for name in ["perf-stat/csv.txt", "perf-stat/json.txt"] {
        assert_eq!(
            metric(&import(name), "perf stat", "page_faults").mean,
            Some(27.0)
        );
    }
    close(
        metric(&import("perf-stat/json.txt"), "perf stat", "cpu_time").mean,
        2_380_784.0,
    );
}

/// A file of JMH in which throughput is `factor` times what it was.
fn save_throughput(folder: &Folder, name: &str, factor: f64) {
    let values: Vec<String> = (0..40)
        .map(|run| (factor * (100.0 + f64::from(run % 5) / 10.0)).to_string())
        .collect();
    let json = format!(
        "[{{\"benchmark\": \"B.x\", \"mode\": \"thrpt\", \"primaryMetric\": {{\"score\": 1, \"scoreUnit\": \"ops/s\", \"rawData\": [[{}]]}}}}]",
        values.join(", ")
    );
    folder.write(name, &json);
}

#[test]
fn more_throughput_is_better() {
    let folder = Folder::new();
    save_throughput(&folder, "before", 1.0);
    save_throughput(&folder, "more", 1.5);
    save_throughput(&folder, "less", 0.5);
    folder
        .run(["compare", "before", "more"])
        .exits_with(0)
        .says("Better: `throughput` of `B.x (thrpt)` is 1.50");
    let worse = folder
        .run(["compare", "before", "less", "--format", "json"])
        .report();
    assert_eq!(worse.comparisons[0].verdict, Verdict::Slower);
    assert_eq!(worse.comparisons[0].direction, Direction::HigherIsBetter);
    folder.write(
        "perfkit.toml",
        "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"20%\"\n",
    );
    let judge = |after: &str| folder.run(["gate", after, "--baseline", "before"]);
    judge("more").exits_with(0);
    judge("less").exits_with(1);
}

#[test]
fn results_of_other_tools_are_compared() {
    let folder = Folder::new();
    let old = sample("go/old.txt").display().to_string();
    folder
        .run(["compare", &old, &old])
        .exits_with(0)
        .says("BenchmarkPar-2");
    // A folder that happens to have the name of a command is none.
    std::fs::create_dir(folder.path("true")).unwrap();
    folder
        .run(["compare", "true", "-r", "2", "-w", "0"])
        .exits_with(0);
}

#[test]
fn what_exists_and_cannot_be_run_is_a_file() {
    let folder = Folder::new();
    let old = sample("go/old.txt").display().to_string();
    folder.write("notes.txt", "nothing that was measured\n");
    folder.write("measure.sh", "#!/bin/sh\nexit 0\n");
    folder.write("empty", "");
    folder.write("secret.txt", "BenchmarkA 1 2 ns/op\n");
    std::fs::create_dir(folder.path("results")).unwrap();
    let compare = |words: &[&str]| {
        let words = ["compare"].iter().chain(words);
        folder.run(words.copied())
    };
    compare(&["notes.txt", "empty"])
        .exits_with(4)
        .complains("empty: the file is no perfkit report")
        .complains("known are: ");
    compare(&["notes.txt"])
        .exits_with(2)
        .complains("two report files");
    compare(&["measure.sh", "measure.sh"])
        .exits_with(4)
        .complains("it seems to be a script: to run it, make it executable with chmod +x");
    compare(&[&old, "notes.txt"])
        .exits_with(4)
        .complains("notes.txt: the file is no perfkit report");
    compare(&["./results", "./results"])
        .exits_with(4)
        .complains("./results: ");
    // A name of nothing that is there is of a file where reports are beside it.
    compare(&[&old, "absent.txt"])
        .exits_with(4)
        .complains("absent.txt: ");
    compare(&[&old, "true"])
        .exits_with(2)
        .complains("commands and report files cannot be compared with each other");
    // Whoever may read everything reads this too.
    use std::os::unix::fs::PermissionsExt as _;
    let nobody = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(folder.path("secret.txt"), nobody).unwrap();
    let unreadable = compare(&["secret.txt", "secret.txt"]);
    if std::fs::read(folder.path("secret.txt")).is_err() {
        unreadable.exits_with(4).complains("secret.txt: ");
    } else {
        unreadable.exits_with(0).says("BenchmarkA");
    }
    // A file that happens to have the name of a command is none, unless it holds results.
    folder.write("true", "hello\n");
    compare(&["true", "-r", "2", "-w", "0"]).exits_with(0);
    folder.write("true", "BenchmarkA 1 2 ns/op\n");
    compare(&["true", "true"]).exits_with(0).says("BenchmarkA");
    // What can be run is run.
    folder.script("measured", "exit 0");
    compare(&["./measured", "-r", "2", "-w", "0"]).exits_with(0);
}

#[test]
fn medians_are_in_the_middle_of_an_even_number_of_values() {
    let folder = Folder::new();
    for (times, median) in [
        ("3, 1, 2, 10", 2.5e9),
        ("3, 1, 2", 2e9),
        ("1, 1, 1, 9", 1e9),
        ("1, 1, 3, 3", 2e9),
        ("4", 4e9),
    ] {
        let json = format!("{{\"results\": [{{\"command\": \"x\", \"times\": [{times}]}}]}}");
        folder.write("file", &json);
        let report = folder.run(["report", "file", "--format", "json"]).report();
        close(time(&report, "x").median, median);
    }
}

#[test]
fn damaged_files_are_told_with_tool_and_place() {
    let folder = Folder::new();
    let complain = |content: &str, complaints: &[&str]| {
        folder.write("file", content);
        let answer = folder.run(["report", "file"]).exits_with(4);
        for complaint in complaints {
            assert!(
                answer.stderr.contains(complaint),
                "{complaint:?} not in {answer:#?}"
            );
        }
    };
    let text = |name: &str| std::fs::read_to_string(sample(name)).unwrap();
    let cut = |name: &str| {
        let text = text(name);
        text[..text.len() / 2].to_owned()
    };
    complain(
        &cut("hyperfine-1/params.json"),
        &["file: line ", "read as hyperfine 1 JSON", "EOF"],
    );
    complain(
        &cut("hyperfine-2/params-env.json"),
        &["read as hyperfine 2 JSON"],
    );
    complain(
        &cut("google-benchmark/single.json"),
        &["read as Google Benchmark JSON"],
    );
    complain(&cut("jmh/result.json"), &["read as JMH JSON"]);
    complain(
        &cut("pytest-benchmark/default.json"),
        &["read as pytest-benchmark JSON"],
    );
    complain(&cut("lighthouse/mobile.json"), &["read as Lighthouse JSON"]);
    complain(
        &cut("benchmarkdotnet/full.json"),
        &["read as BenchmarkDotNet JSON"],
    );
    complain(
        "BenchmarkA-2 100 12.5 ns/op\nBenchmarkB-2 100 1.5\n",
        &["line 2", "without a unit"],
    );
    complain(
        "BenchmarkA-2 100 12.5 ns/op\nBenchmarkB-2 9 1.2.3 ns/op\n",
        &["line 2", "no number"],
    );
    complain(
        "test a ... bench:  xyz ns/iter (+/- 1)\n",
        &["line 1", "read as libtest text"],
    );
    let log = text("hdrhistogram/tagged.hlog");
    complain(
        &log[..log.len() - 40],
        &["line 8", "read as HdrHistogram log"],
    );
    complain(
        &text("google-benchmark/aggregates-only.csv").replace("105.467", "fast"),
        &["real_time is no number"],
    );
    complain(
        "{\"results\": [{\"command\": 5}]}",
        &["line 1", "invalid type"],
    );
    complain(
        "{\"results\": []}",
        &[
            "no perfkit report",
            "known are: hyperfine 2 JSON",
            "target/criterion",
        ],
    );
    complain(
        "command,mean,stddev,median,user,system,min,max\ntrue,1,x,1,1,1,1,1\n",
        &["line 2", "read as hyperfine CSV", "stddev is no number"],
    );
    complain("", &["no perfkit report"]);
    complain("1,2,3,4,5\n6,7,8,9,10\n", &["no perfkit report"]);
    complain(&"[".repeat(100_000), &["no perfkit report"]);
    let deep = format!("{{\"results\": {}\"command\"", "[".repeat(100_000));
    complain(&deep, &["read as hyperfine 1 JSON", "line 1"]);
}

#[test]
fn numbers_that_are_none_are_left_out_and_told() {
    let folder = Folder::new();
    let json =
        "{\"results\": [{\"command\": \"x\", \"times\": [1, NaN, -Infinity, -2, 1e300, 3]}]}";
    folder.write("file", json);
    let answer = folder.run(["report", "file"]).exits_with(0);
    assert!(
        answer.stdout.contains("left out: 4") || answer.stderr.contains("left out: 4"),
        "{answer:#?}"
    );
}

#[test]
fn a_compressed_bomb_is_refused() {
    let folder = Folder::new();
    let file = std::fs::File::create(folder.path("bomb")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..260 {
        packed.write_all(&zeros).unwrap();
    }
    packed.finish().unwrap();
    folder
        .run(["report", "bomb"])
        .exits_with(4)
        .complains("larger than 256 MiB");
    folder.write("huge", "");
    let huge = std::fs::OpenOptions::new()
        .write(true)
        .open(folder.path("huge"))
        .unwrap();
    huge.set_len((256 << 20) + 1).unwrap();
    folder
        .run(["report", "huge"])
        .exits_with(4)
        .complains("larger than 256 MiB");
}
