//! Programs that are started to be watched, and reports that are saved again and again.

use perfkit::{Monitor, Report};

use crate::program::Session;
use crate::support::{Answer, is_gone, workspace};
use crate::terminal::Terminal;

/// Perfkit, which starts the program with these first commands.
fn starting(session: &Session, begin: &str) -> Terminal {
    let program = session.program();
    let program: Vec<String> = [program.get_program()]
        .into_iter()
        .chain(program.get_args())
        .map(|word| word.to_str().unwrap().to_owned())
        .collect();
    let mut arguments = vec!["watch", "--every", "50ms", "--"];
    arguments.extend(program.iter().map(String::as_str));
    let mut watch = session.perfkit(&arguments);
    watch.envs([Session::variable(begin)]);
    Terminal::start(watch, 100, 24)
}

#[test]
fn what_a_started_program_writes_is_shown_at_the_end() {
    let session = Session::new();
    // Its standard input is at its end, and so it waits.
    let mut terminal = starting(&session, "say written by the program|call step 10");
    let text = terminal.shows("step");
    assert!(!text.contains("written by the program"), "{text}");
    let list = Answer::of(session.perfkit(&["watch"])).exits_with(0);
    let row = list
        .stdout
        .lines()
        .find(|line| line.contains("served"))
        .unwrap();
    let pid = row.split_whitespace().next().unwrap().to_owned();
    terminal.press("q");
    let (status, text) = terminal.end();
    assert_eq!(status.code(), Some(0));
    assert!(text.contains("written by the program"), "{text}");
    assert!(is_gone(&pid), "it is ended with perfkit");
}

#[test]
fn a_program_that_ends_by_itself_leaves_its_last_state() {
    let session = Session::new();
    let mut terminal = starting(&session, "call step 10|fail last 3|say bye|exit 7");
    let text = terminal.shows("ended with exit status 7");
    assert!(text.contains("step") && text.contains("last"), "{text}");
    terminal.press("q");
    let (status, text) = terminal.end();
    assert_eq!(status.code(), Some(5));
    assert!(
        text.contains("bye") && text.contains("ended with exit status 7"),
        "{text}"
    );
}

/// With the process and the program of this test in place of those of the page.
#[test]
fn the_commands_of_the_page_work() {
    let page = std::fs::read_to_string(workspace().join("docs/watch.md")).unwrap();
    let (_, block) = page.split_once("```console watch\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let session = Session::new();
    let program = session.start("call step 1");
    let mut count = 0;
    for line in block.lines() {
        let words = line.strip_prefix("$ perfkit ").unwrap().split(' ');
        let (pid, path) = (program.pid(), session.program_path());
        let with_names = words.map(|word| match word {
            "4711" => &*pid,
            "./server" => path.to_str().unwrap(),
            word => word,
        });
        let mut arguments: Vec<&str> = with_names.collect();
        if arguments.contains(&"--") {
            arguments.extend(["--exact", "program::the_program", "--nocapture"]);
        }
        let mut command = session.perfkit(&arguments);
        command.envs([Session::variable("call step 1")]);
        if arguments.len() == 1 || arguments.contains(&"--once") {
            Answer::of(command)
                .exits_with(0)
                .says(if arguments.len() == 1 { &pid } else { "step" });
        } else {
            let mut terminal = Terminal::start(command, 80, 24);
            terminal.shows("step");
            terminal.press("q");
            assert_eq!(terminal.end().0.code(), Some(0), "{line}");
        }
        count += 1;
    }
    assert_eq!(count, 4);
}

#[test]
fn a_program_that_is_not_there_is_told_without_a_screen() {
    let session = Session::new();
    let watch = session.perfkit(&["watch", "--", "./no-such-program"]);
    let (status, text) = Terminal::start(watch, 100, 24).end();
    assert_eq!(status.code(), Some(5));
    assert!(text.contains("no-such-program"), "{text}");
}

#[test]
fn a_report_that_is_saved_again_is_read_again() {
    let session = Session::new();
    let monitor = Monitor::new();
    let path = session.folder.path("report.json");
    let report = || Report::from_snapshot(monitor.snapshot());
    let save = || report().save(&path).unwrap();
    monitor.measure("first", || ());
    save();
    let watch = session.perfkit(&["watch", "report.json", "--every", "50ms"]);
    let mut terminal = Terminal::start(watch, 100, 24);
    terminal.shows("first");
    monitor.measure("second", || ());
    save();
    terminal.shows("second");
    std::fs::write(&path, "{").unwrap();
    terminal.shows("report.json");
    std::fs::remove_file(&path).unwrap();
    let text = terminal.shows("cannot open");
    assert!(text.contains("second"), "the last state stays:\n{text}");
    monitor.measure("third", || ());
    save();
    terminal.shows("third");
    terminal.press("q");
    assert_eq!(terminal.end().0.code(), Some(0));
}
