//! Sessions that are kept and shown again.

use crate::program::Session;
use crate::support::Answer;
use crate::terminal::Terminal;

#[test]
fn what_was_seen_is_shown_again_with_pause_and_seek() {
    let session = Session::new();
    let mut program = session.start("call first 1");
    let pid = program.pid();
    let watch = session.perfkit(&["watch", &pid, "--every", "50ms", "--record", "seen.jsonl"]);
    let mut terminal = Terminal::start(watch, 100, 24);
    terminal.shows("first");
    program.tell("call second 20");
    terminal.shows("second");
    terminal.press("q");
    assert_eq!(terminal.end().0.code(), Some(0));
    let kept = session.folder.read("seen.jsonl");
    let count = kept.lines().count();
    assert!(count >= 2 && kept.ends_with('\n'));
    // One that was killed within a line leaves the others.
    session
        .folder
        .write("seen.jsonl", &format!("{kept}{{\"schema\""));

    let mut terminal = Terminal::start(session.perfkit(&["watch", "seen.jsonl"]), 100, 24);
    terminal.press(" ");
    terminal.shows("paused");
    terminal.press("\x1b[F");
    terminal.shows(&format!("{count} of {count}"));
    let text = terminal.shows("second");
    assert!(text.contains("threads"), "{text}");
    terminal.press("\x1b[H");
    terminal.shows(&format!("1 of {count}"));
    terminal.shows_no("second");
    terminal.press("\x1b[C");
    terminal.shows(&format!("2 of {count}"));
    terminal.press("\x1b[D\x1b[D\x1b[D");
    terminal.shows(&format!("1 of {count}"));
    // It goes on by itself, to the end.
    terminal.press(" ");
    terminal.shows(&format!("{count} of {count}"));
    terminal.press("q");
    assert_eq!(terminal.end().0.code(), Some(0));
}

#[test]
fn what_is_no_session_is_not_overwritten() {
    let session = Session::new();
    let program = session.start("call step 1");
    session.folder.write("precious.txt", "mine");
    let watch = session.perfkit(&["watch", &program.pid(), "--record", "precious.txt"]);
    let terminal = Terminal::start(watch, 80, 24);
    let (status, text) = terminal.end();
    assert_eq!(status.code(), Some(2));
    assert!(text.contains("holds no session"), "{text}");
    assert_eq!(session.folder.read("precious.txt"), "mine");
}

#[test]
fn a_damaged_session_is_told_by_its_line() {
    let session = Session::new();
    let damaged = "{\"schema\":\"perfkit-watch/1\",\"process\":{}}\n";
    session.folder.write("damaged.jsonl", damaged);
    let watch = session.perfkit(&["watch", "damaged.jsonl"]);
    let (status, text) = Terminal::start(watch, 120, 24).end();
    assert_eq!(status.code(), Some(4));
    assert!(text.contains("line 1: missing field"), "{text}");
    let once = session.perfkit(&["watch", "damaged.jsonl", "--once"]);
    assert_ne!(Answer::of(once).code, Some(0));
}
