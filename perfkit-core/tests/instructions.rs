//! How many instructions a measured call takes: a guard on the record path that
//! no noise of the machine disturbs.
//!
//! An optimised program (`instructions/program.rs`) runs under valgrind, which
//! counts every instruction. It makes so many calls of one kind, and then twice
//! as many: the difference is that of the calls alone. What the bare function and
//! the loop take is counted in the same way and taken off.
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

mod required;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

/// What a call of each kind took when it was last counted, beyond the bare
/// function, in instructions: rustc 1.95, the bench profile of this workspace.
///
/// One that takes less is a reason to lower its number here.
const COUNTED: [Cost; 9] = [
    Cost::new("plain", "bare", 142.0),
    Cost::new("Result", "bare Result", 160.0),
    Cost::new("memory", "bare", 363.0),
    Cost::new("throughput", "bare", 241.0),
    Cost::new("sampled", "bare", 57.0),
    Cost::new("async", "bare async", 578.0),
    Cost::new("kept", "bare", 146.0),
    Cost::new("named", "bare", 171.0),
    // Some ten of these are the question whether recording is on and its answer;
    // the rest saves and restores registers for the calls that are recorded.
    Cost::new("off", "bare", 25.0),
];

/// How much more a call may take: other versions of the compiler differ by less.
const TOLERANCE: f64 = 0.10;

/// The calls that the shorter run of the program makes.
const CALLS: u64 = 50_000;

#[derive(Clone, Copy)]
struct Cost {
    kind: &'static str,
    /// The kind that is the same without measuring.
    bare: &'static str,
    instructions: f64,
}

impl Cost {
    const fn new(kind: &'static str, bare: &'static str, instructions: f64) -> Self {
        Self {
            kind,
            bare,
            instructions,
        }
    }
}

#[test]
fn a_measured_call_takes_no_more_instructions_than_it_did() {
    let Some(programs) = &*PROGRAMS else {
        return;
    };
    let mut grown = Vec::new();
    for cost in COUNTED {
        let Cost {
            kind, instructions, ..
        } = cost;
        let counts_calls = kind != "off";
        let measured = programs.recording.instructions(kind, counts_calls);
        let bare = programs.recording.instructions(cost.bare, false);
        let now = (measured as f64 - bare as f64) / CALLS as f64;
        eprintln!("{kind}: {now:.1} instructions, {instructions} when last counted");
        let most = instructions * (1.0 + TOLERANCE);
        if now > most {
            grown.push(format!(
                "  {kind}: from {instructions} to {now:.1}; at most {most:.1} are allowed"
            ));
        }
    }
    assert!(
        grown.is_empty(),
        "measured calls take more instructions than they did:\n{}\n\
         `callgrind_annotate` on the files in {} shows where. If what was gained is \
         worth it, put the new numbers into the table of this test.",
        grown.join("\n"),
        folder().display(),
    );
}

#[test]
fn without_recording_a_measured_call_is_the_bare_call() {
    let Some(programs) = &*PROGRAMS else {
        return;
    };
    for Cost { kind, bare, .. } in COUNTED {
        let [measured, bare_function] =
            [kind, bare].map(|kind| programs.silent.instructions(kind, false));
        // Beside the calls, reading the clock at the end takes a few more or less.
        assert!(
            measured.abs_diff(bare_function) < CALLS / 100,
            "{CALLS} calls of the kind {kind:?} take {measured} instructions without the feature \
             `record`, and {bare_function} where nothing is measured: something is left of the \
             measuring; see `silent_body` in the macros, and `cfg!(feature = \"record\")`"
        );
    }
}

/// The two builds of the program; `None` where they cannot be counted.
static PROGRAMS: LazyLock<Option<Programs>> = LazyLock::new(Programs::build);

struct Programs {
    recording: Program,
    /// Without the feature `record`.
    silent: Program,
}

impl Programs {
    fn build() -> Option<Self> {
        let is_there = Command::new("valgrind").arg("--version").output();
        if !is_there.is_ok_and(|output| output.status.success()) {
            return skipped("there is no valgrind");
        }
        let recording = Program::build("recording", &[]);
        let silent = Program::build("silent", &["--no-default-features"]);
        let (_, answer) = recording.count("bare", 1);
        if answer.clock != "tsc" {
            // Its other calls go another way, which takes more.
            return skipped("valgrind shows no cycle counter to count time with");
        }
        Some(Self { recording, silent })
    }
}

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

/// What the program says when it is done.
struct Answer {
    clock: String,
    counted: u64,
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
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        for (variable, _) in std::env::vars_os() {
            let text = variable.to_string_lossy();
            if text.ends_with("RUSTFLAGS") || text.starts_with("CARGO_PROFILE_") {
                build.env_remove(&variable);
            }
        }
        succeed(&mut build);
        // The next build puts its program in the same place.
        let path = folder().join(name);
        std::fs::copy(folder().join("release/examples/instructions"), &path).unwrap();
        Self { name, path }
    }

    /// What so many calls of a kind take, in instructions.
    fn instructions(&self, kind: &str, counts_calls: bool) -> u64 {
        let [fewer, more] = [CALLS, 2 * CALLS].map(|calls| {
            let (instructions, answer) = self.count(kind, calls);
            let expected = if counts_calls { calls } else { 0 };
            assert_eq!(answer.counted, expected, "calls of the kind {kind:?}");
            instructions
        });
        more - fewer
    }

    /// What one run of the program takes, in instructions, and what it says.
    fn count(&self, kind: &str, calls: u64) -> (u64, Answer) {
        let name = format!("{}-{}-{calls}", self.name, kind.replace(' ', "-"));
        let counts = folder().join(name).with_extension("callgrind");
        let mut valgrind = Command::new("valgrind");
        valgrind
            .args(["--quiet", "--tool=callgrind"])
            .arg(format!("--callgrind-out-file={}", counts.display()))
            .arg(&self.path)
            .args([kind, &calls.to_string()]);
        for variable in ["PERFKIT", "PERFKIT_REPORT", "PERFKIT_REPORT_EVERY"] {
            valgrind.env_remove(variable);
        }
        let output = succeed(&mut valgrind);
        let answer = String::from_utf8(output.stdout).unwrap();
        let (clock, counted) = answer.trim().split_once(' ').unwrap();
        let answer = Answer {
            clock: clock.to_owned(),
            counted: counted.parse().unwrap(),
        };
        let text = std::fs::read_to_string(&counts).unwrap();
        let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
        (total.unwrap().trim().parse().unwrap(), answer)
    }
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
