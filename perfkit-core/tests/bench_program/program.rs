//! Bench programs that behave and others that do not.

use std::io::Write;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use perfkit::bench::{Bench, black_box};

/// The variable that makes this test a bench program, and says which.
pub(crate) const WHICH: &str = "PERFKIT_TEST_PROGRAM";

/// Where a worker leaves its process id.
pub(crate) const PID_FILE: &str = "worker.pid";

/// Is the program `which`.
pub(crate) fn main(which: &str) {
    let is_worker = std::env::args().nth(1).as_deref() == Some("--perfkit-worker");
    match which {
        "leaves" if is_worker => {}
        "other_version" if is_worker => say("{\"perfkit_bench\":99}\n"),
        "macro_compare" => with_compare::run(),
        #[cfg(feature = "macros")]
        "macro_benchmarks" => with_benchmarks::run(),
        #[cfg(feature = "macros")]
        "attribute" => perfkit::bench::main(with_benchmarks::looped::add),
        "never_greets" if is_worker => std::thread::sleep(Duration::from_secs(600)),
        _ => perfkit::bench::main(|bench| define(which, is_worker, bench)),
    }
}

/// A program that a macro makes whole.
mod with_compare {
    fn looped() {}
    fn folded() {}

    perfkit::compare! { sum: looped, folded }

    pub(super) fn run() {
        main();
    }
}

#[cfg(feature = "macros")]
mod with_benchmarks {
    #[perfkit::benchmark(group = "sum", name = "loop")]
    pub(super) fn looped() {}

    perfkit::benchmarks!(looped);

    pub(super) fn run() {
        main();
    }
}

/// Writes to the line between worker and driver.
fn say(text: &str) {
    let line = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    UnixStream::from(line).write_all(text.as_bytes()).unwrap();
}

/// Hangs up on the driver.
fn hang_up() {
    let line = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    UnixStream::from(line).shutdown(Shutdown::Both).unwrap();
}

fn define(which: &str, is_worker: bool, bench: &mut Bench<'_>) {
    if which == "plain" || which == "more" {
        plain(which == "more", bench);
        return;
    }
    if which == "threads" || which == "thread_panics" {
        threads(which == "thread_panics", bench);
        return;
    }
    if which == "clones" {
        clones(bench);
        return;
    }
    if which == "layout" {
        let padding = std::env::var("PERFKIT_PADDING").map_or(0, |text| text.len());
        bench.group("sum", |group| {
            group.add("loop", work);
            group.add("placed", move || {
                (0..2 + padding / 1024).map(|_| work()).sum::<u64>()
            });
        });
        return;
    }
    let calls = std::cell::Cell::new(0_u64);
    bench.group("bad", |group| {
        group.add("fine", work);
        if which == "forgets" && is_worker {
            return;
        }
        group.add("wrong", || {
            calls.set(calls.get() + 1);
            misbehave(which, calls.get());
        });
    });
    bench.group("good", |group| {
        group.add("fine", work).add("also_fine", work);
    });
}

fn plain(has_more: bool, bench: &mut Bench<'_>) {
    bench.group("sum", |group| {
        group.parameter("n", 100).items(100).add("loop", work);
        group.add("fold", work);
        if has_more {
            group.add("added", work);
        }
    });
    bench.group("vec", |group| {
        group.add("one", || vec![1_u8; 100]);
        group.add("two", || (vec![1_u8; 100], vec![1_u8; 50]));
        group.add_fallible("fails", || Err::<(), _>("always"));
    });
}

/// Functions on two threads. Of those that panic, one leaves the other waiting.
fn threads(has_panic: bool, bench: &mut Bench<'_>) {
    bench.group("threads", |group| {
        let counter = AtomicU64::new(0);
        group.items(1);
        group.add_threads("one", 2, || counter.fetch_add(1, Ordering::Relaxed));
        let barrier = Barrier::new(2);
        group.add_threads("two", 2, || {
            let count = counter.fetch_add(1, Ordering::Relaxed);
            if has_panic {
                assert!(count != 20, "the thread went wrong");
                barrier.wait();
            }
            count
        });
    });
}

/// Where a benchmark of the program "clones" leaves the page faults of its first calls.
pub(crate) fn faults_file(name: &str) -> String {
    format!("faults.{name}")
}

/// How many calls it counts.
pub(crate) const COUNTED_CALLS: usize = 4;

/// Two functions that do the same, each with a large input of its own.
fn clones(bench: &mut Bench<'_>) {
    bench.group("clone", |group| {
        for name in ["one", "two"] {
            let source = vec![1_u8; 4 << 20];
            let mut faults = Vec::new();
            group.add(name, move || {
                let before = page_faults();
                let clone = black_box(&source).clone();
                if faults.len() < COUNTED_CALLS {
                    faults.push((page_faults() - before).to_string());
                    std::fs::write(faults_file(name), faults.join("\n")).unwrap();
                }
                clone
            });
        }
    });
}

/// The page faults of this process so far.
fn page_faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let field = after_name.split(' ').nth(7);
    field.and_then(|faults| faults.parse().ok()).unwrap_or(0)
}

fn work() -> u64 {
    (0_u64..100).fold(0, |sum, n| sum ^ black_box(n).wrapping_mul(3))
}

/// What a benchmark does in its nth call.
fn misbehave(which: &str, call: u64) {
    work();
    match which {
        "panics" if call == 20 => panic!("the function went wrong"),
        "hangs" => {
            std::fs::write(PID_FILE, std::process::id().to_string()).unwrap();
            std::thread::sleep(Duration::from_secs(600));
        }
        "says_garbage" if call == 20 => say("hello, world\n"),
        "hangs_up" if call == 20 => {
            hang_up();
            std::thread::sleep(Duration::from_secs(600));
        }
        "exits" if call == 20 => std::process::exit(0),
        "prints" => println!("a benchmark that prints"),
        _ => {}
    }
}
