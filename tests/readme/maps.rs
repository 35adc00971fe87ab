//! The pages lead where they say: links, paths, the floor plan, and tables of options,
//! keys, flags and exit codes, which are held against the source.

use pulldown_cmark::{Event, Options, Parser};

use super::page::{Page, all_pages};
use crate::support::{Folder, workspace};

/// The longest that the README may be, in lines: it is read in one go.
const LONGEST_README: usize = 160;

#[test]
fn links_lead_somewhere() {
    for page in all_pages() {
        let folder = workspace().join(&page.path);
        let folder = folder.parent().unwrap();
        for link in page.links() {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => workspace().join(&page.path),
                file => folder.join(file),
            };
            let place = format!("{}: {link}", page.path.display());
            assert!(target.exists(), "{place}");
            if !anchor.is_empty() {
                let target = target.canonicalize().unwrap();
                let target = target.strip_prefix(workspace().canonicalize().unwrap());
                let anchors = Page::read(target.unwrap().to_str().unwrap()).anchors();
                assert!(anchors.contains(anchor), "{place}: {anchors:?}");
            }
        }
    }
}

/// A map that names files which are no more leads nowhere.
#[test]
fn paths_in_the_text_are_there() {
    let roots = [
        "perfkit-core/",
        "perfkit-cli/",
        "perfkit-macros/",
        "tests/",
        "docs/",
        "examples/",
        "fuzz/",
        ".ci/",
        "ci/",
        ".github/actions/",
    ];
    let (mut count, mut gone) = (0, Vec::new());
    for page in all_pages() {
        for event in Parser::new_ext(&page.text, Options::ENABLE_TABLES) {
            let Event::Code(code) = event else { continue };
            if roots.iter().any(|root| code.starts_with(root)) && !code.contains(['*', ' ', '<']) {
                let path = workspace().join(code.trim_end_matches('/'));
                if !path.exists() {
                    gone.push(format!("{}: {code}", page.path.display()));
                }
                count += 1;
            }
        }
    }
    assert!(gone.is_empty(), "there is no {gone:#?}");
    assert!(count >= 40, "only {count} paths were found");
}

/// The floor plan has a row for each module, in the order of `lib.rs`.
#[test]
fn the_floor_plan_is_that_of_the_code() {
    let plan = Page::read("ARCHITECTURE.md").text;
    for package in ["perfkit-core", "perfkit-cli"] {
        let root = workspace().join(package).join("src/lib.rs");
        let root = std::fs::read_to_string(root).unwrap();
        let module = |line: &str| {
            let line = line.strip_prefix("pub ").unwrap_or(line);
            Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned())
        };
        let heading = format!("### `{package}/src/`");
        let mut rest = plan.split_once(&heading).expect(&heading).1;
        for name in root.lines().filter_map(module) {
            let is_named = |row: &&str| row.contains(&format!("`{name}"));
            let row = rest.lines().find(is_named);
            let row = row.unwrap_or_else(|| panic!("{heading} has no {name} in its place"));
            rest = &rest[rest.find(row).unwrap()..];
        }
    }
}

#[test]
fn the_readme_is_short() {
    let lines = Page::read("README.md").text.lines().count();
    assert!(lines <= LONGEST_README, "it has {lines} lines");
}

#[test]
fn options_keys_and_exit_codes_are_the_real_ones() {
    let source = |path: &str| std::fs::read_to_string(workspace().join(path)).unwrap();
    let recording = Page::read("docs/recording.md").text;
    let macros = source("perfkit-macros/src/arguments.rs");
    for option in macros.lines().filter_map(|line| {
        let (option, _) = line.trim().strip_prefix('"')?.split_once("\" => self.")?;
        Some(option)
    }) {
        assert!(recording.contains(&format!("| `{option}")), "{option}");
    }
    let reference = Page::read("docs/perfkit-toml.md").text;
    let keys = source("perfkit-cli/src/input/config/raw.rs");
    let key = |line: &str| {
        let (key, rest) = line.trim().strip_prefix("pub(super) ")?.split_once(": ")?;
        rest.starts_with("Option<").then(|| key.to_owned())
    };
    let keys: Vec<String> = keys.lines().filter_map(key).collect();
    assert!(keys.len() >= 20, "{keys:?}");
    for key in keys {
        assert!(reference.contains(&format!("`{key}`")), "{key}");
    }
    let gate = Page::read("docs/gate.md").text;
    let exits = source("perfkit-cli/src/exit.rs");
    for code in exits.lines().filter_map(|line| {
        let (_, code) = line.trim().strip_prefix("Self::")?.split_once(" => ")?;
        code.strip_suffix(',')?.parse::<u8>().ok()
    }) {
        let is_told = gate.contains(&format!("\n| {code} |")) || gate.contains(", 143 |");
        assert!(is_told, "{code} is not in docs/gate.md");
    }
}

#[test]
fn flags_and_targets_of_the_tables_are_the_real_ones() {
    let folder = Folder::new();
    let help = folder.run(["compare", "--help"]).exits_with(0).stdout;
    let hyperfine = Page::read("docs/coming-from-hyperfine.md").text;
    let rows = hyperfine.lines().filter(|line| line.starts_with("| `"));
    let mut count = 0;
    for row in rows {
        let (theirs, ours) = row.split_once(" | ").unwrap();
        // What is the same has the same name.
        let both = format!(
            "{ours} {}",
            if ours.contains("the same") {
                theirs
            } else {
                ""
            }
        );
        for word in both.split(|c: char| !(c.is_alphanumeric() || c == '-')) {
            if word.starts_with("--") && !word.ends_with('-') {
                assert!(help.contains(word), "{word}: {row}");
                count += 1;
            }
        }
    }
    assert!(count >= 20, "only {count} flags were found");
    let help = folder.run(["export", "--help"]).exits_with(0).stdout;
    let exports = Page::read("docs/export.md").text;
    let targets = help.lines().filter_map(|line| {
        let (target, _) = line.trim().strip_prefix("- ")?.split_once(':')?;
        Some(target)
    });
    let targets: Vec<&str> = targets.collect();
    assert!(targets.len() >= 11, "{help}");
    for target in targets {
        assert!(exports.contains(&format!("`{target}`")), "{target}");
    }
}

/// The README installs what a build without some feature says to install.
#[test]
fn the_readme_installs_all_of_it() {
    let arguments = workspace().join("perfkit-cli/src/args/mod.rs");
    let arguments = std::fs::read_to_string(arguments).unwrap();
    let (_, rest) = arguments.split_once("\"cargo install ").unwrap();
    let (full, _) = rest.split_once('"').unwrap();
    let words = Page::read("README.md").text;
    let words: Vec<&str> = words.split_whitespace().collect();
    let install = format!("`cargo install {full}`");
    assert!(words.join(" ").contains(&install), "{install}");
}

/// The verbs of the history.
const HISTORY: [&str; 9] = [
    "check", "record", "list", "show", "export", "prune", "push", "fetch", "index",
];

/// Every flag that stands alone in the text is one of perfkit's, or of its benchmark
/// programs. The pages on other tools name those of others too.
#[test]
fn flags_in_the_text_are_known() {
    let folder = Folder::new();
    let verbs = [
        "compare", "run", "report", "gate", "export", "doctor", "init", "watch", "load", "merge",
    ];
    let help = verbs.map(|verb| folder.run([verb, "--help"]).exits_with(0).stdout);
    let programs = workspace().join("perfkit-core/src/bench/harness/arguments.rs");
    let of_history = HISTORY.map(|verb| folder.run(["history", verb, "--help"]));
    let of_history = of_history.map(|answer| answer.exits_with(0).stdout);
    let known = help.concat() + &of_history.concat() + &std::fs::read_to_string(programs).unwrap();
    let mut count = 0;
    for page in all_pages() {
        let name = page.path.to_str().unwrap();
        if name.contains("coming-from") || name.contains("import") {
            continue;
        }
        for event in Parser::new_ext(&page.text, Options::ENABLE_TABLES) {
            let Event::Code(code) = event else { continue };
            let flag = code.split([' ', '=']).next().unwrap();
            let is_of_readme_table = page.path.ends_with("README.md")
                && ["--reference", "--show-output"].contains(&flag);
            if flag.starts_with("--") && !is_of_readme_table {
                let path = page.path.display();
                assert!(known.contains(flag), "{path}: nothing knows {flag}");
                count += 1;
            }
        }
    }
    assert!(count >= 20, "only {count} flags were found");
}

/// And every flag that there is has a place in a page.
#[test]
fn every_flag_is_in_its_page() {
    let folder = Folder::new();
    let help = |verb: &str| folder.run([verb, "--help"]).exits_with(0).stdout;
    let programs = workspace().join("perfkit-core/src/bench/harness/arguments.rs");
    let programs = std::fs::read_to_string(programs).unwrap();
    let (_, programs) = programs.split_once("HELP: &str").unwrap();
    let (programs, _) = programs.split_once("\";\n").unwrap();
    let reports = Page::read("docs/reports.md").text;
    let mut missing = Vec::new();
    let of_history = HISTORY.map(|verb| folder.run(["history", verb, "--help"]));
    let of_history = of_history.map(|answer| answer.exits_with(0).stdout);
    for (page, help) in [
        ("docs/compare.md", help("compare")),
        ("docs/gate.md", help("gate")),
        ("docs/export.md", help("export")),
        ("docs/doctor.md", help("doctor")),
        ("docs/history.md", of_history.concat()),
        ("docs/watch.md", help("watch")),
        ("docs/load.md", help("load") + &help("merge")),
        ("docs/perfkit-toml.md", help("init")),
        ("docs/benchmarks.md", programs.to_owned()),
    ] {
        let text = Page::read(page).text + &reports;
        let lines = help.lines().map(str::trim_start);
        for line in lines.filter(|line| line.starts_with('-')) {
            let Some((_, rest)) = line.split_once("--") else {
                continue;
            };
            let flag = format!("--{}", rest.split([' ', '<', '[']).next().unwrap());
            if flag != "--help" && !text.contains(&flag) {
                missing.push(format!("{page}: {flag}"));
            }
        }
    }
    assert!(missing.is_empty(), "not told: {missing:#?}");
}
