//! Ctrl-C and its like: children gone, what was finished is saved.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Answer, Folder, assert_fits_schema, is_gone};
use perfkit::report::StopReason;

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
    assert!(is_gone(&folder.read("pid")), "a child is left");
}

#[test]
fn ctrl_c_ends_the_children_and_saves_what_was_finished() {
    let (folder, answer) = interrupt("-INT");
    answer
        .exits_with(130)
        .says("stopped by an interrupt")
        .says("./quick");
    assert_saved_and_gone(&folder);
}

#[test]
fn pressing_it_again_and_again_loses_nothing() {
    let folder = Folder::new();
    let arguments = ["compare", "true", "true", "--export-json", "out.json"];
    // The file is there from the third run of all on.
    let prepare = "echo >> runs; [ $(wc -l < runs) -lt 3 ] || echo >> begun";
    let arguments = arguments
        .into_iter()
        .chain(["--time", "1h", "-w", "0", "-p", prepare]);
    let mut child = start(&folder, &arguments.collect::<Vec<_>>());
    wait_for(&folder, "begun");
    while child.try_wait().unwrap().is_none() {
        send("-INT", child.id());
    }
    Answer::from(child.wait_with_output().unwrap()).exits_with(130);
    assert_fits_schema(&folder.read("out.json"));
}

#[test]
fn being_terminated_does_the_same() {
    let (folder, answer) = interrupt("-TERM");
    answer.exits_with(143).says("stopped by an interrupt");
    assert_saved_and_gone(&folder);
}

#[test]
fn a_terminal_that_is_closed_does_the_same() {
    let (folder, answer) = interrupt("-HUP");
    answer.exits_with(143);
    assert_saved_and_gone(&folder);
}

fn start(folder: &Folder, arguments: &[&str]) -> std::process::Child {
    let mut command = folder.perfkit(arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Waits until a command wrote its file.
fn wait_for(folder: &Folder, name: &str) {
    let is_there =
        || std::fs::read_to_string(folder.path(name)).is_ok_and(|text| text.ends_with('\n'));
    let begin = Instant::now();
    while !is_there() {
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "{name} is not written"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_hanging_hook_is_ended() {
    let folder = Folder::new();
    let child = start(
        &folder,
        &["compare", "true", "--prepare", "echo $$ > pid; sleep 61"],
    );
    wait_for(&folder, "pid");
    send("-INT", child.id());
    Answer::from(child.wait_with_output().unwrap()).exits_with(130);
    assert!(is_gone(&folder.read("pid")));
}

#[test]
fn cleanup_and_conclude_run_to_their_end_after_an_interruption() {
    let folder = Folder::new();
    // The run itself says that it has begun: before it, there is nothing to conclude.
    folder.script("run.sh", "echo started > started; exec sleep 61");
    let arguments = [
        "compare",
        "./run.sh",
        "-w",
        "0",
        "--conclude",
        "sleep 0.1; echo done > concluded",
        "--cleanup",
        "sleep 0.1; echo done > cleaned",
    ];
    let child = start(&folder, &arguments);
    wait_for(&folder, "started");
    send("-INT", child.id());
    Answer::from(child.wait_with_output().unwrap()).exits_with(130);
    assert_eq!(folder.read("concluded"), "done\n");
    assert_eq!(folder.read("cleaned"), "done\n");
}

#[test]
fn a_second_request_ends_the_cleanup_too() {
    let folder = Folder::new();
    let arguments = [
        "compare",
        "true",
        "-r",
        "1",
        "--cleanup",
        "echo $$ > pid; sleep 61",
    ];
    let child = start(&folder, &arguments);
    wait_for(&folder, "pid");
    send("-INT", child.id());
    Answer::from(child.wait_with_output().unwrap())
        .exits_with(130)
        .says("true");
    assert!(is_gone(&folder.read("pid")));
}

#[test]
fn an_interrupted_setup_is_an_interruption_and_cleaned_up_after() {
    let folder = Folder::new();
    let arguments = [
        "compare",
        "true {x}",
        "-L",
        "x",
        "1,2",
        "--setup",
        "echo {x} >> setups; sleep 61",
        "--cleanup",
        "echo {x} >> cleanups",
    ];
    for how in [&[][..], &["--sequential"]] {
        let arguments: Vec<&str> = arguments.iter().chain(how).copied().collect();
        let child = start(&folder, &arguments);
        wait_for(&folder, "setups");
        send("-TERM", child.id());
        Answer::from(child.wait_with_output().unwrap()).exits_with(143);
        assert_eq!(folder.read("setups").lines().count(), 1);
        assert_eq!(folder.read("cleanups"), folder.read("setups"));
        for file in ["setups", "cleanups"] {
            std::fs::remove_file(folder.path(file)).unwrap();
        }
    }
}

#[test]
fn a_failed_setup_is_cleaned_up_after() {
    let folder = Folder::new();
    let arguments = [
        "compare",
        "true {x}",
        "-L",
        "x",
        "1,2,3",
        "--setup",
        "echo {x} >> setups; [ {x} = 1 ]",
        "--cleanup",
        "echo {x} >> cleanups",
    ];
    folder
        .run(arguments)
        .exits_with(5)
        .complains(" = 1 ]` ended with exit status 1");
    let lines =
        |file| -> BTreeSet<String> { folder.read(file).lines().map(str::to_owned).collect() };
    assert_eq!(lines("setups"), lines("cleanups"));
    let folder = Folder::new();
    folder
        .run(arguments.into_iter().chain(["--sequential", "-r", "2"]))
        .exits_with(5)
        .complains("[ 2 = 1 ]` ended with exit status 1");
    assert_eq!(folder.read("cleanups"), "1\n2\n");
}

#[test]
fn quitting_leaves_no_process() {
    let (folder, answer) = interrupt("-QUIT");
    answer.exits_with(143);
    assert_saved_and_gone(&folder);
}

#[test]
fn killing_it_leaves_no_process() {
    let folder = Folder::new();
    let hangs = "sleep 61 & echo $! > pid; wait";
    // The command itself, and what is run before it.
    for arguments in [&["-S", "sh", hangs][..], &["true", "-p", hangs]] {
        let all: Vec<&str> = ["compare", "-w", "0"]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        let child = start(&folder, &all);
        wait_for(&folder, "pid");
        send("-KILL", child.id());
        child.wait_with_output().unwrap();
        let pid = folder.read("pid");
        let begin = Instant::now();
        while !is_gone(&pid) {
            assert!(begin.elapsed() < Duration::from_secs(60), "{pid} is left");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::fs::remove_file(folder.path("pid")).unwrap();
    }
}
