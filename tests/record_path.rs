//! What a measured call takes: a gate on the record path that no noise of the machine
//! disturbs. The budgets are in `perfkit-core/tests/instructions/perfkit.toml`.
//!
//! An optimised program (`perfkit-core/tests/instructions/program.rs`) runs under valgrind,
//! which counts every instruction, and counts every allocation itself. It makes so many
//! calls of one kind, and then twice as many: the difference is that of the calls alone.
//! What the bare function and the loop take is counted in the same way and taken off.
//!
//! The cycle counter goes on under valgrind, so now and then a call closes a slot
//! of the time window or is the longest so far. That is well below one
//! instruction per call.
//!
//! Without valgrind these tests say so and do nothing, unless
//! `PERFKIT_TEST_REQUIRE_ALL` is set.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a failed test panics, and one that does nothing says so"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use crate::support::{Answer, Folder, copy_program, required, workspace};
use perfkit::report::{Benchmark, Environment};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, Report};

/// Calls that a collector gets: what its thread takes of them is not counted.
const COLLECTOR: &str = "collector";

/// Every kind of call, and the kind that is the same without measuring.
const KINDS: [(&str, &str); 22] = [
    ("plain", "bare"),
    ("may panic", "bare may panic"),
    ("Result", "bare Result"),
    ("Err", "bare Err"),
    ("nested", "bare nested"),
    ("recursive", "bare recursive"),
    ("memory", "bare"),
    ("throughput", "bare"),
    ("sampled", "bare"),
    ("async", "bare async"),
    ("awaiting", "bare awaiting"),
    ("kept", "bare"),
    ("named", "bare"),
    ("timer", "bare"),
    ("monitor", "bare"),
    (COLLECTOR, "bare"),
    ("label", "bare"),
    ("async label", "bare async"),
    ("labels", "bare"),
    ("off", "bare"),
    ("counter", "bare"),
    ("gauge", "bare"),
];

/// The calls that the shorter run of the program makes.
const CALLS: u64 = 20_000;

/// How often what is over its budget is counted again: where a run takes seconds, as on a
/// machine with much else to do, more slots of windows are closed in it.
const ATTEMPTS: usize = 3;

#[test]
fn a_measured_call_keeps_its_budget() {
    let Some(program) = &*RECORDING else {
        return;
    };
    let path = folder().join("record-path.json");
    let attempts = (0..ATTEMPTS).map(|_| {
        record_path(program).save(&path).unwrap();
        let mut gate = Folder::new().perfkit(["gate", "--config", "perfkit.toml"]);
        gate.arg(&path);
        gate.current_dir(workspace().join("perfkit-core/tests/instructions"));
        Answer::of(gate)
    });
    let mut told = Vec::new();
    for answer in attempts {
        eprintln!("{}", answer.stdout);
        if answer.code == Some(0) {
            return;
        }
        told.push(answer);
    }
    panic!(
        "measured calls take more than their budget:\n{told:#?}\n\
         `callgrind_annotate` on the files in {} shows where. If what was gained is \
         worth it, put the new numbers into perfkit-core/tests/instructions/perfkit.toml.",
        folder().display(),
    );
}

/// What a call of each kind takes.
fn record_path(program: &Program) -> Report {
    let mut report = Report::new(Environment::detect("tsc"));
    let costs = costs(program);
    for (kind, bare) in KINDS {
        let [measured, bare] = [&costs[kind], &costs[bare]];
        let instructions = (measured.instructions as f64 - bare.instructions as f64) / CALLS as f64;
        let allocations = measured.allocations as f64 / (2 * CALLS) as f64;
        let one = |value| MetricSummary::from_samples(Unit::Count, vec![value]);
        let mut benchmark = Benchmark::new(kind);
        benchmark.successes = 1;
        benchmark
            .metrics
            .insert(Metric::INSTRUCTIONS, one(instructions));
        benchmark
            .metrics
            .insert(Metric::ALLOCATIONS, one(allocations));
        report.benchmarks.push(benchmark);
    }
    report
}

/// What the calls of every kind take, counted on two processors.
fn costs(program: &Program) -> BTreeMap<&'static str, Cost> {
    let recorded = |kind| match kind {
        "off" => 0,
        "nested" | "recursive" => 2 * CALLS,
        _ => CALLS,
    };
    let measured = KINDS.map(|(kind, _)| (kind, recorded(kind)));
    let bare: BTreeSet<_> = KINDS.into_iter().map(|(_, bare)| (bare, 0)).collect();
    let all: Vec<_> = measured.into_iter().chain(bare).collect();
    std::thread::scope(|scope| {
        let halves = all.chunks(all.len().div_ceil(2));
        let halves = halves.map(|half| {
            let cost = |(kind, recorded)| (kind, program.cost(kind, recorded));
            scope.spawn(move || half.iter().copied().map(cost).collect::<Vec<_>>())
        });
        let halves: Vec<_> = halves.collect();
        let counted = halves.into_iter().flat_map(|half| half.join().unwrap());
        counted.collect()
    })
}

/// Ten thousand calls, each within the one before, fit the stack of a thread.
#[test]
fn a_measured_call_takes_little_stack() {
    const DEEP: u64 = 10_000;
    let Some(program) = &*RECORDING else {
        return;
    };
    let bytes = |kind: &str, recorded| {
        let (_, counted, bytes) =
            answer(Command::new(&program.path).args([kind, &DEEP.to_string()]));
        assert_eq!(counted, recorded, "{kind}");
        bytes
    };
    let bare = bytes("bare deep", 0);
    assert!(bare > 0);
    for kind in ["deep", "deep may panic"] {
        let measured = bytes(kind, DEEP);
        eprintln!("{kind}: {measured} bytes of stack, {bare} without measuring");
        assert!(
            measured - bare <= 128,
            "{kind}: {measured} bytes, {bare} without"
        );
    }
}

#[test]
#[ignore = "builds the program without recording: .ci/run does"]
fn without_recording_a_measured_call_is_the_bare_call() {
    if RECORDING.is_none() {
        return;
    }
    let program = Program::build("silent", &["--no-default-features"]);
    let mut of_bare = BTreeMap::new();
    for (kind, bare) in KINDS {
        let count = |kind| program.count(kind, CALLS).cost.instructions;
        let measured = count(kind);
        let bare_function = *of_bare.entry(bare).or_insert_with(|| count(bare));
        // Beside the calls, the program's start and end take a few more or less. Of calls
        // that a collector gets they are not counted.
        let is_bare = match kind {
            COLLECTOR => measured < bare_function,
            _ => measured.abs_diff(bare_function) < CALLS / 2,
        };
        assert!(
            is_bare,
            "{CALLS} calls of the kind {kind:?} take {measured} instructions without the feature \
             `record`, and {bare_function} where nothing is measured: something is left of the \
             measuring; see `silent_body` in the macros, and `cfg!(feature = \"record\")`"
        );
    }
}

/// The program that records; `None` where nothing can be counted.
static RECORDING: LazyLock<Option<Program>> = LazyLock::new(|| {
    let is_there = Command::new("valgrind").arg("--version").output();
    if !is_there.is_ok_and(|output| output.status.success()) {
        return skipped("there is no valgrind");
    }
    let recording = Program::build("recording", &[]);
    if recording.count("bare", 1).clock != "tsc" {
        // Its other calls go another way, which takes more.
        return skipped("valgrind shows no cycle counter to count time with");
    }
    Some(recording)
});

fn skipped<T>(reason: &str) -> Option<T> {
    required::skip(&format!("instructions cannot be counted: {reason}"));
    None
}

/// Where the programs are built and what valgrind counted is kept.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tests/instructions")
}

struct Program {
    name: &'static str,
    path: PathBuf,
}

/// What the program says when it is done, and what valgrind does.
struct Run {
    clock: String,
    counted: u64,
    cost: Cost,
}

/// What some calls take.
struct Cost {
    instructions: u64,
    /// Those of the longer run, perfkit's own included.
    allocations: u64,
}

impl Program {
    /// Builds the program as users build theirs, whatever flags this test itself
    /// was built with.
    fn build(name: &'static str, features: &[&str]) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build
            .args([
                "build",
                "--profile",
                "bench",
                "--locked",
                "--offline",
                "--quiet",
            ])
            .args(["--package", "perfkit-instructions"])
            .args(["--example", "instructions"])
            .args(features)
            .arg("--target-dir")
            .arg(folder())
            .current_dir(workspace());
        for (variable, _) in std::env::vars_os() {
            let text = variable.to_string_lossy();
            if text.ends_with("RUSTFLAGS") || text.starts_with("CARGO_PROFILE_") {
                build.env_remove(&variable);
            }
        }
        succeed(&mut build);
        // The next build puts its program in the same place.
        let path = folder().join(name);
        copy_program(&folder().join("release/examples/instructions"), &path);
        Self { name, path }
    }

    /// What so many calls of a kind take, of which so many have to be recorded.
    fn cost(&self, kind: &str, recorded: u64) -> Cost {
        let [fewer, more] = [1, 2].map(|times| {
            let run = self.count(kind, times * CALLS);
            assert_eq!(run.counted, times * recorded, "calls of the kind {kind:?}");
            run.cost
        });
        Cost {
            instructions: more.instructions - fewer.instructions,
            allocations: more.allocations,
        }
    }

    /// One run of the program.
    fn count(&self, kind: &str, calls: u64) -> Run {
        let name = format!("{}-{}-{calls}", self.name, kind.replace(' ', "-"));
        let counts = folder().join(name).with_extension("callgrind");
        let mut valgrind = Command::new("valgrind");
        valgrind
            .args(["--quiet", "--tool=callgrind"])
            .arg(format!("--callgrind-out-file={}", counts.display()));
        if kind == COLLECTOR {
            let within = "--toggle-collect=instructions::repeat*";
            valgrind.args(["--collect-atstart=no", within]);
        }
        valgrind.arg(&self.path).args([kind, &calls.to_string()]);
        let (clock, counted, allocations) = answer(&mut valgrind);
        let text = std::fs::read_to_string(&counts).unwrap();
        let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
        Run {
            clock,
            counted,
            cost: Cost {
                instructions: total.unwrap().trim().parse().unwrap(),
                allocations,
            },
        }
    }
}

/// What the program answers: the clock, the calls that were recorded, and a number more.
fn answer(command: &mut Command) -> (String, u64, u64) {
    for variable in [
        "PERFKIT",
        "PERFKIT_REPORT",
        "PERFKIT_REPORT_EVERY",
        "PERFKIT_SIGNALS",
    ] {
        command.env_remove(variable);
    }
    let answer = String::from_utf8(succeed(command).stdout).unwrap();
    let mut words = answer.split_whitespace();
    let clock = words.next().unwrap().to_owned();
    let [counted, more] = [words.next(), words.next()].map(|word| word.unwrap().parse());
    (clock, counted.unwrap(), more.unwrap())
}

fn succeed(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
