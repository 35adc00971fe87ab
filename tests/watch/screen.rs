//! The screen: what is on it, what keys do, and that it is given back.

use std::os::unix::process::ExitStatusExt;

use rustix::process::{Pid, Signal, kill_process};

use crate::program::Session;
use crate::terminal::Terminal;

const SIZES: [(u16, u16); 2] = [(80, 24), (200, 50)];

fn signal(terminal: &Terminal, signal: Signal) {
    kill_process(Pid::from_child(&terminal.child), signal).unwrap();
}

#[test]
fn operations_are_shown_in_every_size_and_q_gives_the_terminal_back() {
    let session = Session::new();
    let mut program = session.start("call shop::pay 300|fail shop::pay 7|call shop::load 20");
    program.has("shop::load", 20);
    for (columns, rows) in SIZES {
        let watch = session.perfkit(&["watch", &program.pid(), "--every", "50ms"]);
        let mut terminal = Terminal::start(watch, columns, rows);
        terminal.shows("shop::pay");
        let text = terminal.shows("threads");
        assert!(
            text.contains(&format!("served ({})", program.pid())),
            "{text}"
        );
        for column in ["calls/s", "failed", "p50", "p95", "p99", "q quit"] {
            assert!(text.contains(column), "{column} in:\n{text}");
        }
        for column in ["cancelled", "in flight  ", "self", "trend", "max"] {
            assert_eq!(
                text.contains(column),
                columns == 200,
                "{column} in:\n{text}"
            );
        }
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(columns.into()));
        // What is new is seen: the rate rises from zero.
        let rate = |text: &str| {
            let row = text
                .lines()
                .find(|line| line.contains("shop::load"))
                .unwrap();
            row.split_whitespace()
                .find(|cell| cell.starts_with(|c: char| c.is_ascii_digit()))
                .map(str::to_owned)
        };
        terminal.wait_for("rate of 0", |text| rate(text).as_deref() == Some("0"));
        program.tell("call shop::load 5000");
        terminal.wait_for("rate above 0", |text| rate(text).as_deref() != Some("0"));
        terminal.press("q");
        let (status, _) = terminal.end();
        assert_eq!(status.code(), Some(0));
    }
}

#[test]
fn keys_sort_filter_and_open() {
    let session = Session::new();
    let program = session.start("call a::slow 3|fail b::fails 9|call c::often 500|hold d::held");
    program.has("c::often", 500);
    for (columns, rows) in SIZES {
        let watch =
            session.perfkit(&["watch", &program.pid(), "--every", "50ms", "--sort", "name"]);
        let mut terminal = Terminal::start(watch, columns, rows);
        let text = terminal.shows("d::held");
        let line = |text: &str, name: &str| text.lines().position(|line| line.contains(name));
        assert!(line(&text, "a::slow") < line(&text, "b::fails"));
        assert!(
            text.contains(">a::slow") && text.contains("operation*"),
            "{text}"
        );
        terminal.press("r");
        terminal.wait_for("other order", |text| {
            line(text, "d::held") < line(text, "a::slow")
        });
        terminal.press("r\x1b[B");
        terminal.shows(">b::fails");
        terminal.press("\r");
        let text = terminal.shows("refused by the test");
        assert!(
            text.contains("failed 9") && !text.contains("a::slow"),
            "{text}"
        );
        terminal.press("\x1b");
        terminal.shows("a::slow");
        terminal.press("/OFTEN\r");
        terminal.shows_no("a::slow");
        terminal.shows("filter \"OFTEN\"");
        terminal.press("\r");
        let text = terminal.shows("how many calls took so long");
        assert!(text.contains("c::often") && text.contains('█'), "{text}");
        terminal.press("\x1bs");
        terminal.shows("total*");
        terminal.press("\x1b?");
        terminal.shows("reverse the order");
        terminal.press("?");
        terminal.shows("a::slow");
        terminal.press("\x03");
        assert_eq!(terminal.end().0.code(), Some(130));
    }
}

#[test]
fn a_pause_holds_what_is_shown() {
    let session = Session::new();
    let mut program = session.start("call step 1");
    let watch = session.perfkit(&["watch", &program.pid(), "--every", "50ms"]);
    let mut terminal = Terminal::start(watch, 100, 24);
    terminal.shows("step");
    terminal.press(" ");
    terminal.shows("paused");
    program.tell("call later 1");
    program.has("later", 1);
    // It is asked once more before the pause, at most: what came after that is not seen.
    program.tell("call latest 1");
    program.has("latest", 1);
    assert!(!terminal.text().contains("latest"));
    terminal.press(" ");
    terminal.shows("latest");
    terminal.shows_no("paused");
}

#[test]
fn signals_give_the_terminal_back() {
    let session = Session::new();
    let program = session.start("call step 1");
    for (name, number) in [(Signal::TERM, 143), (Signal::HUP, 143), (Signal::INT, 130)] {
        let terminal = Terminal::start(session.perfkit(&["watch", &program.pid()]), 80, 24);
        terminal.shows("step");
        signal(&terminal, name);
        let (status, _) = terminal.end();
        assert_eq!((status.code(), status.signal()), (Some(number), None));
    }
}

#[test]
fn a_program_that_ends_and_begins_anew_is_followed() {
    let session = Session::new();
    let mut program = session.start("call step 500");
    program.has("step", 500);
    let watch = session.perfkit(&["watch", &program.pid(), "--every", "50ms"]);
    let terminal = Terminal::start(watch, 100, 24);
    terminal.shows("step");
    program.kill();
    let text = terminal.shows("served has ended");
    assert!(text.contains("step"), "the last state stays:\n{text}");
    let next = session.start("call step 2");
    let text = terminal.shows("restarted once");
    assert!(text.contains(&format!("served ({})", next.pid())), "{text}");
    assert!(!text.contains("has ended"), "{text}");
}

#[test]
fn a_hostile_name_moves_nothing() {
    let session = Session::new();
    let name = "evil\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}\u{9b}31mname";
    let program = session.start(&format!("call {name} 5|fail {name} 1"));
    program.has(name, 6);
    let watch = session.perfkit(&["watch", &program.pid(), "--every", "50ms"]);
    let mut terminal = Terminal::start(watch, 80, 24);
    terminal.shows("evil");
    terminal.press("\r");
    terminal.shows("refused by the test");
    terminal.press("q");
    let bytes = terminal.bytes();
    let text = String::from_utf8_lossy(&bytes);
    for hostile in ["\u{1b}]0;", "\u{202e}", "\u{9b}"] {
        assert!(!text.contains(hostile), "{hostile:?}");
    }
    assert_eq!(terminal.end().0.code(), Some(0));
}

#[test]
fn colours_are_left_out_where_nobody_wants_them_and_marks_stay() {
    let session = Session::new();
    session.folder.write(
        "perfkit.toml",
        "[[budget]]\noperation = \"step\"\nsuccess_rate = \">= 90%\"\n",
    );
    let program = session.start("call step 90|fail step 30");
    program.has("step", 120);
    let has_colors = |no_color: Option<&str>| {
        let mut watch = session.perfkit(&["watch", &program.pid(), "--every", "50ms"]);
        if let Some(value) = no_color {
            watch.env("NO_COLOR", value);
        }
        let mut terminal = Terminal::start(watch, 100, 24);
        let text = terminal.shows("over");
        assert!(text.contains("250% over"), "{text}");
        terminal.press("q");
        let bytes = terminal.bytes();
        terminal.end();
        // Red, or a colour of 256.
        let text = String::from_utf8_lossy(&bytes);
        text.contains("\u{1b}[31m") || text.contains("38;5;")
    };
    assert!(has_colors(None));
    assert!(!has_colors(Some("1")));
}

#[test]
fn any_size_will_do() {
    let session = Session::new();
    let program = session.start("many 300");
    program.has("operation_00299", 1);
    let watch = session.perfkit(&["watch", &program.pid(), "--sort", "name", "--every", "50ms"]);
    let mut terminal = Terminal::start(watch, 80, 24);
    terminal.shows("operation_00000");
    terminal.press("G");
    terminal.shows(">operation_00299");
    for (columns, rows) in [(3, 2), (1, 1), (40, 10), (300, 100)] {
        terminal.resize(columns, rows);
        if columns >= 40 {
            terminal.shows(">operation_00299");
        }
    }
    terminal.press("g");
    terminal.shows(">operation_00000");
    terminal.press("q");
    assert_eq!(terminal.end().0.code(), Some(0));
}
