//! The real program where a server is not there: a line each, and the lesson runs all the same.

use std::net::TcpListener;
use std::process::Command;

/// What the program says of lesson 10 on standard error, and what it shows.
fn pool(urls: &[(&str, &str)]) -> (Vec<String>, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_perfkit-patterns"));
    command.args(["run", "pool", "--quick", "--output"]);
    command.arg(folder.path());
    command.env_remove("DATABASE_URL").env_remove("REDIS_URL");
    let output = command.envs(urls.iter().copied()).output().unwrap();
    let [shown, said] = [output.stdout, output.stderr].map(|b| String::from_utf8(b).unwrap());
    assert!(output.status.success(), "{said}");
    assert!(folder.path().join("patterns.html").is_file());
    let lines = said.lines().filter(|line| line.contains("default engines"));
    (lines.map(str::to_owned).collect(), shown)
}

#[test]
fn no_server_is_one_line_and_the_lesson_runs() {
    let (lines, shown) = pool(&[]);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("warning: neither DATABASE_URL nor REDIS_URL is set"));
    assert!(shown.contains("a query by its key") && !shown.contains("PostgreSQL"));
}

#[test]
fn servers_that_do_not_answer_are_a_line_each_and_the_lesson_runs() {
    // A port of this machine that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = free.local_addr().unwrap();
    drop(free);
    let (database, redis) = (format!("postgres://me@{at}/db"), format!("redis://{at}/"));
    let (lines, shown) = pool(&[("DATABASE_URL", &database), ("REDIS_URL", &redis)]);
    let [first, second] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert!(first.starts_with(&format!("warning: PostgreSQL at {at} cannot be reached")));
    assert!(second.starts_with(&format!("warning: Redis at {at} cannot be reached")));
    assert!(shown.contains("a query by its key") && !shown.contains("PostgreSQL"));
}
