//! The house rules, executed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "tidy/files.rs"]
mod files;
mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use files::Files;
use support::{Folder, workspace};

/// A source file and its code: without comments and without its tests.
struct Source {
    path: PathBuf,
    text: String,
    code: String,
}

fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![workspace().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = code(&text);
                found.push(Source { path, text, code });
            }
        }
    }
    assert!(!found.is_empty());
    found
}

fn code(text: &str) -> String {
    let without_tests = text.split("#[cfg(test)]").next().unwrap();
    let without_tests = without_tests.split("#[cfg(all(test").next().unwrap();
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    without_tests
        .lines()
        .filter(is_code)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The top-level modules of a crate, in the order in which they stand.
fn modules(package: &str) -> Vec<String> {
    let root = workspace().join(package).join("src/lib.rs");
    let root = std::fs::read_to_string(root).unwrap();
    let name = |line: &str| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned())
    };
    root.lines().filter_map(name).collect()
}

/// The module that a file belongs to.
fn module_of(source: &Source, package: &str) -> String {
    let path = source
        .path
        .strip_prefix(workspace().join(package).join("src"))
        .unwrap();
    let first = path
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_str()
        .unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The first parts of all paths that begin with `crate::`.
fn used_modules(code: &str) -> BTreeSet<String> {
    let identifier = |text: &str| {
        let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        text[..end.unwrap_or(text.len())].to_owned()
    };
    let mut used = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            None => drop(used.insert(identifier(rest))),
            Some(group) => {
                let mut depth = 0;
                let mut start = 0;
                for (at, character) in group.char_indices() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => {
                            used.insert(identifier(group[start..at].trim()));
                            break;
                        }
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            used.insert(identifier(group[start..at].trim()));
                            start = at + 1;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    used.remove("");
    used
}

#[test]
fn data_flows_one_way() {
    for package in ["perfkit-core", "perfkit-cli", "perfkit-macros"] {
        let order = modules(package);
        let position = |name: &str| order.iter().position(|module| module == name);
        let all = sources(&format!("{package}/src"));
        for source in &all {
            let module = module_of(source, package);
            let Some(own) = position(&module) else {
                continue;
            };
            // Exported macros lie at the top, wherever they are defined.
            for used in used_modules(&source.code) {
                if all
                    .iter()
                    .any(|other| other.code.contains(&format!("macro_rules! {used} ")))
                {
                    continue;
                }
                let Some(other) = position(&used) else {
                    panic!(
                        "{} uses crate::{used}, which is no module",
                        source.path.display()
                    );
                };
                assert!(
                    other <= own,
                    "{} uses crate::{used}, which comes after {module}",
                    source.path.display()
                );
            }
        }
    }
}

#[test]
fn no_circle_between_files() {
    let mut found = Vec::new();
    for package in ["perfkit-core", "perfkit-cli", "perfkit-macros"] {
        let folder = workspace().join(package).join("src");
        let files = Files::read(&folder.join("lib.rs"));
        let name = |path: &&Path| path.strip_prefix(&folder).unwrap().display().to_string();
        for circle in files::circles(&files.uses()) {
            found.push(circle.iter().map(name).collect::<Vec<_>>());
        }
    }
    assert!(
        found.is_empty(),
        "these files use each other, directly or by way of others; move what several \
         of them need to a file that uses none of them: {found:#?}"
    );
}

/// Re-exports are followed to the file of the definition, and are no uses.
#[test]
fn the_reader_of_files_finds_circles_and_no_others() {
    let folder = Folder::new();
    let write = |path: &str, text: &str| {
        let path = folder.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("lib.rs", "mod a; mod b; #[cfg(test)] mod absent;");
    write(
        "a/mod.rs",
        "mod x; mod y; mod z; pub use x::X; pub(crate) use y::f;",
    );
    write("a/x.rs", "use super::f; pub struct X; fn g() { f() }");
    write(
        "a/y.rs",
        "pub fn f() { println!(\"{}\", super::z::NUMBER) }",
    );
    write(
        "a/z.rs",
        "pub const NUMBER: u32 = { crate::a::X; 1 }; #[cfg(test)] mod t { use crate::b; }",
    );
    write("b.rs", "use crate::a::{self, X}; fn h() { a::f(); }");
    let files = Files::read(&folder.path("lib.rs"));
    let uses = files.uses();
    let circles = files::circles(&uses);
    let of_a = ["a/x.rs", "a/y.rs", "a/z.rs"].map(|path| folder.path(path));
    let of_a: BTreeSet<&Path> = of_a.iter().map(PathBuf::as_path).collect();
    assert_eq!(circles, [of_a]);
    let used_by_b: Vec<_> = uses[folder.path("b.rs").as_path()].iter().collect();
    assert_eq!(used_by_b, [&folder.path("a/x.rs"), &folder.path("a/y.rs")]);
}

#[test]
fn the_parser_of_this_test_sees_what_is_used() {
    let used = used_modules("use crate::{a::{x, y}, b};\ncrate::c::d(); use crate::e::F;");
    assert_eq!(used.into_iter().collect::<Vec<_>>(), ["a", "b", "c", "e"]);
}

#[test]
fn standard_streams_are_touched_in_one_place_of_each_crate() {
    let allowed = [
        "perfkit-core/src/bench/harness/stream.rs",
        "perfkit-core/src/global/output.rs",
        "perfkit-cli/src/terminal/mod.rs",
    ];
    for package in ["perfkit-core/src", "perfkit-cli/src", "perfkit-macros/src"] {
        for source in sources(package) {
            let is_allowed = allowed.iter().any(|path| source.path.ends_with(path));
            for touch in ["println!", "eprint", "io::stdout", "io::stderr", "print!("] {
                assert!(
                    is_allowed || !source.code.contains(touch),
                    "{} has {touch}",
                    source.path.display()
                );
            }
        }
    }
}

#[test]
fn unsafe_code_is_rare_and_explained() {
    let allowed = [
        "perfkit-core/src/alloc.rs",
        "perfkit-core/src/clock/thread_cpu.rs",
        "perfkit-core/src/clock/tsc.rs",
        "perfkit-core/src/export/prometheus/readiness.rs",
        "perfkit-core/src/global/exit.rs",
        "perfkit-core/src/global/signals.rs",
        "perfkit-core/src/process/child.rs",
        "perfkit-core/src/process/counter.rs",
        "perfkit-core/src/process/heap.rs",
        "perfkit-core/src/process/layout.rs",
        "perfkit-core/src/process/peer.rs",
        "perfkit-core/src/process/rights.rs",
        "perfkit-core/src/process/spawner/program/main.rs",
        "perfkit-core/src/process/spawner/program/memory.rs",
        "perfkit-core/src/process/spawner/program/system.rs",
        "perfkit-core/src/process/thread.rs",
        "perfkit-core/src/recorder/fork.rs",
    ];
    for package in [
        "perfkit-core/src",
        "perfkit-cli/src",
        "perfkit-macros/src",
        "examples",
    ] {
        for source in sources(package) {
            let lines: Vec<&str> = source.text.lines().collect();
            for (number, line) in lines.iter().enumerate() {
                let is_unsafe = line.contains("unsafe {") || line.contains("unsafe impl");
                if !is_unsafe || line.trim_start().starts_with("//") {
                    continue;
                }
                let place = format!("{}:{}", source.path.display(), number + 1);
                assert!(
                    allowed.iter().any(|path| source.path.ends_with(path)),
                    "{place}"
                );
                let before = &lines[number.saturating_sub(5)..number];
                assert!(
                    before
                        .iter()
                        .any(|line| line.trim_start().starts_with("// SAFETY: ")),
                    "{place} has no SAFETY comment"
                );
            }
        }
    }
}

#[test]
fn files_and_functions_fit() {
    const LONGEST_FILE: usize = 500;
    const LONGEST_FUNCTION: usize = 75;
    for package in [
        "perfkit-core/src",
        "perfkit-cli/src",
        "perfkit-macros/src",
        "examples/patterns/src",
    ] {
        for source in sources(package) {
            let lines: Vec<&str> = source.code.lines().collect();
            let path = source.path.display();
            assert!(
                lines.len() <= LONGEST_FILE,
                "{path} has {} lines of code",
                lines.len()
            );
            let mut start = None;
            for (number, line) in lines.iter().enumerate() {
                let indent = line.len() - line.trim_start().len();
                let begins = line.trim_start().split("fn ").next().is_some_and(|before| {
                    line.contains("fn ")
                        && before.split(' ').all(|word| {
                            [
                                "",
                                "pub",
                                "pub(crate)",
                                "pub(super)",
                                "const",
                                "async",
                                "unsafe",
                            ]
                            .contains(&word)
                        })
                });
                if begins {
                    start = Some((number, indent));
                }
                if let Some((first, at)) = start
                    && *line == format!("{}}}", " ".repeat(at))
                {
                    let length = number - first + 1;
                    assert!(
                        length <= LONGEST_FUNCTION,
                        "{path}: {} has {length} lines",
                        lines[first].trim()
                    );
                    start = None;
                }
            }
        }
    }
}

/// A name, a note's code and a message are for people: what results depend on stands in
/// fields of its own. Earlier reports are brought to that in one place.
#[test]
fn nothing_branches_on_what_is_for_people() {
    let upgrade = "perfkit-core/src/report/upgrade.rs";
    for package in ["perfkit-core/src", "perfkit-cli/src"] {
        for source in sources(package) {
            if source.path.ends_with(upgrade) {
                continue;
            }
            let code: String = source.code.split_whitespace().collect();
            for branch in [
                "matchnote.code",
                ".code==",
                ".code!=",
                "==NoteCode::",
                "!=NoteCode::",
                "NoteCode::Other=>",
                ".message.starts_with",
                ".message.ends_with",
                ".message.contains",
                "reason.starts_with",
                "reason.contains",
                "name.ends_with(\"",
                "name.strip_suffix(\"(",
            ] {
                assert!(
                    !code.contains(branch),
                    "{} has {branch}",
                    source.path.display()
                );
            }
        }
    }
}

#[test]
fn nothing_is_left_to_do() {
    let folders = ["perfkit-core", "perfkit-cli", "perfkit-macros", "examples"];
    for folder in folders {
        for source in sources(folder) {
            for mark in ["TODO", "FIXME", "XXX", "dbg!", "unimplemented!", "todo!"] {
                assert!(
                    !source.text.contains(mark),
                    "{} has {mark}",
                    source.path.display()
                );
            }
        }
    }
}

fn manifest(package: &str) -> String {
    std::fs::read_to_string(workspace().join(package).join("Cargo.toml")).unwrap()
}

#[test]
fn versions_and_lints_agree() {
    let root = manifest(".");
    let version = env!("CARGO_PKG_VERSION");
    assert!(root.contains(&format!("\nversion = \"{version}\"")));
    for line in root
        .lines()
        .filter(|line| line.contains("path = \"perfkit-"))
    {
        assert!(line.contains(&format!("{version}\"")), "{line}");
    }
    for package in ["perfkit-core", "perfkit-cli", "perfkit-macros"] {
        let manifest = manifest(package);
        assert!(manifest.contains("version.workspace = true"), "{package}");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{package}");
    }
    let schema = workspace().join("perfkit-core/schema/perfkit-2.schema.json");
    let schema = std::fs::read_to_string(schema).unwrap();
    assert!(schema.contains(&format!("\"const\": \"{}\"", perfkit::report::SCHEMA)));
}

#[test]
fn every_shared_dependency_is_used() {
    let root = manifest(".");
    let section = root.split("[workspace.dependencies]").nth(1).unwrap();
    let section = section.split("\n[").next().unwrap();
    let names = section
        .lines()
        .filter_map(|line| line.split_once(" = ").map(|(name, _)| name));
    let packages = [
        "perfkit-core",
        "perfkit-cli",
        "perfkit-macros",
        "perfkit-macros/tests",
        "examples",
        "examples/patterns",
    ]
    .map(manifest)
    .concat();
    for name in names.filter(|name| !name.starts_with('#')) {
        assert!(
            packages.contains(&format!("\n{name}.workspace = true"))
                || packages.contains(&format!("\n{name} = {{ workspace = true")),
            "{name} is used by no package"
        );
    }
}

#[test]
fn the_library_alone_is_small() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "tree",
            "-p",
            "perfkit-core",
            "-e",
            "normal,build",
            "--prefix",
            "none",
        ])
        .args(["--locked", "--offline", "--format", "{p}"])
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let name = |line: &str| {
        line.split_whitespace()
            .take(2)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let crates: BTreeSet<String> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(name)
        .collect();
    assert!(
        crates.len() > 5 && crates.len() <= 30,
        "{} crates: {crates:#?}",
        crates.len()
    );
    assert!(
        !crates.iter().any(|name| name.contains("-sys ")),
        "{crates:#?}"
    );
}

#[test]
fn every_lesson_says_how_to_run_it() {
    let manifest = manifest("examples");
    let lessons: Vec<_> = sources("examples")
        .into_iter()
        .filter(|source| source.path.file_name() != Path::new("lib.rs").file_name())
        // The gallery has rules of its own, which its tests execute.
        .filter(|source| {
            !source
                .path
                .starts_with(workspace().join("examples/patterns"))
        })
        .collect();
    assert!(lessons.len() >= 7);
    for lesson in lessons {
        let name = lesson
            .path
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        assert!(
            lesson.text.contains(&format!("--example {name}`"))
                || lesson.text.contains(&format!("--bench {name}`")),
            "{name} does not say it"
        );
        assert!(lesson.text.starts_with("//! Lesson "), "{name}");
    }
}
