//! How often `perfkit gate --base` is wrong on this machine: five suites of the kinds that
//! projects have (`suites/`), measured against themselves, and with 5 % more work in one
//! benchmark of each.
//!
//! ```console
//! $ cargo bench -p perfkit-core --features bench --bench gate -- --runs 50 --slowed 20
//! ```
//!
//! | option | meaning |
//! |---|---|
//! | `--runs N` | gates of a tree that does the same; by default 2 |
//! | `--slowed N` | gates of a tree whose first benchmark of each suite does 5 % more; by default 2 |
//!
//! The tree that does the same is another program all the same: it has a constant more. A
//! gate takes about half a minute. It uses `target/release/perfkit`, which is built first.
#![allow(
    clippy::print_stdout,
    reason = "it is a program that prints what it finds"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use perfkit::Report;
use perfkit::report::GateOutcome;

/// The first benchmark of each suite, of which more is asked.
const SLOWED: [&str; 5] = ["parse", "strings", "write", "own", "sieve"];

const RULES: &str = "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"1%\"\n";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = number("--runs", &arguments)
        .and_then(|runs| Ok((runs, number("--slowed", &arguments)?)))
        .and_then(|(runs, slowed)| calibrate(runs, slowed));
    match done {
        Ok(is_right) if is_right => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            ExitCode::from(2)
        }
    }
}

fn number(option: &str, arguments: &[String]) -> Result<usize, Box<dyn Error>> {
    match arguments.iter().position(|argument| argument == option) {
        None => Ok(2),
        Some(at) => {
            let text = arguments.get(at + 1);
            let text = text.ok_or_else(|| format!("{option} takes a number"))?;
            text.parse()
                .map_err(|_| format!("{option} takes a number, not {text}").into())
        }
    }
}

/// Outcomes of one benchmark over all gates.
#[derive(Default)]
struct Tally {
    failed: usize,
    undecided: usize,
    passed: usize,
}

fn calibrate(runs: usize, slowed: usize) -> Result<bool, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = root.parent().ok_or("the workspace is gone")?;
    let mut build = Command::new("cargo");
    succeed(
        build
            .args(["build", "--release", "--package", "perfkit-cli"])
            .current_dir(root),
    )?;
    let tree = Tree::new(root)?;
    println!(
        "load {}",
        fs::read_to_string("/proc/loadavg")
            .unwrap_or_default()
            .trim()
    );
    tree.write_library(0)?;
    let same = tree.gates(runs)?;
    print(&format!("{runs} gates without a change"), &same);
    tree.write_library(5)?;
    let more = tree.gates(slowed)?;
    print(
        &format!("{slowed} gates with 5 % more in {}", SLOWED.join(", ")),
        &more,
    );
    let is_quiet = same.values().all(|tally| tally.failed == 0);
    let is_found = more.iter().all(|(name, tally)| {
        let is_slowed = SLOWED.contains(&name.as_str());
        tally.failed == if is_slowed { slowed } else { 0 }
    });
    Ok(is_quiet && is_found)
}

fn print(head: &str, tallies: &BTreeMap<String, Tally>) {
    println!("\n{head}:");
    for (name, tally) in tallies {
        let Tally {
            failed,
            undecided,
            passed,
        } = tally;
        println!("{name:<12} {failed:>3} failed, {undecided:>3} undecided, {passed:>3} passed");
    }
}

/// The suites in a repository of their own.
struct Tree {
    folder: PathBuf,
    perfkit: PathBuf,
}

impl Tree {
    fn new(root: &Path) -> Result<Self, Box<dyn Error>> {
        let folder = std::env::temp_dir().join(format!("perfkit-suites-{}", std::process::id()));
        let suites = root.join("perfkit-core/benches/suites");
        for part in ["src", "benches"] {
            fs::create_dir_all(folder.join(part))?;
            for file in fs::read_dir(suites.join(part))? {
                let file = file?;
                fs::copy(file.path(), folder.join(part).join(file.file_name()))?;
            }
        }
        let manifest = fs::read_to_string(suites.join("Cargo.toml"))?;
        let library = format!("path = {:?}", root.join("perfkit-core"));
        fs::write(
            folder.join("Cargo.toml"),
            manifest.replace("path = \"../..\"", &library),
        )?;
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        fs::write(folder.join("perfkit.toml"), RULES)?;
        fs::write(folder.join(".gitignore"), "target\n")?;
        let tree = Self {
            perfkit: root.join("target/release/perfkit"),
            folder,
        };
        tree.git(&["init", "--quiet"])?;
        tree.git(&["add", "--all"])?;
        let who = [
            "-c",
            "user.name=suites",
            "-c",
            "user.email=suites@localhost",
        ];
        tree.git(&[&who[..], &["commit", "--quiet", "--message", "Suites"]].concat())?;
        Ok(tree)
    }

    fn git(&self, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
        succeed(
            Command::new("git")
                .args(arguments)
                .current_dir(&self.folder),
        )
    }

    /// Another program than that of the base, with so many percent more work.
    fn write_library(&self, more: usize) -> Result<(), Box<dyn Error>> {
        let path = self.folder.join("src/lib.rs");
        let library = fs::read_to_string(&path)?;
        let library = library.split("\n#[used]").next().unwrap_or_default();
        let head = library
            .split("pub const MORE_PERCENT")
            .next()
            .unwrap_or_default();
        let tail = library
            .split_once("= ")
            .and_then(|(_, tail)| tail.split_once(';'));
        let (_, tail) = tail.ok_or("suites/src/lib.rs has no constant")?;
        let other = "\n#[used]\nstatic OTHER: [u64; 3] = [1, 2, 3];\n";
        let library = format!("{head}pub const MORE_PERCENT: usize = {more};{tail}{other}");
        fs::write(&path, library)?;
        Ok(())
    }

    /// Gates of the tree against its base.
    fn gates(&self, count: usize) -> Result<BTreeMap<String, Tally>, Box<dyn Error>> {
        let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
        for _ in 0..count {
            let mut gate = Command::new(&self.perfkit);
            gate.args(["gate", "--base", "HEAD", "--quiet", "--format", "json"]);
            let output = gate.current_dir(&self.folder).output()?;
            let report = Report::from_json(output.stdout.as_slice()).map_err(|error| {
                let told = String::from_utf8_lossy(&output.stderr);
                format!("{error}: {told}")
            })?;
            for finding in report.gate.iter().flat_map(|gate| &gate.findings) {
                let name = finding.subject.rsplit('/').next().unwrap_or_default();
                let tally = tallies.entry(name.to_owned()).or_default();
                match finding.outcome {
                    GateOutcome::Fail => tally.failed += 1,
                    GateOutcome::Pass => tally.passed += 1,
                    _ => tally.undecided += 1,
                }
                if finding.outcome == GateOutcome::Fail {
                    println!("{name}: {}", finding.measured);
                }
            }
        }
        Ok(tallies)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn succeed(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let status = command.status()?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {status}").into())
}
