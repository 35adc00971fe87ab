//! Every call as a line of JSON, in a file that may not take it. Each test starts this file
//! anew as a program of its own.
#![cfg(unix)]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use perfkit::{JsonLines, Monitor, Outcome};
use serde_json::Value;

const CALLS: usize = 5_000;

/// The program, when started as one: it says what was dropped, and how it got on.
#[test]
fn program() {
    let Ok(program) = std::env::var("PROGRAM") else {
        return;
    };
    let monitor = Monitor::global();
    let path = std::env::var_os("LINES").unwrap();
    monitor
        .set_collector(JsonLines::append_to(path).unwrap())
        .unwrap();
    match program.as_str() {
        "few calls, and it exits" => {
            let operation = perfkit::operation("order \"1\"\n").bytes(10);
            let status = |_: &()| Outcome::Success.label("status", 404);
            operation.measure_labelled(|| (), status);
            let _ = perfkit::try_measure("parse", || "x".parse::<u8>());
            perfkit::measure("deep", || perfkit::measure("deep", || ()));
            std::process::exit(7);
        }
        "many calls" => {
            for number in 0..CALLS {
                perfkit::measure("many", || ());
                if number % 1000 == 999 {
                    monitor.flush_collector(Duration::from_secs(60));
                }
            }
            println!("dropped {}", monitor.dropped_deliveries());
        }
        other => panic!("there is no program {other:?}"),
    }
}

/// Runs the program in a shell that does something before.
fn run(program: &str, lines: &str, before: &str) -> Output {
    let mut command = Command::new("sh");
    let own = std::env::current_exe().unwrap();
    command
        .args(["-c", &format!("{before} exec \"$0\" \"$@\"")])
        .arg(own)
        .args(["--exact", "program", "--nocapture"])
        .env("PROGRAM", program)
        .env("LINES", lines);
    command.output().unwrap()
}

fn dropped(output: &Output) -> usize {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, dropped) = text.split_once("dropped ").expect(&text);
    dropped.split_whitespace().next().unwrap().parse().unwrap()
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("perfkit-json-lines-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> String {
        self.0.join("calls.jsonl").to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_was_called_is_there_when_the_program_has_exited() {
    let folder = Folder::new("exit");
    fs::write(folder.file(), "before\n").unwrap();
    let before = SystemTime::now() - Duration::from_millis(1);
    let output = run("few calls, and it exits", &folder.file(), "");
    let after = SystemTime::now();
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let text = fs::read_to_string(folder.file()).unwrap();
    let (first, lines) = text.split_once('\n').unwrap();
    assert_eq!(first, "before");
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for line in &lines {
        let start = time_of(line["start"].as_str().unwrap());
        assert!(start >= before && start <= after, "{line}");
        assert!(line["duration_ns"].as_u64() >= line["self_time_ns"].as_u64());
    }
    let [labelled, failed, nested, outer] = &lines[..] else {
        panic!("{text}");
    };
    assert_eq!(labelled["operation"], "order \"1\"\n");
    assert_eq!(labelled["labels"]["status"], "404");
    assert_eq!(labelled["outcome"], "success");
    assert_eq!(labelled["bytes"], 10);
    assert_eq!(failed["outcome"], "failure");
    assert_eq!(failed["error_kind"], "core::num::error::ParseIntError");
    assert_eq!(failed["error_text"], "invalid digit found in string");
    assert_eq!(nested["nested"], true);
    assert_eq!(outer.get("nested"), None);
    assert!(output.stderr.is_empty(), "{output:?}");
}

/// RFC 3339 as the standard library's time, by another reader than the library's own.
fn time_of(text: &str) -> SystemTime {
    let time: utc::Time = text.into();
    SystemTime::UNIX_EPOCH + Duration::new(time.seconds, time.nanoseconds)
}

mod utc {
    /// A moment after 1970, in UTC.
    pub(crate) struct Time {
        pub(crate) seconds: u64,
        pub(crate) nanoseconds: u32,
    }

    impl From<&str> for Time {
        fn from(text: &str) -> Self {
            assert!(text.len() == 30 && text.ends_with('Z'), "{text}");
            let number = |from: usize, to: usize| text[from..to].parse::<u64>().unwrap();
            let [year, month, day] = [number(0, 4), number(5, 7), number(8, 10)];
            let is_leap = |year: u64| {
                year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
            };
            let years = (1970..year).map(|year| 365 + u64::from(is_leap(year)));
            let lengths = [
                31,
                28 + u64::from(is_leap(year)),
                31,
                30,
                31,
                30,
                31,
                31,
                30,
                31,
                30,
                31,
            ];
            let months: u64 = lengths[..month as usize - 1].iter().sum();
            let days = years.sum::<u64>() + months + day - 1;
            let [hours, minutes, seconds] = [number(11, 13), number(14, 16), number(17, 19)];
            Self {
                seconds: ((days * 24 + hours) * 60 + minutes) * 60 + seconds,
                nanoseconds: text[20..29].parse().unwrap(),
            }
        }
    }
}

#[test]
fn many_calls_are_as_many_lines() {
    let folder = Folder::new("many");
    let output = run("many calls", &folder.file(), "");
    let lines = fs::read_to_string(folder.file()).unwrap();
    assert_eq!(lines.lines().count() + dropped(&output), CALLS);
    assert_eq!(dropped(&output), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_costs_lines_and_says_so_once() {
    let output = run("many calls", "/dev/full", "");
    assert_eq!(dropped(&output), CALLS);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(
        told.starts_with("perfkit: /dev/full: No space left"),
        "{told}"
    );
}

/// The signal for it ends a program that does not expect it.
#[test]
fn a_file_that_may_not_grow_ends_no_program() {
    let folder = Folder::new("limit");
    let output = run("many calls", &folder.file(), "ulimit -f 16;");
    let text = fs::read_to_string(folder.file()).unwrap();
    let is_whole = |line: &&str| serde_json::from_str::<Value>(line).is_ok();
    let whole = text.lines().filter(is_whole).count();
    assert!(whole > 0 && whole < CALLS, "{whole}");
    assert_eq!(whole + dropped(&output), CALLS);
}

/// As in a program that did not tell the system to ignore broken pipes.
#[test]
fn a_pipe_that_nobody_reads_ends_no_program() {
    let folder = Folder::new("pipe");
    let pipe = folder.file();
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let reader = {
        let pipe = pipe.clone();
        // It opens the pipe, so that the program can, and goes.
        std::thread::spawn(move || drop(fs::File::open(pipe).unwrap()))
    };
    let output = run("many calls", &pipe, "");
    reader.join().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(dropped(&output) > 0, "{told}");
    assert!(told.contains("Broken pipe"), "{told}");
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let folder = Folder::new("folder");
    let error = JsonLines::append_to(&folder.0).unwrap_err().to_string();
    assert!(error.contains(folder.0.to_str().unwrap()), "{error}");
}
