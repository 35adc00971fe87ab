//! The README tells the truth: each of its commands is run, here or by CI.
//! (Its Rust code is run as documentation tests of the library.)
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod support;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use perfkit::{MockClock, Monitor, Report};
use support::{Answer, Folder, example, workspace};

fn readme() -> String {
    std::fs::read_to_string(workspace().join("README.md")).unwrap()
}

/// The contents of the code blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let text = readme();
    let fence = format!("```{language}\n");
    let starts = text.split(&fence).skip(1);
    starts
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

fn commands() -> Vec<String> {
    let lines = blocks("console").concat();
    let commands = lines
        .lines()
        .map(|line| line.strip_prefix("$ ").unwrap().to_owned());
    commands.collect()
}

#[test]
fn commands_of_cargo_are_run_by_ci_or_are_examples() {
    let ci = std::fs::read_to_string(workspace().join(".ci/run")).unwrap();
    for command in commands()
        .iter()
        .filter(|command| command.starts_with("cargo"))
    {
        match command.strip_prefix("cargo run --example ") {
            Some(name) => drop(Answer::of(Command::new(example(name))).exits_with(0)),
            None => assert!(ci.contains(command), "{command} is not in .ci/run"),
        }
    }
    assert!(ci.contains("cargo install --path perfkit-cli"));
}

#[test]
fn every_other_command_works() {
    let folder = prepare();
    let collector = fake_collector();
    let binaries = Path::new(env!("CARGO_BIN_EXE_perfkit")).parent().unwrap();
    // A browser would stay open.
    let openers = folder.path("openers");
    std::fs::create_dir(&openers).unwrap();
    for opener in ["openers/xdg-open", "openers/open"] {
        folder.script(opener, "test -s \"$1\"");
    }
    let path = format!(
        "{}:{}:{}",
        openers.display(),
        binaries.display(),
        std::env::var("PATH").unwrap()
    );
    let mut count = 0;
    for command in commands()
        .iter()
        .filter(|command| !command.starts_with("cargo") && !is_of_a_package(command))
    {
        let command = command.replace("http://localhost:4318", &collector);
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &command])
            .current_dir(folder.path("."))
            .env("PATH", &path)
            .env("TMPDIR", &openers);
        let answer = Answer::of(shell);
        assert_eq!(answer.code, Some(0), "{command}: {answer:#?}");
        count += 1;
    }
    assert!(count >= 18, "only {count} commands were found");
}

/// Whether a command needs a package or a repository: those are run, with other
/// names, by the tests of benches.
fn is_of_a_package(command: &str) -> bool {
    ["--bench ", "--base "]
        .iter()
        .any(|option| command.contains(option))
}

#[test]
fn commands_of_packages_are_run_by_the_tests_of_benches() {
    let tests = workspace().join("tests/benches.rs");
    let tests = std::fs::read_to_string(tests).unwrap();
    let all = commands();
    let of_packages = all.iter().filter(|command| is_of_a_package(command));
    assert!(
        of_packages
            .filter(|c| c.starts_with("perfkit compare"))
            .count()
            >= 3
    );
    assert!(all.iter().any(|c| c.starts_with("perfkit gate --base")));
    for line in [
        r#""gate", "--base", "HEAD~1""#,
        r#""compare", "--bench", "work""#,
        r#""compare", "--base", "HEAD~1""#,
        r#""{tree}/run.sh""#,
    ] {
        assert!(tests.contains(line), "{line}");
    }
}

/// A folder with everything that the commands speak of.
fn prepare() -> Folder {
    let folder = Folder::new();
    folder.write("FILE", &"some lines\nof text\n".repeat(2000));
    let server = example("01_function");
    folder.script("server", &format!("exec {}", server.display()));
    folder.write("perfkit.toml", &blocks("toml").concat());
    let summary = workspace().join("tests/samples/k6/summary-export.json");
    std::fs::copy(summary, folder.path("k6-summary.json")).unwrap();
    for file in ["report.json", "before.json", "after.json"] {
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        for ms in 0..1000 {
            monitor.measure("checkout::pay", || {
                clock.advance(Duration::from_millis(ms % 50));
            });
        }
        Report::from_snapshot(monitor.snapshot())
            .save(folder.path(file))
            .unwrap();
    }
    folder
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
fn options_and_exit_codes_are_the_real_ones() {
    let text = readme();
    let macros = workspace().join("perfkit-macros/src/arguments.rs");
    let macros = std::fs::read_to_string(macros).unwrap();
    for option in [
        "name",
        "memory",
        "cpu",
        "throughput",
        "ok",
        "monitor",
        "crate",
    ] {
        assert!(
            text.contains(&format!("| `{option}")),
            "{option} is not in the README"
        );
        assert!(
            macros.contains(&format!("\"{option}\" =>")),
            "{option} is no option"
        );
    }
    let exits = workspace().join("perfkit-cli/src/exit.rs");
    let exits = std::fs::read_to_string(exits).unwrap();
    for code in ["0", "1", "2", "3", "4", "5", "130", "143"] {
        assert!(
            exits.contains(&format!("=> {code},")),
            "{code} is no exit code"
        );
    }
}
