//! `perfkit report`, `completions`, `man` and `--help`.

use std::task::{Context, Waker};
use std::time::Duration;

use crate::support::{Answer, Folder, assert_fits_schema};
use perfkit::unit::Unit;
use perfkit::{Failure, Metric, MetricSummary, MockClock, Monitor, Outcome, Report};

/// A report of 200 calls of 1 to 200 ms, one in ten of them failed.
fn save_operations(folder: &Folder, name: &str) {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    let fetch = monitor.operation("shop::fetch").items(3).cpu();
    for ms in 1..=200 {
        let _ = fetch.try_measure(|| {
            clock.compute(Duration::from_millis(ms));
            if ms % 10 == 0 { Err("refused") } else { Ok(()) }
        });
    }
    monitor.measure("shop::ping", || clock.advance(Duration::from_micros(15)));
    let mut report = Report::from_snapshot(monitor.snapshot());
    report.notes.clear();
    report.save(folder.path(name)).unwrap();
}

#[test]
fn operations_are_shown_with_percentiles_errors_and_throughput() {
    let folder = Folder::new();
    save_operations(&folder, "report.json");
    let answer = folder.run(["report", "report.json"]).exits_with(0);
    let expected = "\
Calls: 201 (181 successful, 20 failed), operations: 2, successful: 90.05 %, mean: 99.4 ms. Slowest: `shop::fetch` (100 ms). Fastest: `shop::ping` (15.0 µs).

 operation    calls  success    total     self     mean   median     p95     p99      max
 shop::fetch    200     90 %   18.0 s   18.0 s   100 ms  98.8 ms  189 ms  198 ms   199 ms
 shop::ping       1    100 %  15.0 µs  15.0 µs  15.0 µs  15.0 µs   = max   = max  15.0 µs

 work of a call     CPU  throughput
 shop::fetch     100 ms     26.9 /s

 time by end  calls       timed    mean   median     p95     p99     max
 shop::fetch  successful    180  100 ms  98.8 ms  189 ms  198 ms  199 ms
 shop::fetch  others         20  105 ms  99.9 ms  190 ms       -  200 ms
 shop::fetch  all           200  100 ms  99.9 ms  190 ms  198 ms  200 ms

 failed operation  failures  kind  latest
 shop::fetch             20  &str  refused
";
    assert_eq!(answer.stdout, expected);
}

/// What the recorder of the crate `metrics` keeps has values and no times.
#[test]
fn values_stand_apart_from_calls() {
    let folder = Folder::new();
    save_operations(&folder, "report.json");
    let mut report = folder.report("report.json");
    let mut values = report.operations[0].clone();
    values.name = "batch size".to_owned();
    values.errors.clear();
    values.lifetime.items_per_second = None;
    let metrics = &mut values.lifetime.metrics;
    metrics.clear();
    let sizes = (1..=30).map(f64::from).collect();
    let sizes = MetricSummary::from_samples(Unit::Count, sizes);
    metrics.insert(Metric::VALUE, sizes);
    values.is_of_values = true;
    report.operations.push(values);
    report.save(folder.path("values.json")).unwrap();
    assert_fits_schema(&folder.read("values.json"));
    let answer = folder.run(["report", "values.json"]).exits_with(0);
    let expected = "\
 value       recorded  sum  mean  median  p95  max
 batch size        30  465  15.5      15   29   30
";
    assert!(answer.stdout.contains(expected), "{}", answer.stdout);
    let without = folder.run(["report", "report.json"]).exits_with(0).stdout;
    let with = answer.stdout.replace(&format!(" {expected}\n"), "");
    assert_eq!(with, without);
    // A budget of time for all operations is not one for them, and one of values is.
    folder.write(
        "perfkit.toml",
        "[[budget]]\noperation = \"*\"\nmax = \"< 1h\"\n\n\
         [[budget]]\noperation = \"batch*\"\nmetric = \"value\"\nmax = \"<= 30\"\n",
    );
    let answer = folder.run(["gate", "values.json", "--strict"]);
    answer.exits_with(0).says("3 of 3 checks passed");
}

/// What could not be kept is no call, and is seen.
#[test]
fn values_of_which_none_was_kept_stand_apart_too() {
    let folder = Folder::new();
    save_operations(&folder, "report.json");
    let mut report = folder.report("report.json");
    let mut values = report.operations[0].clone();
    values.name = "below zero".to_owned();
    values.is_of_values = true;
    values.lifetime.metrics.clear();
    let calls = &mut values.lifetime.calls;
    (calls.success, calls.failure) = (0, 4);
    report.operations.push(values);
    report.save(folder.path("values.json")).unwrap();
    assert_fits_schema(&folder.read("values.json"));
    let with = folder.run(["report", "values.json"]).exits_with(0);
    let headline = |answer: &Answer| answer.stdout.lines().next().unwrap().to_owned();
    let without = folder.run(["report", "report.json"]).exits_with(0);
    assert_eq!(headline(&with), headline(&without));
    with.says(" below zero         0\n");
    // Nor are they what a budget of calls is for.
    let budget = "[[budget]]\noperation = \"*\"\nsuccess_rate = \">= 0.005\"\n";
    folder.write("perfkit.toml", budget);
    let answer = folder.run(["gate", "values.json", "--strict"]);
    answer.exits_with(0).says("2 of 2 checks passed");
}

/// Whoever looks at a rate of successes sees who is not among them.
#[test]
fn calls_that_were_cancelled_or_panicked_are_shown_and_counted() {
    let folder = Folder::new();
    let monitor = Monitor::new();
    let handler = monitor.operation("handler");
    for _ in 0..420 {
        handler.measure(|| ());
    }
    for _ in 0..14 {
        let mut call = Box::pin(handler.measure_async(std::future::pending::<()>()));
        let _ = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    let report = Report::from_snapshot(monitor.snapshot());
    report.save(folder.path("report.json")).unwrap();
    let in_flight = [handler.start(), monitor.operation("hangs").start()];
    let report = Report::from_snapshot(monitor.snapshot());
    assert!(report.to_string().contains("\nhangs: in flight: 1\n"));
    report.save(folder.path("running.json")).unwrap();
    assert_fits_schema(&folder.read("running.json"));
    in_flight.into_iter().for_each(perfkit::Timer::discard);
    // What has not ended is neither judged nor gone.
    let budget = "[[budget]]\noperation = \"*\"\nsuccess_rate = \">= 0.5\"\n";
    folder.write("perfkit.toml", budget);
    folder
        .run(["gate", "running.json", "--strict"])
        .exits_with(0);
    let running = folder.run(["report", "running.json"]).exits_with(0);
    running.says(" end of calls  successful  failed  panicked  cancelled  in flight\n handler              420       0         0         14          1\n hangs                  0       0         0          0          1\n");
    let report = |format: &str| {
        let line = ["report", "report.json", "--format", format];
        folder.run(line).exits_with(0)
    };
    report("human")
        .says("Calls: 434 (420 successful, 14 cancelled), operations: 1, successful: 96.77 %")
        .says(" end of calls  successful  failed  panicked  cancelled\n handler              420       0         0         14\n");
    report("markdown").says("| handler | 420 | 0 | 0 | 14 |");
    report("html").says("14 cancelled");
    report("csv").says("\noperation,handler,cancellations,,14,");
}

/// The p99 of those that succeeded hides those that ran into a time-out.
#[test]
fn the_time_of_all_calls_stands_beside_that_of_the_successful() {
    let folder = Folder::new();
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    for number in 0..1000 {
        let timer = monitor.operation("get").start();
        let is_late = number % 20 == 0;
        clock.advance(Duration::from_millis(if is_late { 3000 } else { 10 }));
        match is_late {
            true => timer.fail("timeout", "no answer"),
            false => timer.stop(),
        }
    }
    monitor.measure("quiet", || ());
    let report = Report::from_snapshot(monitor.snapshot());
    report.save(folder.path("report.json")).unwrap();
    assert_fits_schema(&folder.read("report.json"));
    let report = |format: &str| {
        let line = ["report", "report.json", "--format", format];
        folder.run(line).exits_with(0)
    };
    let expected = "
 time by end  calls       timed     mean   median      p95      p99      max
 get          successful    950  10.0 ms  10.0 ms  10.0 ms  10.0 ms  10.0 ms
 get          others         50   3.00 s   3.00 s   3.00 s        -   3.00 s
 get          all         1,000   160 ms  10.0 ms  10.0 ms   2.99 s   3.00 s
";
    report("human").says(expected);
    report("markdown").says("| get | all | 1,000 |");
    report("html").says("time by end");
    report("csv").says("\noperation,get,call_time,ns,1000,");
    let budget =
        |metric: &str| format!("[[budget]]\noperation = \"get\"\np99 = \"< 100ms\"\n{metric}");
    folder.write("perfkit.toml", &budget(""));
    folder.run(["gate", "report.json"]).exits_with(0);
    folder.write("perfkit.toml", &budget("metric = \"call_time\"\n"));
    folder
        .run(["gate", "report.json"])
        .exits_with(1)
        .says("call_time");
}

/// Kinds are the program's words, and those beyond the sixteenth are told as what they are.
#[test]
fn failures_are_shown_by_the_kinds_that_the_program_named() {
    let folder = Folder::new();
    let monitor = Monitor::new();
    for code in (0..20).chain([7, 7]) {
        let failure = || Outcome::Failure(Failure::new(format!("E{code} <|>"), "no"));
        let pay = monitor.operation("pay");
        pay.measure_with(|| (), |()| failure());
    }
    let report = Report::from_snapshot(monitor.snapshot());
    report.save(folder.path("report.json")).unwrap();
    let report = |format: &str| {
        let line = ["report", "report.json", "--format", format];
        folder.run(line).exits_with(0)
    };
    let note =
        "failures of more kinds than are kept apart, which are counted as `other`: pay (4 of 22)";
    report("human")
        .says(" pay                      3  E7 <|>       no\n")
        .says(" pay                      4  other kinds  no\n")
        .says(note);
    report("markdown")
        .says("| pay | 3 | E7 &lt;\\|&gt; | no |")
        .says("| pay | 4 | other kinds | no |");
    report("html").says("E7 &#60;|&#62;").says("other kinds");
    assert_fits_schema(&report("json").stdout);
    let export = |to: &str| {
        folder
            .run(["export", "report.json", "--to", to])
            .exits_with(0)
    };
    export("prometheus")
        .says("perfkit_operation_failures_total{code_function_name=\"pay\",error_type=\"E7 <|>\"} 3\n")
        .says("perfkit_operation_failures_total{code_function_name=\"pay\",error_type=\"_OTHER\"} 4\n");
}

#[test]
fn every_format_is_written_also_to_a_file() {
    let folder = Folder::new();
    save_operations(&folder, "report.json");
    let markdown = folder.run(["report", "report.json", "--format", "markdown"]);
    markdown.exits_with(0).says("| operation | calls |");
    let csv = folder.run(["report", "report.json", "--format", "csv"]);
    csv.exits_with(0)
        .says("\noperation,shop::fetch,execution_time,ns,180,");
    let json = folder
        .run(["report", "report.json", "--format", "json"])
        .exits_with(0);
    assert_fits_schema(&json.stdout);
    assert_eq!(json.stdout, folder.read("report.json"));
    let arguments = [
        "report",
        "report.json",
        "--format",
        "markdown",
        "-o",
        "out.md",
    ];
    let answer = folder.run(arguments).exits_with(0);
    assert_eq!(answer.stdout, "");
    assert!(folder.read("out.md").starts_with("Calls: 201"));
}

#[test]
fn calls_that_lost_names_or_labels_are_a_warning_wherever_notes_are() {
    let folder = Folder::new();
    let monitor = Monitor::builder()
        .max_operations(2)
        .max_label_sets(1)
        .build();
    for name in ["get", "put", "late"] {
        for user in 0..3 {
            let label = |(): &()| Outcome::Success.label("user", user);
            monitor.operation(name).measure_labelled(|| (), label);
        }
    }
    let report = Report::from_snapshot(monitor.snapshot());
    let at_exit = report.to_string();
    report.save(folder.path("calls.json")).unwrap();
    let told = |format: &str| {
        let answer = folder.run(["report", "calls.json", "--format", format]);
        answer.exits_with(0).stdout.clone()
    };
    let formats = ["human", "json", "markdown", "html"].map(told);
    for text in formats.iter().chain([&at_exit]) {
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ").replace('\\', "");
        assert!(text.contains("3 calls have lost their names"), "{text}");
        assert!(text.contains("MonitorBuilder::max_operations"), "{text}");
        assert!(
            text.contains("4 calls of get, put have lost their labels"),
            "{text}"
        );
        assert!(text.contains("MonitorBuilder::max_label_sets"), "{text}");
    }
    assert!(formats[0].contains("warning"), "{}", formats[0]);
}

#[test]
fn percentiles_are_plotted() {
    let folder = Folder::new();
    save_operations(&folder, "report.json");
    folder
        .run(["report", "report.json", "--plot", "out.svg"])
        .exits_with(0);
    assert!(folder.read("out.svg").contains("shop::fetch: 180 calls"));
    folder
        .run(["report", "report.json", "--plot", "out.pdf"])
        .exits_with(2)
        .complains("ends in .svg");
    folder
        .run(["report", "report.json", "--plot", "out.png"])
        .exits_with(0);
    let picture = std::fs::read(folder.path("out.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG\r\n") && picture.len() > 10_000);
}

#[test]
fn several_reports_follow_each_other() {
    let folder = Folder::new();
    save_operations(&folder, "a.json");
    save_operations(&folder, "b.json");
    folder
        .run(["report", "a.json", "b.json"])
        .exits_with(0)
        .says("== a.json ==")
        .says("== b.json ==");
    let written = ["report", "a.json", "b.json", "-o", "both.txt"];
    folder.run(written).exits_with(0);
    assert!(folder.read("both.txt").contains("== b.json =="));
    folder
        .run(["report", "a.json", "b.json", "--format", "markdown"])
        .exits_with(0)
        .says("## a.json\n\n")
        .says("## b.json\n\n");
    for refused in [
        ["--format", "json"],
        ["--format", "csv"],
        ["--plot", "x.svg"],
    ] {
        let arguments = ["report", "a.json", "b.json"];
        folder
            .run([&arguments[..], &refused].concat())
            .exits_with(2)
            .complains("give one file");
    }
}

#[test]
fn damaged_and_foreign_files_are_told_apart() {
    let folder = Folder::new();
    save_operations(&folder, "report.json");
    let whole = folder.read("report.json");
    folder.write("cut.json", &whole[..whole.len() / 2]);
    folder.write("foreign.json", "{\"results\": []}");
    folder.write("future.json", "{\"schema\": \"perfkit/9\"}");
    let complain = |file: &str, complaint: &str| {
        folder
            .run(["report", file])
            .exits_with(4)
            .complains(complaint);
    };
    complain("cut.json", "cut.json: the file is damaged or incomplete");
    complain(
        "foreign.json",
        "foreign.json: the file is no perfkit report",
    );
    complain("future.json", "\"perfkit/9\"");
    complain("missing.json", "cannot open missing.json: No such file");
    complain(
        ".",
        ".: read as criterion's folder: the folder has no benchmark.json",
    );
}

#[test]
fn names_from_outside_cannot_steer_the_terminal() {
    let folder = Folder::new();
    let monitor = Monitor::new();
    monitor.measure("\u{1b}]0;owned\u{7}\u{1b}[2J\r\nx", || ());
    Report::from_snapshot(monitor.snapshot())
        .save(folder.path("report.json"))
        .unwrap();
    let answer = folder.run(["report", "report.json"]).exits_with(0);
    let is_harmful = |c: char| c.is_control() && c != '\n';
    assert!(!answer.stdout.contains(is_harmful), "{:?}", answer.stdout);
}

#[test]
fn colours_are_for_terminals_unless_they_are_asked_for() {
    let folder = Folder::new();
    let report = crate::support::workspace().join("tests/golden/two.json");
    let is_coloured = |arguments: &[&str], environment: &[(&str, &str)]| {
        let report = report.to_str().unwrap();
        let mut command = folder.perfkit([&["report", report], arguments].concat());
        // A service that shows colours is one that has a terminal.
        command.env_remove("CI").envs(environment.iter().copied());
        Answer::of(command).exits_with(0).stdout.contains('\u{1b}')
    };
    let force = ("CLICOLOR_FORCE", "1");
    assert!(!is_coloured(&[], &[]));
    assert!(is_coloured(&[], &[force]));
    assert!(!is_coloured(&[], &[("NO_COLOR", "1")]));
    assert!(!is_coloured(&["--color", "never"], &[force]));
    assert!(is_coloured(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(!is_coloured(&["--format", "markdown"], &[force]));
}

#[test]
fn completions_and_the_manual_are_printed() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        folder
            .run(["completions", shell])
            .exits_with(0)
            .says("perfkit");
    }
    folder
        .run(["man"])
        .exits_with(0)
        .says(".TH perfkit 1")
        .says("PERFKIT COMPARE")
        .says("PERFKIT GATE");
}

#[test]
fn help_starts_with_examples() {
    let folder = Folder::new();
    for arguments in [
        &["--help"][..],
        &["compare", "--help"],
        &["gate", "--help"],
        &["run", "-h"],
    ] {
        let answer = folder.run(arguments).exits_with(0);
        assert!(answer.stdout.starts_with("Example"), "{answer:#?}");
    }
    folder.run(["--version"]).exits_with(0).says(concat!(
        env!("CARGO_PKG_VERSION"),
        " (with otlp, without history, load and watch)"
    ));
}

#[test]
fn wrong_usage_exits_with_2() {
    let folder = Folder::new();
    folder.run::<&str>([]).exits_with(2);
    folder.run(["reprot"]).exits_with(2).complains("'report'");
}

#[test]
fn a_full_disk_is_an_error_and_not_a_lost_file() {
    let folder = Folder::new();
    save_operations(&folder, "report.json");
    let arguments = ["report", "report.json", "-o", "/dev/full"];
    folder
        .run(arguments)
        .exits_with(4)
        .complains("cannot write /dev/full: No space left");
    let mut command = folder.perfkit(["report", "report.json"]);
    command.stdout(std::fs::File::create("/dev/full").unwrap());
    let output = command.output().unwrap();
    Answer::from(output)
        .exits_with(4)
        .complains("cannot write to standard output");
}
