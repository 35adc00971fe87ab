//! What the load generator itself can do on this machine, on one processor.
//!
//! ```console
//! $ cargo bench -p perfkit-core --features load --bench load
//! ```
//!
//! | option | meaning |
//! |---|---|
//! | `--seconds N` | how long each run takes; by default 5 |
//! | `--minutes N` | for how long memory is watched at 100,000/s; by default not at all |
//!
//! Nothing is asserted: on a processor that has other work, a generator is late, and says so.
#![allow(
    clippy::print_stdout,
    reason = "it is a program that prints what it finds"
)]

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use perfkit::load::{self, LoadResult, Open};
use perfkit::unit::Unit;
use rustix::thread::{CpuSet, sched_setaffinity};
use tokio::runtime::{Builder, Runtime};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let numbers = number("--seconds", 5, &arguments)
        .and_then(|seconds| Ok((seconds, number("--minutes", 0, &arguments)?)));
    match numbers.and_then(|(seconds, minutes)| Ok(measure(seconds, minutes)?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn number(option: &str, usual: u64, arguments: &[String]) -> Result<u64, Box<dyn Error>> {
    let mut words = arguments.iter().skip_while(|word| *word != option).skip(1);
    Ok(words.next().map_or(Ok(usual), |word| word.parse())?)
}

fn measure(seconds: u64, minutes: u64) -> std::io::Result<()> {
    let mut one = CpuSet::new();
    one.set(0);
    sched_setaffinity(None, &one)?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let duration = Duration::from_secs(seconds);
    println!("on one processor, against an operation that does nothing, for {seconds} s each");
    println!("{}", heading());
    for rate in [1e3, 1e4, 5e4, 1e5, 2e5, 4e5, 1e6] {
        for load in [load::open(rate).constant(), load::open(rate).poisson()] {
            let is_constant = load_name(&load);
            println!(
                "{}",
                row(is_constant, rate, &run(&runtime, load.for_(duration)))
            );
        }
    }
    stall(&runtime);
    if minutes > 0 {
        memory(&runtime, minutes);
    }
    Ok(())
}

fn load_name(load: &Open) -> &'static str {
    if format!("{load:?}").contains("Constant") {
        "constant"
    } else {
        "poisson"
    }
}

fn run(runtime: &Runtime, load: Open) -> LoadResult {
    runtime.block_on(load.max_in_flight(1_000_000).run(|_| async {}))
}

fn heading() -> String {
    format!(
        "{:<10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>8}",
        "arrivals", "asked", "achieved", "lag p50", "lag p99", "lag p99.9", "lag max", "shed"
    )
}

fn row(arrivals: &str, rate: f64, result: &LoadResult) -> String {
    let window = &result.operation().lifetime;
    let achieved = window.calls.success as f64 * 1e9 / window.span_ns as f64;
    let lag = window.schedule_lag();
    let at = |quantile| {
        let ns = lag
            .and_then(|lag| lag.percentile(quantile))
            .unwrap_or_default();
        Unit::Nanoseconds.format(ns, 3)
    };
    let per_second = |rate| Unit::PerSecond.format(rate, 4);
    format!(
        "{arrivals:<10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>8}",
        per_second(rate),
        per_second(achieved),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0),
        result.run().shed
    )
}

/// A service that stands still for the fifth of ten seconds, in real time.
fn stall(runtime: &Runtime) {
    let load = load::open(1000.0).constant().for_(Duration::from_secs(10));
    let result = runtime.block_on(async {
        let start = tokio::time::Instant::now();
        load.run(move |_| async move {
            let stalls = Duration::from_secs(4)..Duration::from_secs(5);
            if stalls.contains(&start.elapsed()) {
                tokio::time::sleep_until(start + stalls.end).await;
            }
        })
        .await
    });
    let time = result.operation().lifetime.execution_time();
    let at = |quantile| {
        let ns = time
            .and_then(|time| time.percentile(quantile))
            .unwrap_or_default();
        Unit::Nanoseconds.format(ns, 3)
    };
    println!("a stall of 1 s in 10 s: p90, p95, p99, max of the response time");
    println!("  in closed form  0 ns, 500 ms, 900 ms, 1.00 s");
    println!(
        "  measured        {}, {}, {}, {}",
        at(0.9),
        at(0.95),
        at(0.99),
        at(1.0)
    );
}

/// Resident memory while 100,000 operations a second go on.
fn memory(runtime: &Runtime, minutes: u64) {
    let load = load::open(1e5).for_(Duration::from_secs(60 * minutes));
    let handle = load.handle();
    let watched = std::thread::spawn(move || {
        for minute in 0..minutes {
            std::thread::sleep(Duration::from_secs(if minute == 0 { 50 } else { 60 }));
            let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
            let pages = pages
                .split(' ')
                .nth(1)
                .and_then(|pages| pages.parse::<f64>().ok());
            let bytes = pages.map(|pages| Unit::Bytes.format(pages * 4096.0, 4));
            let calls = handle.so_far().map_or(0, |so_far| so_far.lifetime.count());
            println!(
                "resident after {calls} operations: {}",
                bytes.unwrap_or_default()
            );
        }
    });
    let result = run(runtime, load);
    let _ = watched.join();
    println!("{}", row("poisson", 1e5, &result));
}
