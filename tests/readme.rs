//! README and docs tell the truth. Each block of code in them is run: commands by the
//! real binary, here or in CI, Rust as documentation tests of the library,
//! configurations by the gate. A block that cannot be run is marked as such, and counted.
//!
//! | info string of a block | what becomes of it |
//! |---|---|
//! | `console` | each command is run in a folder that has what it speaks of |
//! | `console ci` | the command is in `.ci/run`, or is an example, which is run |
//! | `console ci unoptimised` | the command without `--release`, which builds it anew for figures, is in `.ci/run` |
//! | `console package` | the same is run, with other names, by `tests/benches.rs` or `tests/revisions/checkouts.rs` |
//! | `console watch` | the same is run, with other names, by `tests/watch/looks.rs` |
//! | `console history` | the same is run, with other names, by `tests/history/` |
//! | `console load` | the same is run, with other names, by `tests/load/` |
//! | `console views` | the same is run, with other names, by `tests/http_service.rs`, `tests/collector.rs`, `tests/watch/looks.rs` and, all at once, `tests/watch/four_views.rs` |
//! | `console elsewhere` | not run |
//! | `text plan` | a drawing |
//! | `text output` | what the command before it printed, once: its words are looked for |
//! | `rust`, `rust,no_run` | a documentation test: `perfkit-core/src/lib.rs` includes the page |
//! | `toml` | a `perfkit.toml`: the gate reads it |
//! | `toml cargo` | a part of a `Cargo.toml`: packages, features and versions exist |
//! | `sql duckdb` | `tests/history/databases.rs` runs it, where DuckDB can be had |
//! | `sql elsewhere` | not run |
//! | `json` | a report: it fits the published form and can be read |
//! | `yaml` | a CI job: its commands are understood |

mod maps;
mod page;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::{Answer, Folder, assert_fits_config_schema, example, workspace};
use page::{Page, all_pages, pages};
use perfkit::{MockClock, Monitor, Report};

/// How many commands of the docs nobody runs.
const NOT_RUN: usize = 0;

#[test]
fn every_block_is_of_a_kind_that_is_run_or_counted() {
    let kinds = [
        "console",
        "console ci",
        "console ci unoptimised",
        "console package",
        "console watch",
        "console history",
        "console load",
        "console views",
        "console elsewhere",
        "rust",
        "rust,no_run",
        "text output",
        "text plan",
        "json",
        "toml",
        "toml cargo",
        "sql duckdb",
        "sql elsewhere",
        "yaml",
    ];
    for page in all_pages() {
        for block in &page.blocks {
            let (path, info) = (page.path.display(), block.info.as_str());
            assert!(
                kinds.contains(&info),
                "{path}: nobody runs blocks of {info:?}"
            );
        }
    }
    let not_run = all_pages();
    let not_run = not_run
        .iter()
        .map(|p| p.commands("console elsewhere").len());
    assert_eq!(not_run.sum::<usize>(), NOT_RUN);
}

#[test]
fn commands_of_cargo_are_run_by_ci_or_are_examples() {
    let ci = std::fs::read_to_string(workspace().join(".ci/run")).unwrap();
    for page in all_pages() {
        for command in page.commands("console ci") {
            match command.strip_prefix("cargo run --example ") {
                Some(name) => drop(Answer::of(Command::new(example(name))).exits_with(0)),
                None => assert!(
                    ci.contains(&command) || workspace().join(&command).is_file(),
                    "{}: {command} is not in .ci/run",
                    page.path.display()
                ),
            }
        }
    }
    for page in all_pages() {
        for command in page.commands("console ci unoptimised") {
            let in_ci = command.replace(" --release", "");
            assert_ne!(in_ci, command, "of a kind of its own without need");
            let path = page.path.display();
            assert!(ci.contains(&in_ci), "{path}: {in_ci} is not in .ci/run");
        }
    }
    assert!(ci.contains("cargo install --path perfkit-cli"));
}

#[test]
fn every_other_command_works() {
    let collector = fake_collector();
    let mut known = BTreeSet::new();
    for page in pages() {
        let folder = prepare();
        for block in &page.blocks {
            match block.info.as_str() {
                // The gate's commands are for the rules that stand before them.
                "toml" => drop(folder.write("perfkit.toml", &block.text)),
                "console" => {
                    for command in page.commands_of(block) {
                        let is_of_the_gate = command.starts_with("perfkit gate");
                        if known.insert(command.clone()) || is_of_the_gate {
                            assert_works(&page, &folder, &command, &collector);
                        }
                    }
                }
                _ => {}
            }
        }
    }
    assert!(
        known.len() >= 25,
        "only {} commands were found",
        known.len()
    );
}

fn assert_works(page: &Page, folder: &Folder, command: &str, collector: &str) {
    let answer = run(folder, &command.replace("http://localhost:4318", collector));
    // A gate may find that a rule is broken, and its self-test that it cannot tell.
    let is_of_the_gate = command.starts_with("perfkit gate");
    let works = answer.code == Some(0) || is_of_the_gate && matches!(answer.code, Some(1 | 3));
    assert!(works, "{}: {command}: {answer:#?}", page.path.display());
}

/// Runs a command line in a folder, with the binary under test on the path.
fn run(folder: &Folder, command: &str) -> Answer {
    let binaries = Path::new(env!("CARGO_BIN_EXE_perfkit")).parent().unwrap();
    // A browser would stay open.
    let openers = folder.path("openers");
    let path = format!(
        "{}:{}:{}",
        openers.display(),
        binaries.display(),
        std::env::var("PATH").unwrap()
    );
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .current_dir(folder.path("."))
        .env("PATH", path)
        .env("TMPDIR", openers);
    Answer::of(shell)
}

/// A folder with everything that the commands speak of.
fn prepare() -> Folder {
    let folder = Folder::new();
    for inner in ["openers", "docs", "target"] {
        std::fs::create_dir(folder.path(inner)).unwrap();
    }
    for opener in ["openers/xdg-open", "openers/open"] {
        folder.script(opener, "test -s \"$1\"");
    }
    folder.write("FILE", &"some lines\nof text\n".repeat(2000));
    let server = example("09_service");
    folder.script("server", &format!("exec {}", server.display()));
    let samples = workspace().join("tests/samples");
    for (sample, name) in [
        ("k6/summary-export.json", "k6-summary.json"),
        ("hyperfine-1/two-named.json", "hyperfine.json"),
        ("pyperf/suite.json", "results.json"),
        ("go/old.txt", "old.txt"),
        ("go/old.txt", "new.txt"),
        ("hyperfine-1/params.json", "levels.json"),
        ("../../Cargo.lock", "Cargo.lock"),
    ] {
        std::fs::copy(samples.join(sample), folder.path(name)).unwrap();
    }
    copy_folder(
        &samples.join("criterion/results"),
        &folder.path("target/criterion"),
    );
    for file in ["report.json", "before.json", "after.json"] {
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        for ms in 0..1000 {
            // No two sessions are the same.
            let more = Duration::from_micros(file.len() as u64);
            monitor.measure("checkout::pay", || {
                clock.advance(Duration::from_millis(ms % 50) + more);
            });
        }
        Report::from_snapshot(monitor.snapshot())
            .save(folder.path(file))
            .unwrap();
    }
    folder
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// Accepts everything.
fn fake_collector() -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 65536]);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(answer);
        }
    });
    format!("http://{address}")
}

#[test]
fn commands_of_packages_are_run_by_the_tests_of_benches() {
    let tests = ["tests/benches.rs", "tests/revisions/checkouts.rs"];
    let tests = tests.map(|path| std::fs::read_to_string(workspace().join(path)).unwrap());
    let tests = tests.concat();
    let run = [
        (
            "perfkit compare --bench ",
            r#""compare", "--bench", "work""#,
        ),
        (
            "perfkit compare --base ",
            r#""compare", "--base", "HEAD~1""#,
        ),
        ("perfkit gate --base ", r#""gate", "--base", "HEAD~1""#),
        ("perfkit clean", r#"&["clean"#),
    ];
    for page in pages() {
        for command in page.commands("console package") {
            let found = run.iter().find(|(form, _)| command.starts_with(form));
            let Some((_, test)) = found else {
                panic!("{}: no test runs {command}", page.path.display());
            };
            assert!(tests.contains(test), "{test}");
            assert!(!command.contains("{tree}") || tests.contains("{tree}/run.sh"));
        }
    }
}

/// Numbers differ from day to day, so it is the words that have to be there: in what is
/// printed now, or else in the source, where this day's numbers gave other words.
#[test]
fn shown_output_has_the_words_of_the_real_one() {
    let mut source = String::new();
    for folder in ["perfkit-cli/src", "perfkit-core/src"] {
        read_all(&workspace().join(folder), &mut source);
    }
    let mut outputs = 0;
    for page in pages() {
        let folder = prepare();
        for (before, block) in page.blocks.iter().zip(page.blocks.iter().skip(1)) {
            if block.info != "text output" {
                continue;
            }
            outputs += 1;
            let command = before.text.lines().next().unwrap();
            let command = command.strip_prefix("$ ").unwrap();
            let command = command.replace("cargo run --release --", "perfkit");
            let answer = run(&folder, &command).exits_with(0);
            let told = answer.stdout + &answer.stderr + &source;
            for line in block.text.lines() {
                for word in line.split(|c: char| !c.is_alphabetic()) {
                    let path = page.path.display();
                    assert!(told.contains(word), "{path}: nothing says {word:?}: {line}");
                }
            }
        }
    }
    assert_eq!(outputs, 2);
}

fn read_all(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *text += &std::fs::read_to_string(&path).unwrap();
        }
    }
}

#[test]
fn pages_with_code_are_documentation_tests() {
    let library = workspace().join("perfkit-core/src/lib.rs");
    let library = std::fs::read_to_string(library).unwrap();
    let mut count = 0;
    for page in pages() {
        let code = page.blocks.iter().filter(|b| b.info.starts_with("rust"));
        let included = format!("include_str!(\"../../{}\")", page.path.display());
        let is_included = library.contains(&included);
        assert!(is_included || code.clone().next().is_none(), "{included}");
        count += code.count();
    }
    assert!(count >= 8, "only {count} blocks of Rust were found");
}

#[test]
fn configurations_are_understood_by_the_gate() {
    let mut count = 0;
    for page in pages() {
        for block in page.of_kind("toml") {
            let folder = prepare();
            folder.write("perfkit.toml", &block.text);
            assert_fits_config_schema(&block.text);
            // What it is for need not be there: the rules were read where each is judged.
            let answer = folder.run(["gate", "report.json", "--format", "json"]);
            assert!(
                answer.report().gate.is_some(),
                "{}: {answer:#?}",
                page.path.display()
            );
            let compare = folder.run(["compare", "-r1", "true"]);
            drop(compare.exits_with(0));
            count += 1;
        }
    }
    assert!(count >= 5, "only {count} configurations were found");
}

#[test]
fn parts_of_manifests_name_what_there_is() {
    let core = workspace().join("perfkit-core/Cargo.toml");
    let core: toml::Table = toml::from_str(&std::fs::read_to_string(core).unwrap()).unwrap();
    let (major_minor, _) = env!("CARGO_PKG_VERSION").rsplit_once('.').unwrap();
    let mut count = 0;
    for page in all_pages() {
        for block in page.of_kind("toml cargo") {
            let part: toml::Table = toml::from_str(&block.text).unwrap();
            let name = core["package"]["name"].as_str().unwrap();
            let of = |kind: &str| part.get(kind)?.get(name);
            let library = of("dependencies").or(of("dev-dependencies"));
            let library = library.expect("the library is named");
            let version = library.get("version").unwrap_or(library);
            assert_eq!(version.as_str(), Some(major_minor));
            let features = library.get("features").and_then(|all| all.as_array());
            for feature in features.into_iter().flatten() {
                let feature = feature.as_str().unwrap();
                assert!(core["features"].get(feature).is_some(), "{feature}");
            }
            count += 1;
        }
    }
    assert!(count >= 4, "only {count} parts of manifests were found");
}

#[test]
fn shown_reports_can_be_read() {
    let mut count = 0;
    for page in pages() {
        for block in page.of_kind("json") {
            crate::support::assert_fits_schema(&block.text);
            let folder = Folder::new();
            folder.write("report.json", &block.text);
            drop(folder.run(["report", "report.json"]).exits_with(0));
            count += 1;
        }
    }
    assert!(count >= 1, "no report was found");
}

#[test]
fn commands_of_ci_jobs_are_understood() {
    let mut count = 0;
    for page in pages() {
        for line in page.of_kind("yaml").flat_map(|block| block.text.lines()) {
            let Some(command) = line.trim().strip_prefix("- run: perfkit ") else {
                continue;
            };
            let command = command.replace("${{ github.base_ref }}", "main");
            let arguments = command.split(' ').chain(["--help"]);
            drop(Folder::new().run(arguments).exits_with(0));
            count += 1;
        }
    }
    assert!(count >= 2, "only {count} commands were found");
}
