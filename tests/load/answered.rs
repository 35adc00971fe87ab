//! Servers that answer: what is counted is what they saw.

use std::time::Duration;

use perfkit::report::LoadModel;
use perfkit::unit::Unit;

use crate::load_server::{OK, Server, write};
use crate::support::{Folder, Guarded, assert_fits_schema, eventually};

#[test]
fn every_request_is_sent_and_counted_once() {
    let (folder, server) = (Folder::new(), Server::quick());
    let url = server.url("/item?id=7");
    let answer = folder
        .run([
            "load",
            "--rate",
            "400/s",
            "--duration",
            "500ms",
            "--arrivals",
            "constant",
            "--format",
            "json",
            &url,
        ])
        .exits_with(0);
    assert_fits_schema(&answer.stdout);
    let report = answer.report();
    let operation = &report.operations[0];
    assert_eq!(operation.name, "GET /item");
    let calls = &operation.lifetime;
    assert_eq!((calls.calls.success, calls.count()), (200, 200));
    assert_eq!(calls.calls_per_second, Some(400.0));
    for metric in ["execution_time", "service_time", "schedule_lag"] {
        let summary = calls.metric(metric).unwrap();
        assert_eq!(
            (summary.count, summary.unit),
            (200, Unit::Nanoseconds),
            "{metric}"
        );
    }
    let load = operation.load.as_ref().unwrap();
    assert_eq!(
        (load.model, load.offered, load.shed),
        (LoadModel::Open, 200, 0)
    );
    let seen = server.seen();
    assert_eq!(seen.requests["GET /item?id=7 HTTP/1.1"], 200);
    assert!(seen.connections < 200, "{} connections", seen.connections);
    assert!(!answer.stdout.contains("id=7"), "a query may be a secret");
}

#[test]
fn method_headers_and_body_are_sent_and_no_secret_is_kept() {
    let (folder, server) = (Folder::new(), Server::quick());
    let url = server.url("/orders");
    let answer = folder
        .run([
            "load",
            "--rate",
            "100/s",
            "-d",
            "100ms",
            "--arrivals",
            "constant",
            "-X",
            "POST",
            "-H",
            "Authorization: Bearer s3cret",
            "-H",
            "X-Run: 1",
            "--body",
            "{\"n\": 1}",
            "--no-keep-alive",
            "--format",
            "json",
            &url,
        ])
        .exits_with(0);
    let seen = server.seen();
    assert_eq!(seen.requests["POST /orders HTTP/1.1"], 10);
    assert_eq!(seen.connections, 10);
    let head = seen.heads[0].to_lowercase();
    for part in [
        "authorization: bearer s3cret",
        "x-run: 1",
        "content-length: 8",
    ] {
        assert!(head.contains(part), "{part} is not in {head}");
    }
    assert!(!answer.stdout.contains("s3cret"));
}

#[test]
fn several_addresses_are_asked_as_their_weights_say() {
    let (folder, server) = (Folder::new(), Server::quick());
    let lines = format!(
        "# weights\n3 GET {}\nPOST {}\n",
        server.url("/often"),
        server.url("/seldom")
    );
    folder.write("urls.txt", &lines);
    let arguments = [
        "load",
        "--rate",
        "1k/s",
        "-d",
        "400ms",
        "--arrivals",
        "constant",
    ];
    let answer = folder.run(arguments.into_iter().chain(["--targets", "urls.txt"]));
    answer.exits_with(0).says("400");
    let seen = server.seen();
    let often = seen.requests["GET /often HTTP/1.1"];
    let seldom = seen.requests["POST /seldom HTTP/1.1"];
    assert_eq!(often + seldom, 400);
    assert!((250..350).contains(&often), "{often}");
}

#[test]
fn a_closed_load_says_that_it_hides_waiting() {
    let (folder, server) = (Folder::new(), Server::quick());
    let url = server.url("/");
    folder
        .run(["load", "--clients", "2", "-d", "100ms", &url])
        .exits_with(0)
        .says("closed load, which hides waiting");
}

#[test]
fn the_answer_comes_first_for_people() {
    let (folder, server) = (Folder::new(), Server::quick());
    let url = server.url("/");
    let arguments = [
        "load",
        "--rate",
        "200/s",
        "-d",
        "200ms",
        "--arrivals",
        "constant",
    ];
    let answer = folder
        .run(arguments.into_iter().chain([url.as_str()]))
        .exits_with(0);
    let first = answer.stdout.lines().next().unwrap();
    assert!(first.contains("GET /"), "{first}");
    assert!(
        first.contains("40 operations") || first.contains("inconclusive"),
        "{first}"
    );
    let answer = answer.says("response, from when it was due");
    answer.says("lag of the generator");
}

#[test]
fn an_interrupted_run_keeps_its_result() {
    let (folder, server) = (Folder::new(), Server::quick());
    let url = server.url("/");
    let mut command = folder.perfkit([
        "load",
        "--rate",
        "200/s",
        "-d",
        "1h",
        "--save",
        "load.json",
        "-q",
        &url,
    ]);
    command.stdout(std::process::Stdio::null());
    let mut perfkit = Guarded(command.spawn().unwrap());
    assert!(eventually(|| server.seen().all() >= 20));
    let pid = rustix::process::Pid::from_child(&perfkit.0);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(perfkit.0.wait().unwrap().code(), Some(130));
    let report = folder.report("load.json");
    let operation = &report.operations[0];
    assert!(operation.load.as_ref().unwrap().is_interrupted);
    assert_eq!(operation.lifetime.calls.success, server.seen().all());
}

/// What the server holds back is in the response times, however the generator is scheduled:
/// it answers nothing before its hundredth request has come.
#[test]
fn waiting_is_in_the_times() {
    let folder = Folder::new();
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counted = std::sync::Arc::clone(&seen);
    let server = Server::start(move |stream, _| {
        use std::sync::atomic::Ordering::SeqCst;
        counted.fetch_add(1, SeqCst);
        while counted.load(SeqCst) < 100 {
            std::thread::sleep(Duration::from_millis(1));
        }
        write(stream, OK)
    });
    let url = server.url("/");
    let answer = folder.run([
        "load",
        "--rate",
        "100/s",
        "-d",
        "1s",
        "--arrivals",
        "constant",
        "--format",
        "json",
        &url,
    ]);
    let report = answer.exits_with(0).report();
    let time = report.operations[0]
        .lifetime
        .execution_time()
        .unwrap()
        .clone();
    // The first request came 990 ms before the last, and half of them 490 ms before it.
    assert!(time.max.unwrap() >= 990e6, "{time:?}");
    assert!(time.median.unwrap() >= 485e6, "{time:?}");
    assert_eq!(time.count, 100);
}
