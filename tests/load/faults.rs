//! Servers that do not answer as they should: each is counted by its kind and told, and ends
//! nothing but its own request.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use perfkit::OperationSnapshot;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::load_server::{OK, Server, nobody, write};
use crate::support::{Answer, Folder};

/// 20 requests.
const SHORT: [&str; 9] = [
    "load",
    "--rate",
    "100/s",
    "-d",
    "200ms",
    "--arrivals",
    "constant",
    "--format",
    "json",
];

fn load(url: &str, more: &[&str]) -> Answer {
    let arguments = SHORT.iter().chain(more).copied().chain([url]);
    Folder::new().run(arguments)
}

fn operation(answer: &Answer) -> OperationSnapshot {
    answer.report().operations[0].clone()
}

/// All 20 failed, of this kind.
#[track_caller]
fn assert_all_failed(answer: Answer, kind: &str) {
    let answer = answer
        .exits_with(4)
        .complains("no request succeeded")
        .complains(kind);
    let operation = operation(&answer);
    assert_eq!(operation.lifetime.calls.failure, 20, "{answer:#?}");
    assert_eq!(operation.errors[0].kind, kind, "{answer:#?}");
    assert_eq!(operation.errors[0].count, 20, "{answer:#?}");
}

#[test]
fn a_server_that_is_not_there_refuses() {
    let answer = load(&format!("http://{}/", nobody()), &[]);
    assert_all_failed(answer, "refused");
}

#[test]
fn a_host_without_an_address_is_told() {
    assert_all_failed(load("http://nowhere.invalid/", &[]), "dns");
}

#[test]
fn statuses_of_errors_are_failures() {
    let answer = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
    let server = Server::start(move |stream, _| write(stream, answer));
    assert_all_failed(load(&server.url("/"), &[]), "status_503");
}

#[test]
fn a_server_that_never_answers_runs_into_the_time_out() {
    let server = Server::start(|_, _| {
        thread::sleep(Duration::from_secs(3600));
        false
    });
    assert_all_failed(load(&server.url("/"), &["--timeout", "50ms"]), "timeout");
}

#[test]
fn what_has_no_time_out_is_cut_off_at_the_end() {
    let server = Server::start(|_, _| {
        thread::sleep(Duration::from_secs(3600));
        false
    });
    let more = ["--timeout", "1h", "--drain", "50ms", "--max-in-flight", "5"];
    let answer = load(&server.url("/"), &more).exits_with(4);
    let operation = operation(&answer);
    let (calls, run) = (operation.lifetime.calls, operation.load.unwrap());
    assert_eq!((calls.cancelled, calls.failure), (5, 15));
    assert_eq!((run.cut_off, run.shed, run.offered), (5, 15, 20));
}

#[test]
fn connections_that_end_too_early_are_told_as_that() {
    let server = Server::start(|_, _| false);
    assert_all_failed(load(&server.url("/"), &[]), "closed_early");
    // It promises more than it sends.
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
    let server = Server::start(move |stream, _| {
        write(stream, half);
        false
    });
    assert_all_failed(load(&server.url("/"), &[]), "closed_early");
    // It closes its half, and keeps the other open.
    let kept = Mutex::new(Vec::new());
    let server = Server::start(move |stream, _| {
        stream.shutdown(Shutdown::Write).unwrap();
        kept.lock().unwrap().push(stream.try_clone().unwrap());
        false
    });
    assert_all_failed(load(&server.url("/"), &[]), "closed_early");
}

#[test]
fn what_is_no_http_is_told_as_that() {
    let server = Server::start(|stream, _| write(stream, "220 mail.example ESMTP\r\n\r\n"));
    assert_all_failed(load(&server.url("/"), &[]), "protocol");
}

#[test]
fn a_server_that_goes_away_takes_its_part_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().take(10) {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 1024];
            let _ = std::io::Read::read(&mut stream, &mut buffer);
            write(&mut stream, OK);
        }
    });
    let answer = load(&format!("http://{address}/"), &["--no-keep-alive"]).exits_with(0);
    let operation = operation(&answer);
    let calls = operation.lifetime.calls;
    assert_eq!((calls.success, calls.failure), (10, 10), "{operation:#?}");
}

#[test]
fn more_connections_than_files_may_be_open_are_told() {
    let server = Server::start(|_, _| {
        thread::sleep(Duration::from_secs(3600));
        false
    });
    let folder = Folder::new();
    let url = server.url("/");
    let arguments = [
        "load",
        "--rate",
        "1k/s",
        "-d",
        "200ms",
        "--arrivals",
        "constant",
    ];
    let more = ["--timeout", "2s", "--format", "json", url.as_str()];
    let perfkit = folder.perfkit(arguments.into_iter().chain(more));
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""])
        .arg(perfkit.get_program())
        .args(perfkit.get_args());
    let answer = Answer::of(command).exits_with(4);
    let operation = operation(&answer);
    let of = |kind: &str| {
        let error = operation.errors.iter().find(|error| error.kind == kind);
        error.map_or(0, |error| error.count)
    };
    let (no_file, late) = (of("too_many_open_files"), of("timeout"));
    assert_eq!(no_file + late, 200, "{operation:#?}");
    assert!(no_file >= 100 && late >= 1, "{operation:#?}");
}

/// All are open together: the server answers none before it has all. They come as quickly as
/// a system takes them that has other work: what it drops has to come again, and late.
#[test]
fn ten_thousand_connections_are_held() {
    const ALL: usize = 10_000;
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    if limit.maximum.is_some_and(|most| most < ALL as u64 + 500) {
        let Rlimit { maximum, .. } = limit;
        panic!("this test opens {ALL} files, and {maximum:?} may be: raise `ulimit -n`");
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // Where a server is slow to accept, the system drops what waits beyond 128.
    rustix::net::listen(&listener, 4096).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let all: Vec<TcpStream> = listener.incoming().flatten().take(ALL).collect();
        for mut stream in all {
            // What is closed with something unread is reset.
            let mut buffer = [0; 1024];
            let _ = std::io::Read::read(&mut stream, &mut buffer);
            // Else the last request may take a connection that is about to be closed.
            let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
            write(&mut stream, answer);
        }
    });
    let url = format!("http://{address}/");
    let answer = Folder::new().run([
        "load",
        "--rate",
        "1k/s",
        "-d",
        "10s",
        "--arrivals",
        "constant",
        "--timeout",
        "100s",
        "--drain",
        "100s",
        "--format",
        "json",
        &url,
    ]);
    let answer = answer.exits_with(0);
    let operation = operation(&answer);
    assert_eq!(
        operation.lifetime.calls.success, ALL as u64,
        "{:?}",
        operation.errors
    );
    assert_eq!(operation.load.unwrap().most_in_flight, ALL as u64);
}

#[test]
fn what_cannot_be_asked_is_refused_before_anything_is_sent() {
    let server = Arc::new(Server::quick());
    let url = server.url("/");
    for (arguments, why) in [
        (vec!["load", "--rate", "0", &url], "no rate"),
        (vec!["load", &url], "--rate"),
        (vec!["load", "--rate", "1/s"], "URL"),
        (
            vec!["load", "--rate", "1/s", "gopher://a/"],
            "no URL such as",
        ),
        (
            vec!["load", "--rate", "1/s", "http://me:secret@a/"],
            "as a header",
        ),
        (
            vec!["load", "--rate", "1/s", "-H", "secret", &url],
            "Name: value",
        ),
        (
            vec!["load", "--rate", "1/s", "-X", "G T", &url],
            "no method",
        ),
        (
            vec!["load", "--rate", "1/s", "--shard", "3/2", &url],
            "no share",
        ),
        (
            vec!["load", "--rate", "1/s", "--clients", "1", &url],
            "cannot be used",
        ),
        // What would not be obeyed.
        (
            vec!["load", "--clients", "1", "--seed", "3", &url],
            "cannot be used",
        ),
        (vec!["load", "--clients", "0", &url], "1..=100000"),
        (
            vec!["load", "--rate", "1/s", "--max-in-flight", "0", &url],
            "--max-in-flight",
        ),
        (
            vec![
                "load",
                "--rate",
                "1/s",
                "--name",
                "x",
                "--compare",
                &url,
                &url,
            ],
            "cannot be used",
        ),
        (
            vec![
                "load",
                "--rate",
                "1/s",
                "--slices",
                "1",
                "--compare",
                &url,
                &url,
            ],
            "2..=10000",
        ),
    ] {
        let answer = Folder::new().run(&arguments).exits_with(2).complains(why);
        assert!(!answer.stderr.contains("secret@"), "{answer:#?}");
    }
    Folder::new()
        .run(["load", "--rate", "1/s", "--targets", "absent.txt"])
        .exits_with(4)
        .complains("absent.txt");
    assert_eq!(server.seen().connections, 0);
}
