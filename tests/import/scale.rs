//! Large results of other tools: what reading and comparing them takes grows with their
//! size, and no faster. Nothing here is held to a time.
#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::process::Command;

use crate::support::{Answer, Folder, required};

/// What `go test -bench` prints of so many benchmarks, each with three metrics.
fn go_lines(benchmarks: usize) -> String {
    let mut text =
        "goos: linux\ngoarch: amd64\npkg: example.com/long/name/of/a/package\n".to_owned();
    for number in 0..benchmarks {
        let time = number % 997 + 1;
        writeln!(
            text,
            "BenchmarkThing{number}-2 \t 1000\t {time}.25 ns/op\t 16 B/op\t 1 allocs/op"
        )
        .unwrap();
    }
    text
}

/// Runs perfkit with so much memory of any kind, its own program included.
fn within(folder: &Folder, mebibytes: u64, arguments: &str) -> Answer {
    let program = env!("CARGO_BIN_EXE_perfkit");
    let limit = mebibytes << 10;
    let script = format!("ulimit -v {limit}; exec '{program}' {arguments}");
    Answer::of({
        let mut command = Command::new("sh");
        command.args(["-c", &script]).current_dir(folder.path(""));
        command
    })
}

/// The program alone takes some 60 MiB of address space in a build for tests.
const PROGRAM: u64 = 70;

#[test]
fn many_benchmarks_take_little_memory_each() {
    const BENCHMARKS: usize = 50_000;
    // 1.7 kB each; lines are printed as they are made.
    const MEBIBYTES: u64 = PROGRAM + 85;
    let folder = Folder::new();
    folder.write("go.txt", &go_lines(BENCHMARKS));
    let answer = within(&folder, MEBIBYTES, "report go.txt --format csv").exits_with(0);
    assert_eq!(answer.stdout.lines().count(), 1 + 3 * BENCHMARKS);
    // Tables for people hold all of it as text once more.
    within(&folder, MEBIBYTES + 65, "report go.txt")
        .exits_with(0)
        .says("BenchmarkThing49999-2");
}

#[test]
fn many_values_take_little_memory_each() {
    const VALUES: usize = 3_000_000;
    // Each is eight bytes once in order and once as it came, or once and a text of eight.
    const MEBIBYTES: u64 = PROGRAM + 50 + 30;
    let folder = Folder::new();
    let mut times = "0.00123,".repeat(VALUES - 1);
    times.push_str("0.00456");
    let json = format!("{{\"results\": [{{\"command\": \"x\", \"times\": [{times}]}}]}}");
    folder.write("values.json", &json);
    within(&folder, MEBIBYTES, "report values.json --format csv")
        .exits_with(0)
        .says(&format!("benchmark,x,wall_time,ns,{VALUES},"));
}

#[test]
fn more_benchmarks_than_anybody_has_are_refused() {
    let folder = Folder::new();
    let mut text = String::new();
    for number in 0..=1_000_000 {
        writeln!(text, "BenchmarkA{number} 1 1 ns/op").unwrap();
    }
    folder.write("go.txt", &text);
    folder
        .run(["report", "go.txt"])
        .exits_with(4)
        .complains("go.txt: line 1000001: read as Go benchmark text: there are more than");
}

/// How many instructions perfkit executes; `None` where they cannot be counted.
fn instructions(folder: &Folder, arguments: &[&str]) -> Option<u64> {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env!("CARGO_BIN_EXE_perfkit"))
        .args(arguments)
        .current_dir(folder.path(""));
    let Ok(output) = command.output() else {
        required::skip("instructions cannot be counted: there is no valgrind");
        return None;
    };
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    let (_, counted) = told.rsplit_once("Collected : ").expect("a count");
    Some(counted.lines().next().unwrap().trim().parse().unwrap())
}

#[test]
fn five_times_as_many_benchmarks_are_five_times_the_work() {
    let folder = Folder::new();
    let counted = [1, 100, 500].map(|benchmarks| {
        let name = format!("{benchmarks}.txt");
        folder.write(&name, &go_lines(benchmarks));
        instructions(&folder, &["compare", &name, &name])
    });
    let [Some(none), Some(some), Some(many)] = counted else {
        return;
    };
    let (some, many) = (some - none, many - none);
    assert!(
        many < 6 * some,
        "{some} instructions for 100 benchmarks, {many} for 500"
    );
}

#[test]
fn a_million_samples_are_read() {
    let folder = Folder::new();
    let times: Vec<String> = (0..1_000_000)
        .map(|run| format!("0.{:06}", run % 1000 + 1))
        .collect();
    let json = format!(
        "{{\"results\": [{{\"command\": \"x\", \"times\": [{}]}}]}}",
        times.join(",")
    );
    folder.write("file", &json);
    let csv = folder.run(["report", "file", "--format", "csv"]);
    csv.exits_with(0).says("benchmark,x,wall_time,ns,1000000,");
}
