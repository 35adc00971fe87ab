//! Load of several machines: shares of one schedule, added up.

use crate::load_server::Server;
use crate::support::{Folder, assert_fits_schema};

#[test]
fn eight_shares_merged_are_one_run() {
    let (folder, server) = (Folder::new(), Server::quick());
    let url = server.url("/");
    let load = |name: &str, more: &[&str]| {
        let arguments = [
            "load", "--rate", "400/s", "-d", "500ms", "--seed", "5", "--save", name,
        ];
        let arguments = arguments.into_iter().chain(more.iter().copied());
        folder.perfkit(arguments.chain(["-q", url.as_str()]))
    };
    let whole = load("whole.json", &[]).output().unwrap();
    assert!(whole.status.success(), "{whole:?}");
    let of_whole = server.seen().all();
    let names: Vec<String> = (1..=8)
        .map(|number| format!("share-{number}.json"))
        .collect();
    let running: Vec<_> = (1..=8)
        .zip(&names)
        .map(|(number, name)| {
            let mut command = load(name, &["--shard", &format!("{number}/8")]);
            command.stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut share in running {
        assert!(share.wait().unwrap().success());
    }
    assert_eq!(server.seen().all(), 2 * of_whole);
    let files = names.iter().map(String::as_str);
    let merged = folder.run(["merge", "--format", "json"].into_iter().chain(files));
    let merged = merged.exits_with(0);
    assert_fits_schema(&merged.stdout);
    let (merged, whole) = (merged.report(), folder.report("whole.json"));
    let [merged_operation, whole_operation] = [&merged, &whole].map(|r| &r.operations[0]);
    assert_eq!(
        merged_operation.lifetime.calls,
        whole_operation.lifetime.calls
    );
    let [all, one] = [merged_operation, whole_operation].map(|o| o.load.clone().unwrap());
    assert_eq!((all.offered, all.shards.len()), (one.offered, 8));
    // Distributions are those of the shares, added up exactly.
    let shares = names.iter().map(|name| folder.report(name));
    let mut expected = perfkit::histogram::Histogram::new();
    for share in shares {
        let time = share.operations[0]
            .lifetime
            .execution_time()
            .unwrap()
            .clone();
        expected.merge(&time.histogram.unwrap());
    }
    let time = merged_operation.lifetime.execution_time().unwrap();
    assert_eq!(time.histogram.as_ref(), Some(&expected));
    assert_eq!(time.p99, expected.percentile(0.99));
}

#[test]
fn what_is_no_part_of_a_whole_is_refused() {
    let (folder, server) = (Folder::new(), Server::quick());
    let url = server.url("/");
    let load = |name: &str, more: &[&str]| {
        let arguments = ["load", "-d", "100ms", "--save", name, "-q"];
        let arguments = arguments.into_iter().chain(more.iter().copied());
        folder.run(arguments.chain([url.as_str()])).exits_with(0);
    };
    load("one.json", &["--rate", "100/s", "--shard", "1/2"]);
    load("closed.json", &["--clients", "1"]);
    load("third.json", &["--rate", "100/s", "--shard", "1/3"]);
    folder
        .run(["merge", "one.json", "one.json"])
        .exits_with(4)
        .complains("has share 1/2 already");
    folder
        .run(["merge", "one.json", "third.json"])
        .exits_with(4)
        .complains("another number of shares");
    folder
        .run(["merge", "one.json", "closed.json"])
        .exits_with(4)
        .complains("closed in another");
    folder.run(["merge", "one.json"]).exits_with(2);
}
