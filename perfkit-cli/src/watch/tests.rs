//! What is shown of what was seen, without a terminal and without a program.

use std::time::{Duration, UNIX_EPOCH};

use perfkit::{MockClock, Monitor, Report};

use super::*;
use crate::args::WatchOrder;
use crate::text::display_width;

/// A program on a clock of its own.
struct Program {
    clock: MockClock,
    monitor: Monitor,
    seconds: f64,
}

impl Program {
    fn new() -> Self {
        let clock = MockClock::new();
        Self {
            monitor: Monitor::with_clock(clock.clone()),
            clock,
            seconds: 1.7e9,
        }
    }

    fn call(&self, name: &str, times: u32, milliseconds: u64) {
        for _ in 0..times {
            self.monitor.measure(name, || {
                self.clock.advance(Duration::from_millis(milliseconds));
            });
        }
    }

    fn fail(&self, name: &str) {
        let _ = self.monitor.try_measure(name, || Err::<(), _>("refused"));
    }

    /// What is seen so many seconds after the last look.
    fn after(&mut self, seconds: f64) -> Report {
        self.seconds += seconds;
        let mut report = Report::from_snapshot(self.monitor.snapshot());
        report.created = UNIX_EPOCH + Duration::from_secs_f64(self.seconds);
        report
    }
}

fn frame(report: Report, cpu_seconds: f64) -> Frame {
    let process = ProcessFigures {
        cpu_seconds: Some(cpu_seconds),
        memory_bytes: Some(2_097_152.0),
        threads: Some(3.0),
    };
    Frame::of(report, None, process, &Reference::default())
}

fn model() -> Model {
    Model::new("server (7)", &Reference::default())
}

fn text(model: &mut Model, width: usize, height: usize) -> String {
    let lines = picture(model, width, height);
    let of = |line: &Vec<(String, Tone)>| line.iter().map(|(text, _)| &**text).collect::<String>();
    lines.iter().map(of).collect::<Vec<_>>().join("\n")
}

/// The cells of an operation's row.
fn row(model: &mut Model, name: &str) -> Vec<String> {
    let text = text(model, 300, 30);
    let row = text.lines().find(|line| line.contains(name)).unwrap();
    row.split("  ")
        .map(|cell| cell.trim().to_owned())
        .filter(|cell| !cell.is_empty())
        .collect()
}

#[test]
fn rates_are_differences_of_two_looks() {
    let (mut program, mut model) = (Program::new(), model());
    program.call("pay", 100, 1);
    model.take(frame(program.after(0.0), 5.0));
    program.call("pay", 50, 1);
    program.call("new", 4, 1);
    model.take(frame(program.after(2.0), 6.0));
    assert_eq!(row(&mut model, "pay")[1], "25");
    assert_eq!(row(&mut model, "new")[1], "2");
    let text = text(&mut model, 120, 30);
    for part in [
        "CPU 50 %",
        "memory 2.00 MiB",
        "threads 3",
        "calls/s 27",
        "operations 2",
    ] {
        assert!(text.contains(part), "{part} in:\n{text}");
    }
    // Nothing happened since.
    model.take(frame(program.after(2.0), 6.0));
    assert_eq!(row(&mut model, "pay")[1], "0");
}

#[test]
fn what_goes_back_is_a_restart_and_has_no_rate() {
    let (mut program, mut model) = (Program::new(), model());
    program.call("pay", 100, 1);
    model.take(frame(program.after(0.0), 5.0));
    let mut anew = Program::new();
    anew.seconds = program.seconds;
    anew.call("pay", 20, 1);
    model.take(frame(anew.after(1.0), 0.1));
    let shown = text(&mut model, 120, 30);
    assert!(
        shown.contains("restarted once") && !shown.contains("CPU"),
        "{shown}"
    );
    anew.call("pay", 30, 1);
    model.take(frame(anew.after(1.0), 0.2));
    assert_eq!(row(&mut model, "pay")[1], "30");
    assert!(text(&mut model, 120, 30).contains("CPU 10 %"));
    // Two looks of one moment, and a clock that was set back, are no time between them.
    model.take(frame(anew.after(0.0), 0.2));
    model.take(frame(anew.after(-5.0), 0.2));
    assert!(text(&mut model, 120, 30).contains("restarted once"));
}

#[test]
fn failures_since_the_last_look_are_marked() {
    let (mut program, mut model) = (Program::new(), model());
    program.fail("pay");
    model.take(frame(program.after(0.0), 0.0));
    // It cannot be known when that was.
    assert!(!row(&mut model, "pay").contains(&"1!".to_owned()));
    program.fail("pay");
    model.take(frame(program.after(1.0), 0.0));
    let lines = picture(&mut model, 80, 24);
    assert!(
        lines[3].contains(&("        2!".to_owned(), Tone::Bad)),
        "{:?}",
        lines[3]
    );
    model.take(frame(program.after(1.0), 0.0));
    assert!(row(&mut model, "pay").contains(&"2".to_owned()));
}

#[test]
fn every_size_is_filled_and_never_left() {
    let (mut program, mut model) = (Program::new(), model());
    for name in [
        "short",
        "größe::測試",
        &"long".repeat(100),
        "e\u{301}\u{1b}[31m",
    ] {
        program.call(name, 200, 3);
    }
    let views = [
        Key::Char('?'),
        Key::Escape,
        Key::Enter,
        Key::Escape,
        Key::Char('/'),
    ];
    for (looks, key) in views.into_iter().enumerate() {
        let wanted = model.wanted().map(str::to_owned);
        let report = program.after(looks as f64);
        let reference = Reference::default();
        let process = ProcessFigures::default();
        model.take(Frame::of(report, wanted.as_deref(), process, &reference));
        for (width, height) in [
            (0, 0),
            (1, 1),
            (3, 2),
            (20, 5),
            (79, 23),
            (80, 24),
            (200, 50),
        ] {
            let lines = picture(&mut model, width, height);
            assert_eq!(lines.len(), height);
            for line in lines {
                let text: String = line.iter().map(|(text, _)| &**text).collect();
                assert!(display_width(&text) <= width, "{width}: {text:?}");
                assert!(!text.contains('\u{1b}'));
            }
        }
        model.press(key);
    }
}

#[test]
fn columns_are_left_out_in_their_order_and_never_the_sorted_one() {
    let (mut program, mut model) = (Program::new(), model());
    program.call("pay", 200, 3);
    model.take(frame(program.after(0.0), 0.0));
    let headings = |model: &mut Model, width| {
        let text = text(model, width, 24);
        text.lines()
            .nth(2)
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut by_name = model.arranged(WatchOrder::Name, "");
    assert_eq!(headings(&mut by_name, 40), "operation* calls/s p50");
    assert_eq!(
        headings(&mut by_name, 60),
        "operation* calls/s failed p50 p95"
    );
    assert_eq!(
        headings(&mut by_name, 80),
        "operation* calls/s failed p50 p95 p99 total"
    );
    assert_eq!(
        headings(&mut by_name, 160),
        "operation* calls/s trend failed cancelled in flight p50 p95 p99 max total self"
    );
    let mut by_self = by_name.arranged(WatchOrder::SelfTime, "");
    assert_eq!(
        headings(&mut by_self, 60),
        "operation calls/s failed p50 self*"
    );
}

#[test]
fn rows_are_sorted_selected_and_filtered() {
    let (mut program, mut model) = (Program::new(), model());
    for (name, calls) in [("a", 3), ("b", 1), ("c", 2)] {
        program.call(name, calls, 10);
    }
    model.take(frame(program.after(0.0), 0.0));
    let names = |model: &mut Model| {
        let text = text(model, 80, 24);
        let rows = text.lines().skip(3).take_while(|line| !line.is_empty());
        rows.map(|row| row.split_whitespace().next().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(names(&mut model), ">a c b");
    model.press(Key::Char('r'));
    model.press(Key::Down);
    // The first was selected by nobody.
    assert_eq!(names(&mut model), "b >c a");
    model.press(Key::Char('r'));
    assert_eq!(names(&mut model), "a >c b");
    // What is selected stays so when it moves.
    program.call("c", 9, 10);
    model.take(frame(program.after(1.0), 0.0));
    assert_eq!(names(&mut model), ">c a b");
    for key in "/B".chars().map(Key::Char) {
        assert_eq!(model.press(key), Effect::None);
    }
    assert_eq!(names(&mut model), ">b");
    // While it is typed, letters are letters.
    assert_eq!(model.press(Key::Char('q')), Effect::None);
    assert!(text(&mut model, 80, 24).contains("no operation has this in its name"));
    model.press(Key::Escape);
    assert_eq!(model.press(Key::Char('q')), Effect::Quit);
    assert_eq!(model.press(Key::Interrupt), Effect::Interrupt);
}

#[test]
fn a_page_follows_the_selected_row() {
    let (mut program, mut model) = (Program::new(), model());
    for number in 0..100 {
        program.call(&format!("op{number:02}"), 1, 1);
    }
    model = model.arranged(WatchOrder::Name, "");
    model.take(frame(program.after(0.0), 0.0));
    let first_and_selected = |model: &mut Model| {
        let text = text(model, 80, 13);
        let rows: Vec<&str> = text.lines().skip(3).take(9).collect();
        let selected = rows.iter().find(|row| row.starts_with('>')).unwrap();
        (rows[0][1..5].to_owned(), selected[1..5].to_owned())
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(first_and_selected(&mut model), pair("op00", "op00"));
    model.press(Key::PageDown);
    assert_eq!(first_and_selected(&mut model), pair("op01", "op09"));
    model.press(Key::End);
    assert_eq!(first_and_selected(&mut model), pair("op91", "op99"));
    model.press(Key::Up);
    assert_eq!(first_and_selected(&mut model), pair("op91", "op98"));
    model.press(Key::Home);
    assert_eq!(first_and_selected(&mut model), pair("op00", "op00"));
}

#[test]
fn all_of_one_operation_is_asked_for_and_shown() {
    let (mut program, mut model) = (Program::new(), model());
    program.call("pay", 90, 2);
    program.call("pay", 10, 50);
    program.fail("pay");
    model.take(frame(program.after(0.0), 0.0));
    assert_eq!(model.wanted(), None);
    assert_eq!(model.press(Key::Enter), Effect::Asks);
    assert_eq!(model.wanted(), Some("pay"));
    assert!(text(&mut model, 80, 24).contains("waiting for its distribution"));
    let wanted = model.wanted().map(str::to_owned);
    let process = ProcessFigures::default();
    let report = program.after(1.0);
    model.take(Frame::of(
        report,
        wanted.as_deref(),
        process,
        &Reference::default(),
    ));
    let shown = text(&mut model, 80, 30);
    for part in [
        "failed 1",
        "refused",
        "last period",
        "how many calls took so long",
        "90 █████",
    ] {
        assert!(shown.contains(part), "{part} in:\n{shown}");
    }
    // A look without it leaves what is known.
    model.take(frame(program.after(1.0), 0.0));
    assert!(text(&mut model, 80, 30).contains("90 █████"));
    assert_eq!(model.press(Key::Escape), Effect::Asks);
    assert_eq!(model.wanted(), None);
}

#[test]
fn a_session_is_sought_and_a_program_is_not() {
    let (mut program, mut model) = (Program::new(), model());
    program.call("pay", 1, 1);
    assert_eq!(model.press(Key::Left), Effect::None);
    let before = frame(program.after(0.0), 0.0);
    program.call("pay", 8, 1);
    let playback = Playback { index: 1, count: 9 };
    model.play(playback, Some(before), frame(program.after(2.0), 1.0));
    assert_eq!(row(&mut model, "pay")[1], "4");
    assert!(text(&mut model, 80, 24).contains("2 of 9"));
    for (key, seek) in [
        (Key::Left, Seek::By(-1)),
        (Key::Right, Seek::By(1)),
        (Key::Char('<'), Seek::By(-10)),
        (Key::Home, Seek::Start),
        (Key::End, Seek::End),
    ] {
        assert_eq!(model.press(key), Effect::Seek(seek));
    }
    // Back at the first there is nothing before it, and that is no restart.
    let mut first = Program::new();
    first.call("pay", 1, 1);
    model.play(
        Playback { index: 0, count: 9 },
        None,
        frame(first.after(0.0), 0.0),
    );
    assert!(!text(&mut model, 80, 24).contains("restarted"));
}
