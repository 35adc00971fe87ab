//! `perfkit load --compare`.

use std::time::Duration;

use perfkit::report::Verdict;

use crate::load_server::{OK, Server, write};
use crate::support::{Folder, assert_fits_schema};

/// A server that takes 40 ms for each answer is slower than one that takes none, whatever the
/// machine does beside: medians of 20 slices each are compared.
#[test]
fn two_targets_take_turns_and_get_a_verdict() {
    let (folder, quick) = (Folder::new(), Server::quick());
    let slow = Server::start(|stream, _| {
        std::thread::sleep(Duration::from_millis(40));
        write(stream, OK)
    });
    let (first, second) = (quick.url("/?token=x"), slow.url("/"));
    let answer = folder.run([
        "load",
        "--rate",
        "50/s",
        "-d",
        "4s",
        "--compare",
        &second,
        "--format",
        "json",
        &first,
    ]);
    let answer = answer.exits_with(0);
    assert_fits_schema(&answer.stdout);
    assert!(!answer.stdout.contains("token"));
    let report = answer.report();
    let of_median = |is_control: bool| {
        let mut all = report.comparisons.iter();
        let found =
            all.find(|c| c.is_control == is_control && c.metric.name() == "response_median");
        found.unwrap()
    };
    assert_eq!(of_median(false).verdict, Verdict::Slower, "{report:#?}");
    assert_eq!(of_median(false).pairs, 20);
    assert_ne!(of_median(true).verdict, Verdict::Slower);
    let [baseline, candidate] = [&quick, &slow].map(|server| server.seen().all());
    // The control is of the first, with the same moments.
    assert_eq!(baseline, 2 * candidate);
    let counted = report.operations.iter().map(|o| o.lifetime.count());
    assert_eq!(counted.collect::<Vec<_>>(), [candidate, candidate]);
}

#[test]
fn one_target_is_not_compared_with_itself() {
    let server = Server::quick();
    let (first, second) = (server.url("/?a"), server.url("/?b"));
    Folder::new()
        .run(["load", "--rate", "1/s", "--compare", &second, &first])
        .exits_with(2)
        .complains("the same");
}
