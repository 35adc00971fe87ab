//! `perfkit load --find-capacity`.

use perfkit::report::{CapacityEnd, TrialOutcome};

use crate::load_server::{Server, write};
use crate::support::{Folder, assert_fits_schema};

const SEARCH: [&str; 5] = ["load", "-d", "100ms", "--find-capacity", "success > 50%"];

#[test]
fn what_takes_every_rate_says_so() {
    let (folder, server) = (Folder::new(), Server::quick());
    let url = server.url("/");
    let more = ["--max-rate", "300/s", "--save", "found.json", url.as_str()];
    let answer = folder.run(SEARCH.into_iter().chain(more)).exits_with(0);
    let answer = answer.says("`GET /`: capacity at least 300 /s, the highest rate that was tried");
    answer.says("kept");
    assert_fits_schema(&folder.read("found.json"));
    let report = folder.report("found.json");
    let capacity = report.capacity.unwrap();
    assert_eq!((capacity.low, capacity.high), (Some(300.0), None));
    assert_eq!(capacity.ends_by, CapacityEnd::HighestRate);
    assert_eq!(capacity.limits, ["success_rate > 50 %"]);
    let due = report.operations.iter().map(|o| o.lifetime.count());
    assert_eq!(due.sum::<u64>(), server.seen().all());
    folder
        .run([
            "report",
            "found.json",
            "--format",
            "html",
            "-o",
            "page.html",
        ])
        .exits_with(0);
    let page = folder.read("page.html");
    assert!(page.contains("capacity at least"));
    assert!(page.contains("Response time over the rate"));
    assert!(page.contains("<h1>Capacity: GET /</h1>"));
    let picture = folder.run(["report", "found.json", "--format", "svg"]);
    let picture = picture.exits_with(0).says("Response time over the rate");
    picture.says("capacity at least 300 /s");
}

#[test]
fn what_takes_none_says_so() {
    let answer = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";
    let server = Server::start(move |stream, _| write(stream, answer));
    let url = server.url("/");
    let more = ["--format", "json", "--strict", url.as_str()];
    let answer = Folder::new().run(SEARCH.into_iter().chain(more));
    let capacity = answer.report().capacity.unwrap();
    assert_eq!(capacity.low, None);
    assert_eq!(capacity.trials[0].outcome, TrialOutcome::Broken);
}

#[test]
fn what_is_no_limit_is_refused_before_anything_is_sent() {
    let server = Server::quick();
    let url = server.url("/");
    for (limits, why) in [
        ("p99 > 100ms", "lower is better"),
        ("speed < 1s", "there are mean, median"),
        ("p99 < fast", "p99 < fast"),
    ] {
        let arguments = ["load", "--find-capacity", limits, url.as_str()];
        Folder::new().run(arguments).exits_with(2).complains(why);
    }
    assert_eq!(server.seen().connections, 0);
}
