//! Ctrl-C and its like: children gone, what was finished is saved.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod support;

use std::process::{Command, Stdio};
use std::time::Duration;

use perfkit::report::StopReason;
use support::{Answer, Folder, assert_fits_schema};

/// Starts a comparison whose first command notes each run and whose second one
/// hangs from its third run on, waits until it hangs, and sends a signal.
fn interrupt(signal: &str) -> (Folder, Answer) {
    let folder = Folder::new();
    folder.script("quick", "echo run >> quick-runs");
    folder.script(
        "hangs",
        "echo run >> runs\n[ $(wc -l < runs) -lt 3 ] && exit\nsleep 61 &\necho $! > pid\nwait",
    );
    let arguments = [
        "compare",
        "./quick",
        "./hangs",
        "-w",
        "0",
        "--export-json",
        "out.json",
    ];
    let mut command = folder.perfkit(arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    while !std::fs::read_to_string(folder.path("pid")).is_ok_and(|pid| pid.ends_with('\n')) {
        std::thread::sleep(Duration::from_millis(5));
    }
    send(signal, child.id());
    let answer = Answer::from(child.wait_with_output().unwrap());
    (folder, answer)
}

fn send(signal: &str, pid: u32) {
    let status = Command::new("kill")
        .args([signal, &pid.to_string()])
        .status();
    assert!(status.unwrap().success());
}

fn assert_saved_and_gone(folder: &Folder) {
    assert_fits_schema(&folder.read("out.json"));
    let report = folder.report("out.json");
    assert_eq!(report.sampling.unwrap().stopped, StopReason::Interrupted);
    assert!(report.benchmarks[0].successes >= 2);
    assert_eq!(report.benchmarks[1].successes, 2);
    let pid = folder.read("pid");
    let status = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    assert!(
        status.map_or(true, |status| status.contains(") Z ")),
        "a child is left"
    );
}

#[test]
fn ctrl_c_ends_the_children_and_saves_what_was_finished() {
    let (folder, answer) = interrupt("-INT");
    answer
        .exits_with(130)
        .says("then it was interrupted")
        .says("./quick");
    assert_saved_and_gone(&folder);
}

#[test]
fn being_terminated_does_the_same() {
    let (folder, answer) = interrupt("-TERM");
    answer.exits_with(143).says("then it was interrupted");
    assert_saved_and_gone(&folder);
}

#[test]
fn a_terminal_that_is_closed_does_the_same() {
    let (folder, answer) = interrupt("-HUP");
    answer.exits_with(143);
    assert_saved_and_gone(&folder);
}

#[test]
fn cleanup_is_still_run_and_a_hanging_hook_is_ended() {
    let folder = Folder::new();
    let arguments = ["compare", "true", "--prepare", "echo $$ > pid; sleep 61"];
    let mut command = folder.perfkit(arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    while !std::fs::read_to_string(folder.path("pid")).is_ok_and(|pid| pid.ends_with('\n')) {
        std::thread::sleep(Duration::from_millis(5));
    }
    send("-INT", child.id());
    Answer::from(child.wait_with_output().unwrap()).exits_with(130);
    let status = std::fs::read_to_string(format!("/proc/{}/stat", folder.read("pid").trim()));
    assert!(status.map_or(true, |status| status.contains(") Z ")));
}
