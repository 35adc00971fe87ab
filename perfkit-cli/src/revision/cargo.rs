//! Bench programs, built by cargo.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::args::Verbosity;
use crate::error::Error;
use crate::text::printable;

use super::Tree;

/// Functions begin at multiples of 64 bytes, so that the same code does not run
/// faster or slower for where it came to lie.
const ALIGNED: &str = "-Cllvm-args=-align-all-functions=6";

/// Which of a tree's benches are built, and with what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// The packages; those that cargo chooses where none is named.
    pub(crate) packages: Vec<String>,
    /// Features, as cargo takes them.
    pub(crate) features: Vec<String>,
}

impl Selection {
    pub(crate) fn new(packages: &[String], features: &[String]) -> Self {
        Self {
            packages: packages.to_vec(),
            features: features.to_vec(),
        }
    }
}

/// A program that cargo built for a bench target.
#[derive(Clone, Debug)]
pub(crate) struct BenchProgram {
    /// The name of the target.
    pub(crate) target: String,
    pub(crate) executable: PathBuf,
    /// The folder of its package, where cargo would run it.
    pub(crate) package: PathBuf,
}

/// One message of cargo's, as far as it is of interest.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    target: Option<CargoTarget>,
    #[serde(default)]
    executable: Option<PathBuf>,
    #[serde(default)]
    manifest_path: Option<PathBuf>,
}

#[derive(Deserialize)]
struct CargoTarget {
    name: String,
    kind: Vec<String>,
}

fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    command
}

/// Builds the bench programs of a tree.
pub(crate) fn build_benches(
    tree: &Tree,
    selection: &Selection,
    verbosity: Verbosity,
) -> Result<Vec<BenchProgram>, Error> {
    if metadata(&tree.directory).is_some_and(|found| !found.has_benches()) {
        return Ok(Vec::new());
    }
    let mut command = cargo();
    command
        .current_dir(&tree.directory)
        .args(["bench", "--no-run", "--bench", "*"])
        .arg("--message-format=json-render-diagnostics")
        .arg("--target-dir")
        .arg(&tree.target)
        .stdout(Stdio::piped());
    for package in &selection.packages {
        command.args(["--package", package]);
    }
    for features in &selection.features {
        command.args(["--features", features]);
    }
    if verbosity == Verbosity::Quiet {
        command.arg("--quiet");
    }
    align_functions(&mut command, std::env::var_os("RUSTFLAGS"));
    let cannot = |what: String| {
        Error::command_failed(format!(
            "the benches of {} cannot be built: {what}",
            printable(&tree.label)
        ))
    };
    let mut child = command
        .spawn()
        .map_err(|error| cannot(format!("cargo cannot be run: {error}")))?;
    let output = child.stdout.take();
    let programs = output.map_or_else(Vec::new, |output| programs(BufReader::new(output)));
    let status = child.wait().map_err(|error| cannot(error.to_string()))?;
    if !status.success() {
        return Err(cannot("cargo says why above".to_owned()));
    }
    Ok(programs)
}

/// Flags from the environment would hide those of the configuration, and so ours
/// go where the user's are.
fn align_functions(command: &mut Command, own: Option<OsString>) {
    match own {
        Some(mut flags) => {
            flags.push(" ");
            flags.push(ALIGNED);
            command.env("RUSTFLAGS", flags);
        }
        None => {
            command.arg("--config");
            command.arg(format!("build.rustflags=[\"{ALIGNED}\"]"));
        }
    }
}

fn programs(output: impl BufRead) -> Vec<BenchProgram> {
    let messages = output
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str::<Message>(&line).ok());
    let program = |message: Message| {
        let target = message.target?;
        let is_bench = message.reason == "compiler-artifact" && target.kind == ["bench"];
        is_bench.then_some(())?;
        Some(BenchProgram {
            target: target.name,
            executable: message.executable?,
            package: message.manifest_path?.parent()?.to_owned(),
        })
    };
    let mut programs: Vec<_> = messages.filter_map(program).collect();
    programs.sort_by(|a, b| (&a.package, &a.target).cmp(&(&b.package, &b.target)));
    programs
}

/// Cargo's target folder of the package around a directory; `None` where there is
/// no package.
pub(crate) fn target_folder(directory: &Path) -> Option<PathBuf> {
    let metadata = metadata(directory)?;
    let path: &OsStr = metadata.target_directory.as_os_str();
    (!path.is_empty()).then_some(metadata.target_directory)
}

/// What cargo says of the workspace around a directory.
#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    targets: Vec<CargoTarget>,
}

impl Metadata {
    /// Whether any package has a bench target, without which cargo refuses to build any.
    fn has_benches(&self) -> bool {
        let mut targets = self.packages.iter().flat_map(|package| &package.targets);
        targets.any(|target| target.kind == ["bench"])
    }
}

/// `None` where there is no package.
fn metadata(directory: &Path) -> Option<Metadata> {
    let output = cargo()
        .current_dir(directory)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    serde_json::from_slice(&output.stdout).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bench_programs_are_found_among_cargos_messages() {
        let output = br#"{"reason":"compiler-artifact","target":{"name":"a","kind":["lib"]},"executable":null,"manifest_path":"/x/Cargo.toml"}
not json
{"reason":"compiler-artifact","target":{"name":"sum","kind":["bench"]},"executable":"/t/sum-1","manifest_path":"/x/Cargo.toml"}
{"reason":"compiler-artifact","target":{"name":"x","kind":["lib"]},"executable":"/t/x-1","manifest_path":"/x/Cargo.toml"}
{"reason":"build-finished","success":true}
"#;
        let found = programs(&output[..]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].target, "sum");
        assert_eq!(found[0].executable, Path::new("/t/sum-1"));
        assert_eq!(found[0].package, Path::new("/x"));
    }

    #[test]
    fn flags_of_the_environment_are_kept() {
        let flags = |own: Option<&str>| {
            let mut command = Command::new("cargo");
            align_functions(&mut command, own.map(OsString::from));
            let set = command.get_envs().next().and_then(|(_, value)| value);
            (set.map(OsStr::to_owned), command.get_args().count())
        };
        let expected = OsString::from(format!("-C target-cpu=native {ALIGNED}"));
        assert_eq!(flags(Some("-C target-cpu=native")), (Some(expected), 0));
        assert_eq!(flags(None), (None, 2));
    }
}
