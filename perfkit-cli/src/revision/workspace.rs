//! The packages around a tree's folder, as cargo knows them, and which of their benches are
//! asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use wildmatch::WildMatch;

use crate::args::most_similar;
use crate::error::Error;
use crate::text::printable;

use super::cargo::cargo;
use super::tree::Tree;

/// Larger manifests are not looked into.
const LARGEST_MANIFEST_BYTES: u64 = 16 << 20;

/// How much is shown of what cargo says.
const LONGEST_COMPLAINT: usize = 4000;

/// How many names an error lists.
const MOST_NAMES: usize = 20;

/// Which benches are built, and with what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    pub(crate) packages: Packages,
    /// The names of bench targets, which may have `*`; all of the packages where there is
    /// none.
    pub(crate) targets: Vec<String>,
    /// Features, as cargo takes them.
    pub(crate) features: Vec<String>,
}

impl Selection {
    fn means(&self, target: &str) -> bool {
        let mut patterns = self.targets.iter().map(|name| WildMatch::new(name));
        self.targets.is_empty() || patterns.any(|pattern| pattern.matches(target))
    }
}

/// Which packages are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Packages {
    /// Those that cargo chooses where none is named.
    #[default]
    Default,
    /// All of the workspace.
    All,
    /// Each by its name, which may have `*`, its `name@version`, the path of its folder or
    /// its id.
    Named(Vec<String>),
}

/// What cargo says of the workspace around a folder.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    /// The folder of its Cargo.lock.
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target_directory: PathBuf,
    packages: Vec<Package>,
    #[serde(rename = "workspace_default_members", default)]
    default_members: Vec<String>,
}

/// A member of it.
#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) id: String,
    pub(super) name: String,
    version: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
    /// What each feature turns on.
    features: BTreeMap<String, Vec<String>>,
}

/// Something that cargo can build.
#[derive(Debug, Deserialize)]
pub(super) struct Target {
    pub(super) name: String,
    kind: Vec<String>,
    #[serde(rename = "required-features", default)]
    required_features: Vec<String>,
}

/// The benches of a workspace that are asked for.
#[derive(Debug)]
pub(super) struct Chosen<'a> {
    /// The packages that were chosen from, whether they have benches or not: together they
    /// decide which features what they depend on has.
    pub(super) packages: Vec<&'a Package>,
    pub(super) benches: Vec<(&'a Package, &'a Target)>,
    /// The names of those that are left out, and why.
    pub(super) left_out: Vec<(String, String)>,
}

impl Chosen<'_> {
    /// The package of a bench, if that is one of them.
    pub(super) fn package_of(&self, id: &str, target: &str) -> Option<&Package> {
        let mut benches = self.benches.iter();
        let found = benches.find(|(package, bench)| package.id == id && bench.name == target);
        found.map(|(package, _)| *package)
    }
}

impl Workspace {
    /// The workspace around a tree's folder; `None` where there is no package.
    pub(crate) fn of(tree: &Tree) -> Result<Option<Self>, Error> {
        if tree.manifest().is_none() {
            return Ok(None);
        }
        let output = cargo(tree, "metadata")
            .args(["--no-deps", "--format-version", "1"])
            .output()
            .map_err(|error| tree.cannot_be_built(&format!("cargo cannot be run: {error}")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said: String = said.trim().chars().take(LONGEST_COMPLAINT).collect();
            let lines = said
                .lines()
                .map(|line| format!("\n  | {}", printable(line)));
            let said: String = lines.collect();
            return Err(tree.cannot_be_built(&format!("cargo cannot read its packages{said}")));
        }
        let found = serde_json::from_slice(&output.stdout);
        found.map(Some).map_err(|error| {
            tree.cannot_be_built(&format!(
                "what cargo says of its packages is unknown: {error}"
            ))
        })
    }

    /// Whether a tree has all of it: its settings, and not its packages alone.
    pub(crate) fn is_part_of(&self, tree: &Tree) -> bool {
        match (self.root.canonicalize(), tree.top.canonicalize()) {
            (Ok(root), Ok(top)) => root.starts_with(top),
            _ => false,
        }
    }

    /// The same selection by the names of packages, by which another revision has them too.
    /// A bench that is asked for and cannot be built is an error.
    pub(crate) fn by_name(&self, tree: &Tree, selection: &Selection) -> Result<Selection, Error> {
        let mut by_name = selection.clone();
        if let Packages::Named(specifications) = &selection.packages {
            let mut names = Vec::new();
            for specification in specifications {
                let meant = self.meant(specification)?;
                names.extend(meant.into_iter().map(|package| package.name.clone()));
            }
            by_name.packages = Packages::Named(names);
        }
        let chosen = self.choose(tree, &by_name);
        let mut targets = selection.targets.iter();
        targets.try_for_each(|name| self.check_target(name, &chosen))?;
        Ok(by_name)
    }

    /// Refuses the name of a bench target that is not built.
    fn check_target(&self, name: &str, chosen: &Chosen<'_>) -> Result<(), Error> {
        let pattern = WildMatch::new(name);
        if chosen
            .benches
            .iter()
            .any(|(_, bench)| pattern.matches(&bench.name))
        {
            return Ok(());
        }
        let shown = printable(name);
        let error = |why: &str| Error::usage(format!("--bench-target {shown}: {why}"));
        let mut left_out = chosen.left_out.iter();
        if let Some((_, why)) = left_out.find(|(name, _)| pattern.matches(name)) {
            return Err(error(why));
        }
        let all = self.packages.iter().flat_map(|package| {
            let benches = package.targets.iter().filter(|target| target.is_bench());
            benches.map(move |bench| (&*bench.name, package))
        });
        if let Some((_, package)) = all.clone().find(|(name, _)| pattern.matches(name)) {
            let hint = format!("add --package {}", printable(&package.name));
            return Err(error("it is of a package that is not built").hint(hint));
        }
        let names = all.map(|(name, _)| name);
        let similar = most_similar(name, names.clone());
        Err(
            error("the workspace has no such bench").hint(match similar {
                Some(similar) => format!("did you mean {}?", printable(similar)),
                None => format!("it has {}", listed(names)),
            }),
        )
    }

    /// The packages that a text on the command line means.
    fn meant(&self, specification: &str) -> Result<Vec<&Package>, Error> {
        let pattern = WildMatch::new(specification);
        let is_named = |package: &&Package| {
            pattern.matches(&package.name)
                || package.id == specification
                || format!("{}@{}", package.name, package.version) == specification
        };
        let mut meant: Vec<_> = self.packages.iter().filter(is_named).collect();
        if meant.is_empty() {
            let path = Path::new(specification).canonicalize().ok();
            let is_at = |package: &&Package| {
                let manifest = package.manifest_path.canonicalize().ok();
                let folder = manifest.as_deref().and_then(Path::parent);
                path.is_some() && (folder == path.as_deref() || manifest == path)
            };
            meant.extend(self.packages.iter().filter(is_at));
        }
        if meant.is_empty() {
            return Err(self.unknown_package(specification));
        }
        Ok(meant)
    }

    fn unknown_package(&self, specification: &str) -> Error {
        let names = || self.packages.iter().map(|package| &*package.name);
        let shown = printable(specification);
        let error = Error::usage(format!(
            "--package {shown}: the workspace has no such package"
        ));
        error.hint(match most_similar(specification, names()) {
            Some(similar) => format!("did you mean {}?", printable(similar)),
            None => format!("it has {}", listed(names())),
        })
    }

    /// The benches that a selection [by name](Self::by_name) chooses.
    pub(super) fn choose(&self, tree: &Tree, selection: &Selection) -> Chosen<'_> {
        let mut chosen = Chosen {
            packages: self.chosen_packages(tree, &selection.packages),
            benches: Vec::new(),
            left_out: Vec::new(),
        };
        for &package in &chosen.packages {
            let own_harness = package.benches_with_own_harness();
            let enabled = package.enabled(&selection.features);
            for target in package.targets.iter().filter(|target| target.is_bench()) {
                if !selection.means(&target.name) {
                    continue;
                }
                let has_own = own_harness.as_ref();
                let why = if has_own.is_some_and(|names| !names.contains(&target.name)) {
                    "its harness is libtest's, and a bench of perfkit has harness = false".into()
                } else if let Some(lacking) = target.lacking(&enabled) {
                    format!("it needs --features {lacking}")
                } else {
                    chosen.benches.push((package, target));
                    continue;
                };
                chosen.left_out.push((target.name.clone(), why));
            }
        }
        chosen
    }

    /// The names of the benches that are compared where none is asked for.
    pub(crate) fn bench_names(&self, tree: &Tree) -> Vec<String> {
        let chosen = self.choose(tree, &Selection::default());
        let benches = chosen.benches.iter();
        benches.map(|(_, target)| target.name.clone()).collect()
    }

    fn chosen_packages(&self, tree: &Tree, packages: &Packages) -> Vec<&Package> {
        let is_meant = |package: &&Package| match packages {
            Packages::All => true,
            Packages::Named(names) => names.contains(&package.name),
            Packages::Default => self.is_default(tree, package),
        };
        self.packages.iter().filter(is_meant).collect()
    }

    /// Whether cargo chooses a package where none is named: the one around the folder, or in
    /// the folder of the whole workspace, its default members.
    fn is_default(&self, tree: &Tree, package: &Package) -> bool {
        let nearest = tree.manifest().and_then(|path| path.canonicalize().ok());
        let is_nearest = |path: &Path| path.canonicalize().ok() == nearest;
        match is_nearest(&self.root.join("Cargo.toml")) {
            true => self.default_members.contains(&package.id),
            false => is_nearest(&package.manifest_path),
        }
    }
}

impl Package {
    /// The benches whose manifest turns libtest's harness off; `None` where that cannot be
    /// told.
    fn benches_with_own_harness(&self) -> Option<BTreeSet<String>> {
        #[derive(Deserialize)]
        struct Manifest {
            #[serde(default)]
            bench: Vec<Bench>,
        }
        #[derive(Deserialize)]
        struct Bench {
            name: String,
            #[serde(default = "libtest")]
            harness: bool,
        }
        fn libtest() -> bool {
            true
        }
        let mut text = String::new();
        let file = File::open(&self.manifest_path).ok()?;
        file.take(LARGEST_MANIFEST_BYTES)
            .read_to_string(&mut text)
            .ok()?;
        let manifest: Manifest = toml::from_str(&text).ok()?;
        let own = manifest.bench.into_iter().filter(|bench| !bench.harness);
        Some(own.map(|bench| bench.name).collect())
    }

    /// The features that are on where some are asked for.
    fn enabled(&self, asked: &[String]) -> BTreeSet<&str> {
        let words = asked.iter().flat_map(|text| text.split([',', ' ']));
        let of_this = |word: &'_ str| match word.split_once('/') {
            None => Some(word.to_owned()),
            Some((package, feature)) => (package == self.name).then(|| feature.to_owned()),
        };
        let mut waiting: Vec<String> = words.filter_map(of_this).collect();
        waiting.push("default".to_owned());
        let mut enabled = BTreeSet::new();
        while let Some(name) = waiting.pop() {
            let Some((name, implied)) = self.features.get_key_value(&name) else {
                continue;
            };
            if enabled.insert(name.as_str()) {
                // `a/b` turns the optional dependency `a` on, and `a?/b` does not.
                let first = implied.iter().filter_map(|text| text.split('/').next());
                waiting.extend(first.filter(|text| !text.ends_with('?')).map(str::to_owned));
            }
        }
        enabled
    }
}

impl Target {
    fn is_bench(&self) -> bool {
        self.kind == ["bench"]
    }

    /// A feature without which it is not built.
    fn lacking(&self, enabled: &BTreeSet<&str>) -> Option<&str> {
        let mut required = self.required_features.iter().map(String::as_str);
        required.find(|feature| !feature.contains('/') && !enabled.contains(feature))
    }
}

/// Some names, for an error.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(printable).collect();
    match names.len().checked_sub(MOST_NAMES) {
        None | Some(0) => names.join(", "),
        Some(further) => format!("{}, and {further} more", names[..MOST_NAMES].join(", ")),
    }
}
