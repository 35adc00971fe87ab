//! Bench programs, built by cargo.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::args::Verbosity;
use crate::error::Error;

use super::alignment::Alignment;
use super::cargo::cargo;
use super::dependencies::Dependencies;
use super::lock_file::with_dependents;
use super::surroundings::cargo_home;
use super::tree::Tree;
use super::workspace::{Chosen, Selection, Workspace};

/// The bench programs of a tree.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) programs: Vec<BenchProgram>,
    /// The benches that were not built, and why.
    pub(crate) left_out: Vec<(String, String)>,
    /// Where cargo built them.
    pub(crate) target: PathBuf,
    /// What they depend on, outside of the tree.
    pub(crate) dependencies: Dependencies,
}

/// A program that cargo built for a bench target.
#[derive(Clone, Debug)]
pub(crate) struct BenchProgram {
    /// The name of the target.
    pub(crate) target: String,
    pub(crate) executable: PathBuf,
    /// The name of its package.
    pub(crate) package_name: String,
    /// The folder of its package, where cargo would run it.
    pub(crate) package: PathBuf,
}

/// One message of cargo's, as far as it is of interest.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    package_id: String,
    #[serde(default)]
    target: Option<CargoTarget>,
    #[serde(default)]
    executable: Option<PathBuf>,
    #[serde(default)]
    manifest_path: Option<PathBuf>,
    /// The files of an artifact.
    #[serde(default)]
    filenames: Vec<PathBuf>,
    /// Where a build script wrote to.
    #[serde(default)]
    out_dir: Option<PathBuf>,
}

impl Message {
    /// Whether it is of a package below the top of a tree. What cargo downloaded or checked out
    /// is of none, wherever that is kept.
    fn is_within(&self, top: &Path, cargo_home: Option<&Path>) -> bool {
        let is_below = |folder: &Path| {
            let manifest = self.manifest_path.as_deref();
            manifest.is_some_and(|path| path.starts_with(folder))
        };
        let is_kept = |home: &Path| {
            let folders = ["registry", "git/checkouts"];
            folders.iter().any(|folder| is_below(&home.join(folder)))
        };
        is_below(top) && !cargo_home.is_some_and(is_kept)
    }
}

#[derive(Deserialize)]
struct CargoTarget {
    name: String,
    kind: Vec<String>,
}

/// Builds the bench programs of a tree that a selection by the names of packages asks for.
/// What is lent is not built again.
pub(crate) fn build_benches(
    tree: &Tree,
    workspace: &Workspace,
    selection: &Selection,
    lent: &Dependencies,
    verbosity: Verbosity,
) -> Result<Built, Error> {
    let build = Build::of(tree, workspace)?;
    let chosen = workspace.choose(tree, selection);
    let messages = match chosen.benches.is_empty() {
        true => Vec::new(),
        false => {
            lent.lend(&build.target);
            run(build.command(tree, &chosen, selection, verbosity), tree)?
        }
    };
    Ok(Built {
        dependencies: dependencies(&messages, tree, workspace, &build.target),
        programs: programs(messages, &chosen),
        left_out: chosen.left_out,
        target: build.target,
    })
}

/// How the programs of a tree are built.
struct Build {
    alignment: Alignment,
    target: PathBuf,
    /// Whether it is as in `cargo bench`, with which it then shares what is built.
    is_as_usual: bool,
}

impl Build {
    fn of(tree: &Tree, workspace: &Workspace) -> Result<Self, Error> {
        let alignment = Alignment::of(tree)?;
        let is_as_usual = alignment == Alignment::Configured;
        let folder = &workspace.target_directory;
        Ok(Self {
            target: match (&tree.target, is_as_usual) {
                (Some(target), _) => target.clone(),
                (None, true) => folder.clone(),
                (None, false) => folder.join("perfkit/build"),
            },
            alignment,
            is_as_usual,
        })
    }

    /// What builds the chosen benches, and no others.
    fn command(
        &self,
        tree: &Tree,
        chosen: &Chosen<'_>,
        selection: &Selection,
        verbosity: Verbosity,
    ) -> Command {
        let mut command = cargo(tree, "bench");
        command
            .arg("--no-run")
            .arg("--message-format=json-render-diagnostics")
            .arg("--target-dir")
            .arg(&self.target)
            .stdout(Stdio::piped());
        if !self.is_as_usual {
            command.args(["--config", "profile.bench.debug=false"]);
        }
        if !self.is_as_usual || tree.target.is_some() {
            // Whatever is configured, the programs of both trees lie apart.
            command.env("CARGO_BUILD_BUILD_DIR", &self.target);
        }
        for package in &chosen.packages {
            command.args(["--package", &package.id]);
        }
        for (_, bench) in &chosen.benches {
            command.args(["--bench", &bench.name]);
        }
        for features in &selection.features {
            command.args(["--features", features]);
        }
        if verbosity == Verbosity::Quiet {
            command.arg("--quiet");
        }
        self.alignment.tell(&mut command);
        command
    }
}

/// Everything that cargo tells of a build.
fn run(mut command: Command, tree: &Tree) -> Result<Vec<Message>, Error> {
    let mut child = command
        .spawn()
        .map_err(|error| tree.cannot_be_built(&format!("cargo cannot be run: {error}")))?;
    let output = child.stdout.take();
    let messages = output.map_or_else(Vec::new, |output| read(BufReader::new(output)));
    let status = child.wait();
    let status = status.map_err(|error| tree.cannot_be_built(&error.to_string()))?;
    match status.success() {
        true => Ok(messages),
        false => Err(tree.cannot_be_built("cargo says why above")),
    }
}

fn read(output: impl BufRead) -> Vec<Message> {
    let lines = output.lines().map_while(Result::ok);
    let messages = lines.filter_map(|line| serde_json::from_str(&line).ok());
    messages.collect()
}

/// What was built of packages that are no part of a tree, and depend on none that is.
fn dependencies(
    messages: &[Message],
    tree: &Tree,
    workspace: &Workspace,
    target: &Path,
) -> Dependencies {
    let mut dependencies = Dependencies::of(target);
    let of_packages = || {
        messages
            .iter()
            .filter(|message| message.manifest_path.is_some())
    };
    let home = cargo_home();
    let of_tree = of_packages().filter(|message| message.is_within(&tree.top, home.as_deref()));
    let of_tree = of_tree.map(|message| package_name(&message.package_id).to_owned());
    let Some(not_lent) = with_dependents(workspace, of_tree.collect()) else {
        return dependencies;
    };
    // Cargo tells packages of one workspace apart by where they lie within it.
    if !workspace.is_part_of(tree) {
        return dependencies;
    }
    let lent = of_packages().map(|message| message.package_id.as_str());
    let lent: BTreeSet<&str> = lent
        .filter(|id| !not_lent.contains(package_name(id)))
        .collect();
    let is_lent = |message: &&Message| lent.contains(message.package_id.as_str());
    for message in messages.iter().filter(is_lent) {
        let paths = message.filenames.iter().chain(&message.out_dir);
        paths.for_each(|path| dependencies.add(path));
    }
    dependencies
}

/// The name in a package's id: `SOURCE#NAME@VERSION`, or `PATH#VERSION`, where it is the last
/// part of the path.
fn package_name(id: &str) -> &str {
    let (source, rest) = id.rsplit_once('#').unwrap_or((id, ""));
    match rest.split_once('@') {
        Some((name, _)) => name,
        None => source.rsplit('/').next().unwrap_or(source),
    }
}

/// The programs of the chosen benches, among all that cargo tells.
fn programs(messages: Vec<Message>, chosen: &Chosen<'_>) -> Vec<BenchProgram> {
    let program = |message: Message| {
        let target = message.target?;
        let is_bench = message.reason == "compiler-artifact" && target.kind == ["bench"];
        is_bench.then_some(())?;
        let package = chosen.package_of(&message.package_id, &target.name)?;
        Some(BenchProgram {
            package_name: package.name.clone(),
            target: target.name,
            executable: message.executable?,
            package: message.manifest_path?.parent()?.to_owned(),
        })
    };
    let mut programs: Vec<_> = messages.into_iter().filter_map(program).collect();
    programs.sort_by(|a, b| (&a.package, &a.target).cmp(&(&b.package, &b.target)));
    programs
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use perfkit::report::Side;

    use super::super::surroundings::Surroundings;
    use super::super::workspace::Packages;
    use super::*;

    #[test]
    fn bench_programs_are_found_among_cargos_messages() {
        let metadata = r#"{"workspace_root":"/x","target_directory":"/t","packages":[{
            "id":"x","name":"x","version":"1.0.0","manifest_path":"/x/Cargo.toml","features":{},
            "targets":[{"name":"sum","kind":["bench"]},{"name":"other","kind":["bench"]}]}]}"#;
        let workspace: Workspace = serde_json::from_str(metadata).unwrap();
        let selection = Selection {
            packages: Packages::All,
            targets: vec!["s*".to_owned()],
            ..Selection::default()
        };
        let tree = Tree {
            directory: PathBuf::from("/x"),
            top: PathBuf::from("/x"),
            target: None,
            label: String::new(),
            surroundings: Surroundings::default(),
            side: Side::Candidate,
        };
        let chosen = workspace.choose(&tree, &selection);
        let output = br#"{"reason":"compiler-artifact","package_id":"x","target":{"name":"a","kind":["lib"]},"executable":null,"manifest_path":"/x/Cargo.toml"}
not json
{"reason":"compiler-artifact","package_id":"x","target":{"name":"sum","kind":["bench"]},"executable":"/t/sum-1","manifest_path":"/x/Cargo.toml"}
{"reason":"compiler-artifact","package_id":"y","target":{"name":"sum","kind":["bench"]},"executable":"/t/sum-2","manifest_path":"/y/Cargo.toml"}
{"reason":"compiler-artifact","package_id":"x","target":{"name":"other","kind":["bench"]},"executable":"/t/other-1","manifest_path":"/x/Cargo.toml"}
{"reason":"build-finished","success":true}
"#;
        let found = programs(read(&output[..]), &chosen);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].target, "sum");
        assert_eq!(found[0].executable, Path::new("/t/sum-1"));
        assert_eq!(found[0].package, Path::new("/x"));
    }

    #[test]
    fn what_cargo_keeps_is_outside_of_a_tree_that_its_folder_is_in() {
        for (manifest, is_within) in [
            ("/x/Cargo.toml", true),
            ("/x/inner/git/checkouts/Cargo.toml", true),
            ("/x/.cargo/Cargo.toml", true),
            ("/x/.cargo/registry/src/index-1/a-1.0.0/Cargo.toml", false),
            ("/x/.cargo/git/checkouts/a-1/abc/Cargo.toml", false),
            ("/y/Cargo.toml", false),
        ] {
            let line = format!(r#"{{"reason":"compiler-artifact","manifest_path":"{manifest}"}}"#);
            let message = &read(line.as_bytes())[0];
            let found = message.is_within(Path::new("/x"), Some(Path::new("/x/.cargo")));
            assert_eq!(found, is_within, "{manifest}");
        }
    }

    #[test]
    fn names_of_packages_are_in_their_ids() {
        for (id, name) in [
            (
                "registry+https://github.com/rust-lang/crates.io-index#serde_json@1.0.0",
                "serde_json",
            ),
            ("path+file:///home/my%20things/it#0.1.0", "it"),
            ("path+file:///home/me/folder#name@0.1.0", "name"),
            ("git+https://example.invalid/it.git?rev=1#it@1.0.0", "it"),
        ] {
            assert_eq!(package_name(id), name);
        }
    }
}
