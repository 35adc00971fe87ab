//! `perfkit compare --bench` and `--base`, with packages that cargo builds and
//! revisions that git keeps.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{Answer, Folder, eventually};
use perfkit::Metric;
use perfkit::report::{Benchmark, GateOutcome, Note, NoteCode, Report, StopReason, Verdict};

/// A benchmark whose work can be multiplied, in a package that builds quickly.
const BENCH: &str = r#"
use std::hint::black_box;

fn work(times: u64) -> u64 {
    assert!(black_box(times) < 1000, "a panic names its line: {}", black_box("salt"));
    (0..100 * times).fold(1, |sum, n| black_box(sum ^ n))
}

fn main() {
    perfkit::bench::main(|bench| {
        bench.group("work", |group| {
            group.parameter("times", 1).items(100);
            group.add("once", || work(1));
            group.add("more", || work(MORE));
        });
        bench.group("other", |group| {
            group.add("alone", || work(1));
        });
    });
}
"#;

/// Packages of different names share a target folder, so that what they depend on is built
/// once for all tests, and again only when it changes.
fn package(folder: &Folder, name: &str) {
    let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../perfkit-core");
    std::fs::create_dir_all(folder.path("benches")).unwrap();
    std::fs::create_dir_all(folder.path("src")).unwrap();
    let manifest = format!(
        r#"
[package]
name = "{name}"
version = "0.1.0"
edition = "2024"

[dependencies]
perfkit-core = {{ path = "{core}", default-features = false, features = ["bench"] }}
dep = {{ version = "1", registry = "vendored" }}

[[bench]]
name = "work"
harness = false

[[bench]]
name = "foreign"
harness = false

[profile.bench]
opt-level = 1
codegen-units = 16

[workspace]
"#
    );
    folder.write("Cargo.toml", &manifest);
    folder.write("src/lib.rs", "");
    folder.write(".gitignore", "/target\n/*.json\n");
    folder.write(
        "benches/foreign.rs",
        "fn main() { std::fs::write(\"foreign-ran\", \"\").unwrap(); }",
    );
    vendor(folder);
    // The versions that the tool itself is built with, so that nothing is fetched.
    let lock = crate::support::workspace().join("Cargo.lock");
    let lock = std::fs::read_to_string(lock).unwrap();
    let dep = "name = \"dep\"\nversion = \"1.0.0\"";
    let source = format!("source = \"{REGISTRY}\"");
    folder.write(
        "Cargo.lock",
        &format!("{lock}\n[[package]]\n{dep}\n{source}\n"),
    );
}

/// A registry that nobody asks, because all of it is here.
const REGISTRY: &str = "sparse+https://example.invalid/";

/// Two versions of a package, as `cargo vendor` lays them down.
fn vendor(folder: &Folder) {
    let target = target();
    let config = format!(
        r#"
[registries.vendored]
index = "{REGISTRY}"

[source.vendored]
registry = "{REGISTRY}"
replace-with = "vendor"

[source.vendor]
directory = "vendor"

[build]
target-dir = {target:?}
"#
    );
    std::fs::create_dir_all(folder.path(".cargo")).unwrap();
    folder.write(".cargo/config.toml", &config);
    for version in ["1.0.0", "1.0.1"] {
        let path = format!("vendor/dep-{version}");
        std::fs::create_dir_all(folder.path(&path).join("src")).unwrap();
        let manifest = format!("[package]\nname = \"dep\"\nversion = \"{version}\"\n");
        folder.write(&format!("{path}/Cargo.toml"), &manifest);
        folder.write(&format!("{path}/src/lib.rs"), "");
        folder.write(&format!("{path}/.cargo-checksum.json"), "{\"files\":{}}");
    }
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("benches")
}

fn write_bench(folder: &Folder, more: u64, comment: &str) {
    let bench = BENCH.replace("MORE", &more.to_string());
    folder.write("benches/work.rs", &format!("{comment}{bench}"));
}

fn git(folder: &Folder, arguments: &[&str]) {
    let status = Command::new("git")
        .current_dir(folder.path(""))
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
        .args(arguments)
        .stdout(Stdio::null())
        .status();
    assert!(status.unwrap().success(), "git {arguments:?}");
}

fn commit(folder: &Folder, message: &str) {
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", message]);
}

fn verdict(report: &Report, candidate: &str) -> Verdict {
    let wanted = |c: &&perfkit::report::Comparison| {
        c.candidate == candidate && c.metric == Metric::WALL_TIME
    };
    report.comparisons.iter().find(wanted).unwrap().verdict
}

/// One test, because the package is built once for all of it.
#[test]
fn benches_of_this_tree_and_of_another_revision_are_compared() {
    let folder = Folder::new();
    package(&folder, "measured");
    write_bench(&folder, 4, "");
    git(&folder, &["init", "-q"]);
    commit(&folder, "first");

    let answer = folder.run(["compare", "--bench", "work", "--export-json", "own.json"]);
    let answer = answer
        .exits_with(0)
        .says("Slower: `work/more` takes ")
        .complains("foreign (this tree) is left out")
        .complains("is no bench program of perfkit");
    assert!(!answer.stdout.contains("other/alone"), "{answer:#?}");
    assert!(!folder.path("foreign-ran").exists());
    let report = folder.report("own.json");
    let names: Vec<&str> = report.benchmarks.iter().map(|b| b.name.as_str()).collect();
    assert_eq!(names, ["work/once", "work/more"]);
    let once = &report.benchmarks[0];
    assert_eq!(once.parameters["times"], "1");
    assert!(once.metrics.contains_key(&Metric::THROUGHPUT));
    assert_eq!(once.rounds.len(), once.blocks.len());
    assert_eq!(verdict(&report, "work/more"), Verdict::Slower);
    crate::support::assert_fits_schema(&folder.read("own.json"));

    // A comment changes nothing, four times the work does.
    write_bench(&folder, 16, "//! A comment.\n");
    folder.write(
        "benches/work.rs",
        &folder
            .read("benches/work.rs")
            .replace("bench.group(\"other\"", "bench.group(\"new\""),
    );
    let lock = folder.read("Cargo.lock");
    let newer = lock.replace(
        "\"dep\"\nversion = \"1.0.0\"",
        "\"dep\"\nversion = \"1.0.1\"",
    );
    assert_ne!(lock, newer);
    folder.write("Cargo.lock", &newer);
    commit(&folder, "slower");
    let answer = folder.run(["compare", "--base", "HEAD~1", "--export-json", "base.json"]);
    let answer = answer
        .exits_with(0)
        .complains("Compiling measured")
        .says(" times as long as `work/more@HEAD~1`");
    // What both depend on was built already, and `dep` is another version there.
    let built = answer.stderr.matches("Compiling ").count();
    assert!(built <= 4, "{answer:#?}");
    let report = folder.report("base.json");
    assert_eq!(verdict(&report, "work/more"), Verdict::Slower);
    assert_ne!(
        verdict(&report, "work/once"),
        Verdict::Slower,
        "{answer:#?}"
    );
    let codes: Vec<NoteCode> = report.notes.iter().map(|note| note.code).collect();
    assert!(codes.contains(&NoteCode::New) && codes.contains(&NoteCode::Gone));
    let versions = |note: &&Note| note.code == NoteCode::DifferentDependencies;
    let versions = &report.notes.iter().find(versions).unwrap().message;
    assert!(versions.ends_with(": dep 1.0.0, here 1.0.1"), "{versions}");

    folder
        .run(["compare", "--base", "no-such-branch"])
        .exits_with(2)
        .complains("no such revision");
    folder
        .run(["compare", "--bench", "nothing-has-this-name"])
        .exits_with(2)
        .complains("no benchmark whose name contains `nothing-has-this-name`");
    folder
        .run(["compare", "--bench", "work", "--runs", "3"])
        .exits_with(2)
        .complains("--runs is for commands");

    gated(&folder);
    interrupted_between_rounds(&folder);
    one_program(&folder);
    one_name_in_two_programs(&folder);
}

/// What is the same program is the same, whatever is measured: here, where a comment
/// moves the line that a panic names, and not where a text differs.
fn one_program(folder: &Folder) {
    let bench = folder.read("benches/work.rs");
    let compare = ["compare", "--base", "HEAD", "--bench", "work"];
    folder.write("benches/work.rs", &format!("//! Moves all.\n{bench}"));
    let answer = folder
        .run(compare)
        .exits_with(0)
        .says("`work/more` takes the same time as `work/more@HEAD`: it is the same program.");
    assert!(answer.stdout.contains("`work/once` takes the same time as"));

    let rule = "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"0.001%\"\n";
    folder.write("perfkit.toml", rule);
    let gate = ["gate", "--base", "HEAD", "--bench", "once"];
    let answer = folder.run(gate.into_iter().chain(["--format", "json"]));
    let judged = answer.exits_with(0).report().gate.unwrap();
    assert_eq!(judged.findings[0].outcome, GateOutcome::Pass, "{judged:?}");

    folder.write("benches/work.rs", &bench.replace("salt", "Salt"));
    let answer = folder.run(compare).exits_with(0);
    assert!(!answer.stdout.contains("the same program"), "{answer:#?}");
}

/// The noise of a name that two programs have is told with the program, as in tables.
fn one_name_in_two_programs(folder: &Folder) {
    let manifest = folder.read("Cargo.toml");
    let second = "[[bench]]\nname = \"second\"\nharness = false\n\n[profile.bench]";
    folder.write("Cargo.toml", &manifest.replace("[profile.bench]", second));
    folder.write("benches/second.rs", &folder.read("benches/work.rs"));
    commit(folder, "a second program");
    let compare = ["compare", "--base", "HEAD", "--control", "--bench", "once"];
    let saved = ["--export-json", "two.json"];
    folder.run(compare.iter().chain(&saved)).exits_with(0);
    let notes = folder.report("two.json").notes;
    let noise = notes
        .iter()
        .filter(|n| n.code == NoteCode::NoiseOfTheMachine);
    let mut names: Vec<&str> = noise
        .map(|note| note.message.split_once("@HEAD ").unwrap().0)
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["work/once (measured/second)", "work/once (measured/work)"]
    );
    // What only one of them has is told with its program.
    let compare = ["compare", "--base", "HEAD~1", "--bench", "once"];
    let answer = folder.run(compare).exits_with(0);
    answer.says("work/once (measured/second) is new: HEAD~1 does not have it");
}

/// The gate measures, with the baseline against itself, and measures a regression twice.
fn gated(folder: &Folder) {
    let rule = "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"50%\"\n";
    folder.write("perfkit.toml", rule);
    let slower = [
        "gate",
        "--base",
        "HEAD~1",
        "--bench",
        "more",
        "--export-json",
        "gated.json",
    ];
    let answer = folder
        .run(slower)
        .exits_with(1)
        .says("; again in a second session: takes ")
        .complains("measuring once more");
    assert!(!answer.stdout.contains("--control"), "{answer:#?}");
    let measured = folder.report("gated.json");
    assert_eq!(verdict(&measured, "work/more"), Verdict::Slower);
    assert_eq!(measured.benchmarks.len(), 3, "the baseline runs twice");

    // Only a comment stands between the two.
    folder
        .run(["gate", "--base", "HEAD~1", "--bench", "once"])
        .exits_with(0);
    folder
        .run(["gate", "--base", "HEAD", "--baseline", "own.json"])
        .exits_with(2);
    folder.run(["gate", "--bench", "once"]).exits_with(2);
}

/// What was finished is kept, and no process is left.
fn interrupted_between_rounds(folder: &Folder) {
    let mut command = folder.perfkit(["compare", "--bench", "work", "--export-json", "cut.json"]);
    command.env("PERFKIT_CONFIDENCE", "0.9999");
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap();
    let found = |arguments: &[&str]| {
        let found = Command::new("pgrep").args(arguments).output();
        String::from_utf8(found.unwrap().stdout).unwrap()
    };
    // Other tests have workers too, of programs in the same folder.
    let parent = child.id().to_string();
    let worker = loop {
        let workers = found(&["-P", &parent, "-a", "-f", " --perfkit-worker"]);
        let first = workers.lines().next();
        if let Some((_, worker)) = first.and_then(|line| line.rsplit_once('/')) {
            break worker.to_owned();
        }
        assert_eq!(
            child.try_wait().unwrap(),
            None,
            "it ended before any worker"
        );
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    let pid = i32::try_from(child.id()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let answer = Answer::from(child.wait_with_output().unwrap());
    assert_eq!(answer.code, Some(130), "{answer:#?}");
    let none_is_left = || found(&["-f", &worker]).is_empty();
    assert!(eventually(none_is_left), "{worker} is left");
    if folder.files().contains(&"cut.json".to_owned()) {
        let sampling = folder.report("cut.json").sampling.unwrap();
        assert_eq!(sampling.stopped, StopReason::Interrupted);
    }
}

/// The change that adds the first benchmarks has nothing to be compared with. The
/// repository is a member of a workspace that is no part of it, which a note tells.
#[test]
fn benchmarks_that_are_all_new_are_told_and_pass() {
    let outer = Folder::new();
    let folder = outer.inside("repository");
    package(&folder, "unmeasured");
    outer.write("Cargo.lock", &folder.read("Cargo.lock"));
    std::fs::remove_file(folder.path("Cargo.lock")).unwrap();
    let workspace = "[workspace]\nmembers = [\"repository\"]\nresolver = \"3\"\n";
    let profile = "[profile.bench]\nopt-level = 1\ncodegen-units = 16\n";
    outer.write("Cargo.toml", &format!("{workspace}{profile}"));
    let manifest = folder.read("Cargo.toml").replace("[workspace]", "");
    let without = manifest.replace("[[bench]]", "[[package.metadata.bench]]");
    let without = without.replace("[package]", "[package]\nautobenches = false");
    folder.write("Cargo.toml", &without);
    git(&folder, &["init", "-q"]);
    commit(&folder, "no benchmarks");
    folder.write("Cargo.toml", &manifest);
    write_bench(&folder, 4, "");
    // What perfkit keeps has to lie outside of the workspace, too.
    let run = |arguments: &[&str]| {
        let mut command = outer.perfkit(arguments);
        command.current_dir(folder.path(""));
        Answer::of(command)
    };
    let compare = ["compare", "--base", "HEAD", "--bench", "once"];
    run(&[&compare[..], &["--export-json", "new.json"]].concat())
        .exits_with(0)
        .says("Nothing was compared: all benchmarks are new.")
        .says("work/once is new: HEAD does not have it");
    let notes = folder.report("new.json").notes;
    let is_meant = |note: &Note| note.code == NoteCode::OutsideWorkspace;
    assert!(notes.iter().any(is_meant), "{notes:?}");
    let rule = "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"5%\"\n";
    folder.write("perfkit.toml", rule);
    run(&["gate", "--base", "HEAD", "--bench", "once"])
        .exits_with(0)
        .says("new: the baseline does not have it");
}

/// Commands of both trees, with the path put in.
#[test]
fn commands_of_two_revisions_are_compared() {
    let folder = Folder::new();
    folder.script("run.sh", "exit 0");
    git(&folder, &["init", "-q"]);
    commit(&folder, "quick");
    folder.script("run.sh", "exec sleep 0.1");
    let line = [
        "compare",
        "--base",
        "HEAD",
        "{tree}/run.sh",
        "-r",
        "12",
        "--format",
        "json",
    ];
    let answer = folder.run(line).exits_with(0);
    let report = answer.report();
    let labels: Vec<String> = report.benchmarks.iter().map(Benchmark::label).collect();
    assert_eq!(labels, ["{tree}/run.sh@HEAD", "{tree}/run.sh"]);
    let names = report.benchmarks.iter().map(|b| b.name.as_str());
    assert!(names.eq(["{tree}/run.sh"; 2]), "{answer:#?}");
    assert_eq!(verdict(&report, "{tree}/run.sh"), Verdict::Slower);
    let rule = "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"50%\"\n";
    folder.write("perfkit.toml", rule);
    folder.script("run.sh", "exec sleep 0.05");
    let gate = ["gate", "--base", "HEAD", "{tree}/run.sh", "--time", "1s"];
    folder
        .run(gate)
        .exits_with(1)
        .says("{tree}/run.sh")
        .says("; again in a second session: takes ");
    folder.script("run.sh", "exit 3");
    let seeded = ["gate", "--base", "HEAD", "{tree}/run.sh", "--seed", "7"];
    let seeded = seeded.into_iter().chain(["--export-json", "of-7.json"]);
    let answer = folder.run(seeded).exits_with(5).complains("exit status 3");
    assert!(!answer.stderr.contains("hint"), "{answer:#?}");
    assert_eq!(folder.report("of-7.json").sampling.unwrap().seed, 7);
    // What was slow is no fault of what is quick now, nor is the baseline's second arm
    // held against anything.
    folder.script("run.sh", "exec sleep 0.1");
    commit(&folder, "slow");
    folder.script("run.sh", "exit 0");
    let budget =
        "[gate]\ninconclusive = \"fail\"\n[[budget]]\nbenchmark = \"*\"\nmean = \"< 70ms\"\n";
    folder.write("perfkit.toml", &format!("{budget}{rule}"));
    let answer = folder.run(gate);
    assert!(!answer.stdout.contains("(A/A control)"), "{answer:#?}");
    answer.exits_with(0);
    folder
        .run(["compare", "--base", "HEAD", "true"])
        .exits_with(2)
        .complains("write {tree} where the path of the tree belongs");
}

#[test]
fn a_command_runs_against_itself_to_show_the_noise() {
    let folder = Folder::new();
    let line = [
        "compare",
        "--control",
        "true",
        "sleep 0.05",
        "-r",
        "12",
        "--format",
        "json",
    ];
    let report = folder.run(line).exits_with(0).report();
    let names: Vec<&str> = report.benchmarks.iter().map(|b| b.name.as_str()).collect();
    assert_eq!(names, ["true", "sleep 0.05", "true (A/A control)"]);
    let codes: Vec<NoteCode> = report.notes.iter().map(|note| note.code).collect();
    assert!(codes.contains(&NoteCode::NoiseOfTheMachine), "{codes:?}");
    let zone = report.comparisons[0].indifference;
    assert!(
        report
            .comparisons
            .iter()
            .all(|c| c.indifference == zone || c.metric != Metric::WALL_TIME)
    );
    assert!(
        zone > 0.005,
        "the start of a process varies by more than {zone}"
    );
}

#[test]
fn a_command_stays_on_one_cpu_where_that_is_asked() {
    let folder = Folder::new();
    let line = [
        "compare",
        "--pin",
        "-S",
        "sh",
        "-r",
        "1",
        "test $(nproc) -eq 1",
    ];
    folder.run(line).exits_with(0);
}
