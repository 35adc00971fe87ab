use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use perfkit_patterns::Database;
use perfkit_patterns::offline_queue::{Answer, Change, Queue, Server};

fn sides() -> (Database, Database, Queue, Server) {
    let (here, there) = (Database::new("").unwrap(), Database::new("").unwrap());
    let queue = Queue::new(here.connect().unwrap()).unwrap();
    let server = Server::new(there.connect().unwrap()).unwrap();
    (here, there, queue, server)
}

#[test]
fn what_is_written_while_the_server_is_away_is_sent_in_its_order() {
    let (_here, _there, queue, mut server) = sides();
    server.is_there = false;
    queue.add(1, 0, "first").unwrap();
    queue.add(1, 1, "second").unwrap();
    assert!(queue.send(&mut server).is_err());
    assert_eq!(queue.waiting().unwrap().len(), 2);
    server.is_there = true;
    assert_eq!(queue.send(&mut server).unwrap(), 0);
    assert!(queue.waiting().unwrap().is_empty());
    assert_eq!(server.text(1).unwrap().unwrap(), "second");
}

#[test]
fn a_change_that_is_sent_twice_counts_once() {
    let (_here, _there, _, mut server) = sides();
    let change = Change {
        key: 5,
        note: 1,
        seen: 0,
        text: "a text".to_owned(),
    };
    for _ in 0..2 {
        assert_eq!(server.take(&change).unwrap(), Answer::Written);
    }
    assert_eq!(server.taken().unwrap(), 1);
}

#[test]
fn in_a_conflict_both_texts_are_kept() {
    let (_here, _there, queue, mut server) = sides();
    queue.add(1, 0, "mine").unwrap();
    queue.add(1, 0, "theirs, of the same version").unwrap();
    assert_eq!(queue.send(&mut server).unwrap(), 1);
    let text = server.text(1).unwrap().unwrap();
    assert_eq!(text, "mine\ntheirs, of the same version");
}

#[test]
fn nothing_that_was_answered_is_lost_over_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    let mut child = Command::new(env!("CARGO_BIN_EXE_perfkit-patterns"))
        .args(["fill-queue".as_ref(), file.as_os_str()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // A line for each change that is in the queue, until it is killed in the middle of one.
    let answers = BufReader::new(child.stdout.take().unwrap());
    let mut answers = answers.lines().map_while(Result::ok);
    let mut last: i64 = 0;
    for _ in 0..200 {
        last = answers.next().unwrap().parse().unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What it had answered and nobody had read yet. The last line may lack its end.
    let complete = |line: String| line.parse().unwrap_or(0);
    last = answers.map(complete).fold(last, i64::max);
    let open = || rusqlite::Connection::open(&file).unwrap();
    let waiting = Queue::new(open()).unwrap().waiting().unwrap();
    let keys: Vec<i64> = waiting.iter().map(|change| change.key).collect();
    assert!(last >= 200);
    assert_eq!(keys, (1..=keys.len() as i64).collect::<Vec<_>>());
    // One more may be there than was answered: it was killed in between.
    assert!((last..=last + 1).contains(&(keys.len() as i64)), "{last}");
    let (there, queue) = (Database::new("").unwrap(), Queue::new(open()).unwrap());
    let mut server = Server::new(there.connect().unwrap()).unwrap();
    queue.send(&mut server).unwrap();
    assert_eq!(server.taken().unwrap(), keys.len() as u64);
}
