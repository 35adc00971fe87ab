//! Bench programs as `cargo bench` runs them: what they print and save, and what
//! becomes of workers that panic, hang or talk nonsense.
//!
//! A bench program starts itself again for its workers, and there is no other
//! program that these tests could start: so this test is the bench program too,
//! where a variable says which (`program.rs`), and runs its tests by itself.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a failed test panics, and the results are printed"
)]
#![cfg(unix)]

mod program;
mod running;

use std::path::Path;

use perfkit::report::{Benchmark, Comparison, Note, NoteCode, Side, Verdict};
use perfkit::unit::Unit;
use perfkit::{CountingAllocator, Metric, MetricSummary, Report};

use program::{PID_FILE, WHICH};
use running::{Folder, Ran, run_tests};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new(std::alloc::System);

const SCHEMA: &str = include_str!("../../schema/perfkit-2.schema.json");

fn main() {
    if let Ok(which) = std::env::var(WHICH) {
        program::main(&which);
        return;
    }
    run_tests(&[
        ("names_are_listed", names_are_listed),
        ("filters_choose", filters_choose),
        ("without_bench_all_run_once", without_bench_all_run_once),
        ("wrong_usage_is_told", wrong_usage_is_told),
        ("a_report_is_saved", a_report_is_saved),
        ("allocations_are_exact", allocations_are_exact),
        (
            "identical_functions_find_their_memory_alike",
            identical_functions_find_their_memory_alike,
        ),
        (
            "threads_are_measured_together",
            threads_are_measured_together,
        ),
        ("a_panic_of_a_thread_is_told", a_panic_of_a_thread_is_told),
        ("failures_are_told", failures_are_told),
        ("a_baseline_is_kept", a_baseline_is_kept),
        (
            "the_folder_of_baselines_can_be_named",
            the_folder_of_baselines_can_be_named,
        ),
        (
            "programs_have_baselines_of_their_own",
            programs_have_baselines_of_their_own,
        ),
        (
            "the_package_is_that_of_the_program",
            the_package_is_that_of_the_program,
        ),
        (
            "a_saved_comparison_counts_as_its_candidate",
            a_saved_comparison_counts_as_its_candidate,
        ),
        ("the_control_is_measured", the_control_is_measured),
        (
            "what_depends_on_the_layout_is_told",
            what_depends_on_the_layout_is_told,
        ),
        ("printing_is_harmless", printing_is_harmless),
        ("a_panic_ends_its_group", a_panic_ends_its_group),
        ("a_hang_ends", a_hang_ends),
        ("nonsense_is_refused", nonsense_is_refused),
        ("a_worker_that_leaves_is_told", a_worker_that_leaves_is_told),
        ("a_lost_benchmark_is_told", a_lost_benchmark_is_told),
        (
            "no_worker_outlives_its_driver",
            no_worker_outlives_its_driver,
        ),
    ]);
}

fn names_are_listed() {
    let folder = Folder::new("list");
    let all = "sum/loop: benchmark\nsum/fold: benchmark\nvec/one: benchmark\nvec/two: benchmark\nvec/fails: benchmark\n";
    let listed = folder.run("plain", &["--list", "--format", "terse"]);
    assert_eq!((listed.code, listed.out.as_str()), (Some(0), all));
    let under_bench = folder.run("plain", &["--bench", "--list"]);
    assert_eq!(under_bench.out, all);
    let ignored = folder.run("plain", &["--list", "--format", "terse", "--ignored"]);
    assert_eq!(ignored.out, "");
    assert!(!folder.path("target").exists(), "listing measures nothing");
}

fn filters_choose() {
    let folder = Folder::new("filters");
    let listed = |arguments: &[&str]| {
        let all = [&["--list"], arguments].concat();
        folder.run("plain", &all).out.replace(": benchmark", "")
    };
    assert_eq!(listed(&["o"]), "sum/loop\nsum/fold\nvec/one\nvec/two\n");
    assert_eq!(listed(&["o", "--skip", "vec"]), "sum/loop\nsum/fold\n");
    assert_eq!(listed(&["--exact", "vec/one"]), "vec/one\n");
    assert_eq!(listed(&["--exact", "vec"]), "");
    let one = folder.measure("plain", &["--exact", "vec/one"]);
    assert_eq!(one.code, Some(0), "{}", one.err);
    assert_eq!(folder.report().benchmarks.len(), 1);
    let none = folder.measure("plain", &["nothing_like_it"]);
    assert_eq!(none.code, Some(0));
    assert!(none.out.contains("no benchmark"), "{}", none.out);
}

fn without_bench_all_run_once() {
    let folder = Folder::new("once");
    for arguments in [&[][..], &["--test"], &["--bench", "--test"]] {
        let tested = folder.run("plain", arguments);
        assert_eq!(tested.code, Some(0));
        assert!(tested.out.contains("running 5 tests"), "{}", tested.out);
        assert!(tested.out.contains("test sum/loop ... ok"));
        assert!(tested.out.contains("5 passed; 0 failed"));
    }
    let one = folder.run("plain", &["--exact", "sum/fold", "--nocapture"]);
    assert!(one.out.contains("running 1 test\n"), "{}", one.out);
    assert!(one.out.contains("4 filtered out"));
    assert!(!folder.path("target").exists(), "nothing is measured");
}

fn wrong_usage_is_told() {
    let folder = Folder::new("usage");
    for arguments in [&["--what"][..], &["--seed"], &["--timeout", "x"]] {
        let wrong = folder.measure("plain", arguments);
        assert_eq!(wrong.code, Some(2), "{arguments:?}");
        assert!(wrong.err.contains(arguments[0]), "{}", wrong.err);
    }
    let help = folder.run("plain", &["--help"]);
    assert_eq!(help.code, Some(0));
    assert!(help.out.contains("--timeout SECONDS"));
}

fn a_report_is_saved() {
    let folder = Folder::new("report");
    let measured = folder.measure("plain", &["sum", "--seed", "3"]);
    assert_eq!(measured.code, Some(0), "{}", measured.err);
    assert!(measured.out.contains("baseline"), "{}", measured.out);
    let report = folder.report();
    let names: Vec<&str> = report.benchmarks.iter().map(|b| b.name.as_str()).collect();
    assert_eq!(names, ["sum/loop", "sum/fold"]);
    let sampling = report.sampling.as_ref().unwrap();
    assert_eq!((sampling.seed, sampling.rounds), (3, 1));
    assert!(sampling.interleaved);
    // Times are read from this clock, also where the cycle counter is faster.
    assert_eq!(report.environment.clock.name, "os_monotonic");
    for benchmark in &report.benchmarks {
        assert_eq!(benchmark.parameters["n"], "100");
        assert!(benchmark.metrics.contains_key(&Metric::THROUGHPUT));
        assert_eq!(benchmark.failures, 0);
    }
    let json = std::fs::read_to_string(folder.report_path()).unwrap();
    let schema = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let json = serde_json::from_str(&json).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&json)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

fn allocations_are_exact() {
    let folder = Folder::new("allocations");
    let measured = folder.measure("plain", &["vec", "--skip", "fails"]);
    assert_eq!(measured.code, Some(0), "{}", measured.err);
    let report = folder.report();
    let expected = [("vec/one", 1.0, 100.0), ("vec/two", 2.0, 150.0)];
    for (name, allocations, bytes) in expected {
        let benchmark = report.benchmarks.iter().find(|b| b.name == name);
        let metrics = &benchmark.unwrap().metrics;
        let range = |metric: &Metric| (metrics[metric].min, metrics[metric].max);
        assert_eq!(
            range(&Metric::ALLOCATIONS),
            (Some(allocations), Some(allocations)),
            "{name}"
        );
        assert_eq!(
            range(&Metric::ALLOCATED),
            (Some(bytes), Some(bytes)),
            "{name}"
        );
    }
}

/// What the process of one did before, such as freeing the input of the other, is seen in
/// neither.
fn identical_functions_find_their_memory_alike() {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return;
    }
    let folder = Folder::new("alike");
    let measured = folder.measure("clones", &[]);
    assert_eq!(measured.code, Some(0), "{}", measured.err);
    let faults = |name: &str| -> Vec<u64> {
        let text = std::fs::read_to_string(folder.path(&program::faults_file(name))).unwrap();
        text.lines().map(|line| line.parse().unwrap()).collect()
    };
    let (one, two) = (faults("one"), faults("two"));
    assert_eq!(one.len(), program::COUNTED_CALLS);
    for (one, two) in one.iter().zip(&two) {
        assert!(one.abs_diff(*two) <= 16, "{one} and {two} page faults");
    }
    let report = folder.report();
    let is_told = |code| report.notes.iter().any(|note| note.code == code);
    assert!(is_told(NoteCode::AllocatorFixed));
    let peak = |index: usize| report.benchmarks[index].metrics[&Metric::PEAK_MEMORY].median;
    let (one, two) = (peak(0).unwrap(), peak(1).unwrap());
    assert!((one / two - 1.0).abs() < 0.05, "{one} and {two} bytes");
    let folder = Folder::new("not_alike");
    let own = folder.command("clones", &["--bench", "--time", "0"]);
    let own = { own }
        .env("GLIBC_TUNABLES", "glibc.malloc.trim_threshold=1000000")
        .output()
        .unwrap();
    assert!(own.status.success());
    let report = folder.report();
    assert!(
        !report
            .notes
            .iter()
            .any(|note| note.code == NoteCode::AllocatorFixed)
    );
}

/// Whether threads got their CPUs depends on the machine, and is told where they did not.
fn threads_are_measured_together() {
    let folder = Folder::new("threads");
    let measured = folder.measure("threads", &[]);
    assert_eq!(measured.code, Some(0), "{}", measured.err);
    let report = folder.report();
    for benchmark in &report.benchmarks {
        let has = |metric| benchmark.metrics.contains_key(metric);
        if has(&Metric::WALL_TIME) {
            assert!(has(&Metric::CPU_TIME) && has(&Metric::THROUGHPUT));
            assert!(benchmark.successes > 0);
        } else {
            let is_told = |note: &Note| note.code == NoteCode::ThreadsWithoutCpus;
            assert!(benchmark.notes.iter().any(is_told));
        }
    }
    let once = folder.run("threads", &["--test"]);
    assert!(once.out.contains("2 passed"), "{}", once.out);
}

fn a_panic_of_a_thread_is_told() {
    let folder = Folder::new("thread_panics");
    let measured = folder.measure("thread_panics", &[]);
    assert_eq!(measured.code, Some(5), "{}", measured.err);
    for part in ["threads/two", "benchmark thread", "the thread went wrong"] {
        assert!(measured.err.contains(part), "{}", measured.err);
    }
}

fn failures_are_told() {
    let folder = Folder::new("failures");
    let measured = folder.measure("plain", &["--exact", "vec/fails"]);
    assert_eq!(measured.code, Some(0), "{}", measured.err);
    let report = folder.report();
    let fails = &report.benchmarks[0];
    assert!(fails.failures > 0);
    assert_eq!(fails.successes, 0);
    assert!(!fails.metrics.contains_key(&Metric::WALL_TIME));
    assert!(
        fails
            .notes
            .iter()
            .any(|note| note.code == NoteCode::FailedRuns)
    );
}

/// Many values, as a run that takes its time has.
fn set_times(benchmark: &mut Benchmark, ns: f64) {
    let summary = MetricSummary::from_samples(Unit::Nanoseconds, vec![ns; 100]);
    benchmark.metrics.insert(Metric::WALL_TIME, summary);
}

/// Saves a report with such times in place of what was measured.
fn save_with_times(mut report: Report, ns: f64, path: &Path) {
    for benchmark in &mut report.benchmarks {
        set_times(benchmark, ns);
    }
    report.save(path).unwrap();
}

fn a_baseline_is_kept() {
    let folder = Folder::new("baseline");
    let missing = folder.measure("plain", &["sum", "--baseline", "main"]);
    assert_eq!(missing.code, Some(4));
    let advice = "--save-baseline main";
    assert!(missing.err.contains(advice), "{}", missing.err);
    assert!(!folder.report_path().exists(), "nothing was measured");
    let saved = folder.measure("plain", &["sum", "--save-baseline", "main"]);
    assert_eq!(saved.code, Some(0), "{}", saved.err);
    let kept = folder.path("target/perfkit/baselines/main/program.json");
    assert_eq!(Report::load(&kept).unwrap().benchmarks.len(), 2);
    // One of them again: the other stays.
    let again = folder.measure("plain", &["sum/fold", "--save-baseline", "main"]);
    assert_eq!(again.code, Some(0), "{}", again.err);
    assert_eq!(Report::load(&kept).unwrap().benchmarks.len(), 2);
    let compared = folder.measure("more", &["sum", "--baseline", "main"]);
    assert_eq!(compared.code, Some(0), "{}", compared.err);
    assert!(compared.out.contains("sum/added: new"), "{}", compared.out);
    let report = folder.report();
    let saved = report.comparisons.iter().filter(|c| !c.interleaved);
    let names: Vec<&str> = saved.map(|c| c.candidate.as_str()).collect();
    assert_eq!(names, ["sum/loop", "sum/fold"]);
    // Another session, as `perfkit baseline save` puts it beside; a copy is none.
    let counts = |report: &Report| report.comparisons.iter().find_map(|c| c.sessions);
    assert_eq!(counts(&report).unwrap().baseline, 1);
    save_with_times(folder.report(), 1e3, &kept);
    std::fs::copy(&kept, kept.with_file_name("copy.json")).unwrap();
    save_with_times(folder.report(), 1.1e3, &kept.with_file_name("other.json"));
    let compared = folder.measure("plain", &["sum", "--baseline", "main"]);
    assert_eq!(compared.code, Some(0), "{}", compared.err);
    assert_eq!(counts(&folder.report()).unwrap().baseline, 2);
    std::fs::write(&kept, "{").unwrap();
    let broken = folder.measure("plain", &["sum", "--baseline", "main"]);
    assert_eq!(broken.code, Some(4), "{}", broken.err);
}

/// By the variable that `perfkit` reads as well.
fn the_folder_of_baselines_can_be_named() {
    let folder = Folder::new("named_baselines");
    let named = |option: &str| {
        let arguments = ["--bench", "--time", "0", "sum/loop", option, "main"];
        let mut command = folder.command("plain", &arguments);
        command.env("PERFKIT_BASELINES", folder.path("kept"));
        Ran::of(command)
    };
    let saved = named("--save-baseline");
    assert_eq!(saved.code, Some(0), "{}", saved.err);
    assert!(folder.path("kept/main/program.json").exists());
    assert!(!folder.path("target/perfkit/baselines").exists());
    let compared = named("--baseline");
    assert_eq!(compared.code, Some(0), "{}", compared.err);
    assert!(
        compared.out.contains("against the saved"),
        "{}",
        compared.out
    );
    let elsewhere = folder.measure("plain", &["sum/loop", "--baseline", "main"]);
    assert_eq!(elsewhere.code, Some(4));
}

fn programs_have_baselines_of_their_own() {
    let folder = Folder::new("programs");
    let with_main = |program: &str, option: &str| {
        folder.measure_as(program, "plain", &["sum/loop", option, "main"])
    };
    let save = |program: &str| {
        let saved = with_main(program, "--save-baseline");
        assert_eq!(saved.code, Some(0), "{}", saved.err);
    };
    let sessions = |program: &str| {
        let compared = with_main(program, "--baseline");
        assert_eq!(compared.code, Some(0), "{}", compared.err);
        let report = folder.path(&format!("target/perfkit/benches/{program}.json"));
        let report = Report::load(report).unwrap();
        let sessions = report.comparisons.iter().find_map(|c| c.sessions);
        (sessions.map(|sessions| sessions.baseline), compared.out)
    };
    save("program");
    let (count, out) = sessions("second");
    assert_eq!(count, None);
    assert!(out.contains("sum/loop: new"), "{out}");
    save("second");
    assert_eq!(sessions("second").0, Some(1));
    // What `perfkit baseline save` keeps counts for the program that it is of.
    let kept = folder.path("target/perfkit/baselines/main");
    let session = kept.join("20260131T120000.000Z-0123456789abcdef.json");
    save_with_times(folder.report(), 1e3, &kept.join("program.json"));
    save_with_times(folder.report(), 1.1e3, &session);
    assert_eq!(sessions("program").0, Some(2));
    assert_eq!(sessions("second").0, Some(1));
    // Under cargo, programs of one name in several packages are told apart.
    let mut of_package = folder.command("plain", &["--bench", "--time", "0", "sum/loop"]);
    of_package.env("CARGO_PKG_NAME", "other");
    of_package.env("CARGO_MANIFEST_DIR", folder.path(""));
    assert_eq!(Ran::of(of_package).code, Some(0));
    let report = folder.path("target/perfkit/benches/other.program.json");
    let program = Report::load(report).unwrap().benchmarks[0].program.clone();
    assert_eq!(program.as_deref(), Some("other/program"));
    // A broken file matters to those that may need it.
    std::fs::write(kept.join("second.json"), "{").unwrap();
    let (count, out) = sessions("program");
    assert_eq!(count, Some(2));
    assert!(out.contains("second.json is left out"), "{out}");
    assert_eq!(with_main("second", "--baseline").code, Some(4));
    std::fs::write(&session, "{").unwrap();
    assert_eq!(with_main("program", "--baseline").code, Some(4));
}

/// Whatever cargo says to a program that starts this one.
fn the_package_is_that_of_the_program() {
    let folder = Folder::new("package");
    let names = |which: &str, manifest: &str| {
        let mut command = folder.command(which, &["--bench", "--time", "0", "sum/loop"]);
        command.env("CARGO_PKG_NAME", "other");
        command.env("CARGO_MANIFEST_DIR", folder.path(manifest));
        let ran = Ran::of(command);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let benches = folder.path("target/perfkit/benches");
        let reports = std::fs::read_dir(&benches).unwrap();
        let program = |path| Report::load(path).unwrap().benchmarks[0].program.clone();
        let programs: Vec<_> = reports.map(|e| program(e.unwrap().path())).collect();
        std::fs::remove_dir_all(benches).unwrap();
        programs
    };
    std::fs::create_dir(folder.path("xtask")).unwrap();
    assert_eq!(names("plain", "xtask"), [Some("program".to_owned())]);
    let of_macros = [Some("perfkit-core/program".to_owned())];
    let macros = ["macro_compare", "macro_benchmarks", "attribute"];
    let there = if cfg!(feature = "macros") { 3 } else { 1 };
    for which in &macros[..there] {
        assert_eq!(names(which, ""), of_macros, "{which}");
    }
}

/// Such as `perfkit baseline save` keeps of `perfkit compare --base`: the baseline of then
/// and A/A controls are no sessions of what it became.
fn a_saved_comparison_counts_as_its_candidate() {
    let folder = Folder::new("comparison");
    assert_eq!(folder.measure("plain", &["sum/loop"]).code, Some(0));
    let mut report = folder.report();
    let candidate = report.benchmarks.remove(0);
    for (index, ns) in [1e3, 1.1e3, 1.2e3].into_iter().enumerate() {
        let mut benchmark = candidate.clone();
        set_times(&mut benchmark, ns);
        benchmark.side = [Some(Side::Baseline), Some(Side::Candidate), None][index];
        benchmark.control_of = (index == 2).then(|| "sum/loop".to_owned());
        report.benchmarks.push(benchmark);
    }
    let kept = folder.path("target/perfkit/baselines/main");
    std::fs::create_dir_all(&kept).unwrap();
    report.save(kept.join("comparison.json")).unwrap();
    let compared = folder.measure("plain", &["sum/loop", "--baseline", "main", "--control"]);
    assert_eq!(compared.code, Some(0), "{}", compared.err);
    assert!(!compared.out.contains(": new"), "{}", compared.out);
    let report = folder.report();
    let saved = report.comparisons.iter().find(|c| !c.interleaved).unwrap();
    assert_eq!(saved.sessions.unwrap().baseline, 1);
    let measured = report.benchmarks[0].metrics[&Metric::WALL_TIME].median;
    // On a busy machine there may be too few values for a ratio.
    let is_of_candidate = match saved.ratio {
        Some(ratio) => (measured.unwrap() / ratio.estimate / 1.1e3 - 1.0).abs() < 1e-6,
        None => saved
            .notes
            .iter()
            .any(|n| n.message.contains("wall_time was 1.100 µs")),
    };
    assert!(is_of_candidate, "{saved:?}");
}

fn the_control_is_measured() {
    let folder = Folder::new("control");
    let measured = folder.measure("plain", &["sum", "--control"]);
    assert_eq!(measured.code, Some(0), "{}", measured.err);
    let report = folder.report();
    let last = report.benchmarks.last().unwrap();
    assert_eq!(last.name, "sum/loop (A/A control)");
    assert_eq!(last.control_of.as_deref(), Some("sum/loop"));
    assert_eq!(last.blocks, report.benchmarks[0].blocks);
}

/// One of them takes two to five times as long, by the size of its environment.
fn what_depends_on_the_layout_is_told() {
    let folder = Folder::new("layout");
    let measured = folder.run("layout", &["--bench"]);
    assert_eq!(measured.code, Some(0), "{}", measured.err);
    let report = folder.report();
    let of_time = |c: &&Comparison| c.metric == Metric::WALL_TIME;
    let comparison = report.comparisons.iter().find(of_time).unwrap();
    assert_eq!(comparison.verdict, Verdict::Slower);
    assert!(
        comparison
            .notes
            .iter()
            .any(|n| n.code == NoteCode::LayoutSensitive)
    );
    assert!(
        measured.out.contains("come to lie in memory"),
        "{}",
        measured.out
    );
}

fn printing_is_harmless() {
    let folder = Folder::new("prints");
    let measured = folder.measure("prints", &[]);
    assert_eq!(measured.code, Some(0), "{}", measured.err);
    assert!(!measured.out.contains("that prints"), "{}", measured.out);
    assert_eq!(folder.report().benchmarks.len(), 4);
}

/// Runs a program of which one group fails; returns what it complains of.
fn failing(which: &str, arguments: &[&str]) -> String {
    let folder = Folder::new(which);
    let measured = folder.measure(which, arguments);
    assert_eq!(measured.code, Some(5), "{which}: {}", measured.err);
    assert!(measured.err.contains("`bad/wrong`"), "{}", measured.err);
    assert!(measured.err.contains("groups that failed: 1"));
    let report = folder.report();
    let of = |name: &str| report.benchmarks.iter().find(|b| b.name == name).unwrap();
    for name in ["good/fine", "good/also_fine"] {
        assert!(of(name).metrics.contains_key(&Metric::WALL_TIME), "{name}");
    }
    let mut verdicts = report.comparisons.iter().map(|c| c.verdict);
    assert!(verdicts.all(|verdict| verdict == Verdict::Inconclusive));
    measured.err
}

fn a_panic_ends_its_group() {
    let told = failing("panics", &[]);
    assert!(told.contains("the function went wrong"), "{told}");
    assert!(told.contains("the process ended"), "{told}");
}

fn a_hang_ends() {
    let told = failing("hangs", &["--timeout", "5"]);
    assert!(told.contains("no answer for 5 s"), "{told}");
}

fn nonsense_is_refused() {
    let told = failing("says_garbage", &[]);
    assert!(told.contains("an answer that is none"), "{told}");
    let folder = Folder::new("version");
    let told = folder.measure("other_version", &[]);
    assert_eq!(told.code, Some(5));
    assert!(told.err.contains("speaks version 99"), "{}", told.err);
    let told = folder.measure("never_greets", &["--timeout", "0.2"]);
    assert_eq!(told.code, Some(5));
    assert!(told.err.contains("does not answer"), "{}", told.err);
}

fn a_worker_that_leaves_is_told() {
    let told = failing("exits", &[]);
    assert!(told.contains("the process ended: exit status: 0"), "{told}");
    let told = failing("hangs_up", &[]);
    assert!(told.contains("closed its standard input"), "{told}");
    let told = Folder::new("leaves").measure("leaves", &[]);
    assert_eq!(told.code, Some(5));
    assert!(told.err.contains("does not answer"), "{}", told.err);
    assert!(told.err.contains("groups that failed: 2"), "{}", told.err);
}

fn a_lost_benchmark_is_told() {
    let told = failing("forgets", &[]);
    assert!(told.contains("has no benchmark `bad/wrong`"), "{told}");
}

/// Even one that is within a function which never returns.
fn no_worker_outlives_its_driver() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let folder = Folder::new("killed");
    let mut driver = folder
        .command("hangs", &["--bench", "bad"])
        .spawn()
        .unwrap();
    let pid = running::wait_for(|| {
        let text = std::fs::read_to_string(folder.path(PID_FILE)).ok()?;
        text.parse::<u32>().ok()
    });
    assert!(running::is_alive(pid));
    driver.kill().unwrap();
    driver.wait().unwrap();
    running::wait_for(|| (!running::is_alive(pid)).then_some(()));
}
