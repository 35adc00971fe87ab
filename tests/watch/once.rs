//! One look, for scripts, at every kind of source.

use std::io::{Read, Write};
use std::net::TcpListener;

use perfkit::prometheus::TextFormat;
use perfkit::{Monitor, Report};

use crate::program::Session;
use crate::support::{Answer, assert_fits_schema, eventually};

fn run(session: &Session, arguments: &[&str]) -> Answer {
    Answer::of(session.perfkit(arguments))
}

#[test]
fn programs_are_listed_and_those_that_were_killed_are_swept() {
    let session = Session::new();
    run(&session, &["watch"])
        .exits_with(0)
        .says("No program of this user can be watched");
    let one = session.start("call step 3");
    let mut other = session.start("call step 3");
    let list = run(&session, &["watch"]).exits_with(0);
    assert!(list.stdout.contains(&one.pid()) && list.stdout.contains(&other.pid()));
    let list = list.says("served").says("UTC");
    assert_eq!(list.stdout.lines().count(), 3, "{}", list.stdout);
    other.kill();
    assert_eq!(session.sockets(), 2);
    let list = run(&session, &["watch"]).exits_with(0);
    assert!(!list.stdout.contains(&other.pid()));
    assert_eq!(session.sockets(), 1);
    assert!(one.socket().exists());
}

#[test]
fn a_process_tells_what_it_recorded() {
    let session = Session::new();
    let program = session.start("call pay 300|fail pay 5|hold open|call odd\u{1b}[2Jname 2");
    program.has("pay", 305);
    let once = |more: &[&str]| {
        let pid = program.pid();
        let arguments = [&["watch", &pid, "--once"], more].concat();
        run(&session, &arguments)
    };
    let table = once(&[])
        .exits_with(0)
        .says("operation")
        .says("calls/s")
        .says("in flight");
    let row = |name: &str| {
        table
            .stdout
            .lines()
            .find(|line| line.contains(name))
            .unwrap()
    };
    let cells: Vec<&str> = row("pay").split_whitespace().collect();
    assert!(cells.contains(&"5"), "{cells:?}");
    assert!(row("odd").contains("\u{FFFD}[2Jname") && !table.stdout.contains('\u{1b}'));
    let filtered = once(&["--filter", "PAY"]).exits_with(0);
    assert!(filtered.stdout.contains("pay") && !filtered.stdout.contains("open"));
    let json = once(&["--format", "json"]).exits_with(0);
    assert_fits_schema(&json.stdout);
    let report = json.report();
    let pay = report
        .operations
        .iter()
        .find(|found| found.name == "pay")
        .unwrap();
    assert_eq!(
        (pay.lifetime.calls.success, pay.lifetime.calls.failure),
        (300, 5)
    );
    assert!(pay.lifetime.execution_time().unwrap().histogram.is_some());
    // By its name too.
    run(&session, &["watch", "served", "--once"])
        .exits_with(0)
        .says("pay");
}

#[test]
fn rows_are_sorted() {
    let session = Session::new();
    let program = session.start("call b 10|call c 20|fail a 3");
    program.has("a", 3);
    let order = |sort: &str| {
        let pid = program.pid();
        let answer = run(&session, &["watch", &pid, "--once", "--sort", sort]).exits_with(0);
        let names = answer
            .stdout
            .lines()
            .skip(1)
            .map(|line| line.trim()[..1].to_owned());
        names.collect::<String>()
    };
    assert_eq!(order("name"), "abc");
    assert_eq!(order("failed"), "abc");
    assert!(eventually(|| order("rate") == "cba"));
}

#[test]
fn what_cannot_be_watched_is_told_with_what_to_do() {
    let session = Session::new();
    let complains = |arguments: &[&str], code, text: &str| {
        run(&session, arguments).exits_with(code).complains(text)
    };
    complains(
        &["watch", "999999999", "--once"],
        4,
        "there is no process 999999999",
    );
    let own = std::process::id().to_string();
    complains(&["watch", &own, "--once"], 4, "cannot be watched").complains("PERFKIT=watch");
    complains(&["watch", "nothing", "--once"], 2, "nothing is no process");
    complains(&["watch", "https://host:1", "--once"], 2, "only plain http");
    complains(&["watch", "127.0.0.1:1", "--once"], 4, "nobody answers");
    complains(&["watch", "--once", "--", "true"], 2, "perfkit run");
    complains(&["watch", "--", "true"], 2, "--once prints one table");
    complains(&["watch", "5", "--format", "json"], 2, "--once");
    let program = session.start("call step 1");
    complains(
        &["watch", &program.pid(), "--once", "--format", "svg"],
        2,
        "perfkit report",
    );
}

#[test]
fn a_program_that_tells_no_table_is_asked_for_a_report() {
    let session = Session::new();
    let monitor = Monitor::new();
    monitor.measure("pay", || ());
    let report = serde_json::to_vec(&Report::from_snapshot(monitor.snapshot())).unwrap();
    session.pretend(move |line| match line.contains("Brief") {
        true => [
            format!("{{\"bytes\":{}}}\n", report.len()).as_bytes(),
            &report,
        ]
        .concat(),
        false => b"{\"bytes\":0,\"refused\":\"it is unknown\"}\n".to_vec(),
    });
    let own = std::process::id().to_string();
    run(&session, &["watch", &own, "--once"])
        .exits_with(0)
        .says("pay");
}

#[test]
fn what_is_no_table_is_told_and_a_part_of_one_too() {
    let rows = "{\"form\":1,\"taken_at_ns\":0}\n[\"a\",[1,0,0,0,0],[1,1,1,null,null,1,1],null]\n";
    let refused = [
        ("{\"form\":7,\"taken_at_ns\":0}\n", 0, "form 7"),
        ("nonsense\n", 0, "no table"),
        (rows, 5, "no table"),
        ("", 999_999_999, "too large"),
    ];
    for (body, more, complaint) in refused {
        let session = Session::new();
        session
            .pretend(move |_| format!("{{\"bytes\":{}}}\n{body}", body.len() + more).into_bytes());
        let own = std::process::id().to_string();
        run(&session, &["watch", &own, "--once"])
            .exits_with(4)
            .complains(complaint);
    }
}

/// Answers so many requests, each with the next text.
fn serve(texts: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for text in texts {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].starts_with(b"GET /metrics HTTP/1.1\r\n"));
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain";
            write!(
                stream,
                "{head}\r\nContent-Length: {}\r\n\r\n{text}",
                text.len()
            )
            .unwrap();
        }
    });
    address
}

fn exposed(calls: u32) -> String {
    let monitor = Monitor::new();
    (0..calls).for_each(|_| monitor.measure("pay", || ()));
    TextFormat::Text.render(&monitor.snapshot().operations) + "process_threads 7\n"
}

#[test]
fn an_address_tells_rates_once_it_was_asked_twice() {
    let session = Session::new();
    let address = serve(vec![exposed(10), exposed(40)]);
    let table = run(&session, &["watch", &address, "--once", "--every", "100ms"]).exits_with(0);
    let row = table
        .stdout
        .lines()
        .find(|line| line.contains("pay"))
        .unwrap();
    let rate = row.split_whitespace().nth(1).unwrap();
    assert!(rate != "-" && rate != "0", "{row}");
    let address = serve(vec![exposed(10)]);
    let url = format!("http://{address}/");
    let json = run(&session, &["watch", &url, "--once", "--format", "json"]).exits_with(0);
    assert_fits_schema(&json.stdout);
    assert_eq!(json.report().operations[0].lifetime.calls.success, 10);
}

#[test]
fn a_report_tells_what_it_holds_against_a_baseline_and_budgets() {
    let session = Session::new();
    let clock = perfkit::MockClock::new();
    let report = |milliseconds: u64| {
        let monitor = Monitor::with_clock(clock.clone());
        for _ in 0..200 {
            monitor.measure("pay", || {
                clock.advance(std::time::Duration::from_millis(milliseconds));
            });
        }
        Report::from_snapshot(monitor.snapshot())
    };
    let folder = &session.folder;
    report(85).save(folder.path("now.json")).unwrap();
    report(50).save(folder.path("before.json")).unwrap();
    folder.write(
        "perfkit.toml",
        "[[budget]]\noperation = \"pay\"\np95 = \"< 100ms\"\n",
    );
    let look = ["watch", "now.json", "--once", "--baseline", "before.json"];
    let table = run(&session, &look)
        .exits_with(0)
        .says("change")
        .says("budget");
    let row = table
        .stdout
        .lines()
        .find(|line| line.contains("pay"))
        .unwrap();
    assert!(
        row.contains("+7") && row.contains("85% !") | row.contains("84% !"),
        "{row}"
    );
}
