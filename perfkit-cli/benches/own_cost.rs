//! What measuring a short command costs: `perfkit compare` beside a plain loop and, where it is
//! installed, hyperfine, on a machine as it is and beside busy neighbours.
//!
//! `cargo bench -p perfkit-cli --bench own_cost`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use perfkit::{Metric, Report};

const COMMAND: &str = "true";
const RUNS: usize = 300;
const ROUNDS: usize = 7;

/// What one tool says of the command, and what it took itself for each run.
struct Measured {
    median_us: f64,
    own_us: f64,
}

fn main() {
    let folder = std::env::temp_dir().join(format!("perfkit-own-cost-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let report = folder.join("report.json");
    let report = report.to_str().unwrap();
    let runs = RUNS.to_string();
    let perfkit = || {
        let program = env!("CARGO_BIN_EXE_perfkit");
        let arguments = [
            "compare",
            COMMAND,
            "-w",
            "5",
            "-r",
            &runs,
            "--export-json",
            report,
        ];
        of_tool(program, &arguments, || {
            let report = Report::load(report).unwrap();
            let time = &report.benchmarks[0].metrics[&Metric::WALL_TIME];
            time.median.unwrap() / 1e3
        })
    };
    let hyperfine = || {
        let arguments = [
            "-N",
            COMMAND,
            "-w",
            "5",
            "-r",
            &runs,
            "--export-csv",
            report,
        ];
        of_tool("hyperfine", &arguments, || {
            let text = std::fs::read_to_string(report).unwrap();
            let (head, values) = text.split_once('\n').unwrap();
            let column = head
                .split(',')
                .position(|name| name.ends_with("median"))
                .unwrap();
            let value: f64 = values
                .trim()
                .split(',')
                .nth(column)
                .unwrap()
                .parse()
                .unwrap();
            value * 1e6
        })
    };
    let has_hyperfine = Command::new("hyperfine").arg("--version").output().is_ok();
    for neighbours in [0, thread::available_parallelism().map_or(1, usize::from)] {
        println!(
            "{neighbours} busy neighbours, `{COMMAND}`, medians of {ROUNDS} rounds of {RUNS} runs"
        );
        beside(neighbours, || {
            let (mut plain, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                plain.push(of_loop());
                ours.push(perfkit());
                if has_hyperfine {
                    theirs.push(hyperfine());
                }
            }
            let base = median(plain.iter().map(|m| m.median_us));
            for (name, all) in [
                ("plain loop", plain),
                ("perfkit", ours),
                ("hyperfine", theirs),
            ] {
                if !all.is_empty() {
                    let time = median(all.iter().map(|m| m.median_us));
                    let own = median(all.iter().map(|m| m.own_us));
                    println!(
                        "  {name:<10}  {time:7.1} µs ({:.3}), own time per run {own:7.1} µs",
                        time / base
                    );
                }
            }
        });
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Starts the command and waits for it, and does nothing else.
fn of_loop() -> Measured {
    let begin = Instant::now();
    let run = |_| {
        let start = Instant::now();
        let mut command = Command::new(COMMAND);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        assert!(command.status().unwrap().success());
        start.elapsed().as_secs_f64() * 1e6
    };
    let times: Vec<f64> = (0..RUNS).map(run).collect();
    let all_us = begin.elapsed().as_secs_f64() * 1e6;
    let median_us = median(times.iter().copied());
    let own_us = (all_us - times.iter().sum::<f64>()) / RUNS as f64;
    Measured { median_us, own_us }
}

/// The tool as a process, whose time beyond that of the command is its own.
fn of_tool(program: &str, arguments: &[&str], median_us: impl Fn() -> f64) -> Measured {
    let begin = Instant::now();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    assert!(command.status().unwrap().success());
    let each_us = begin.elapsed().as_secs_f64() * 1e6 / RUNS as f64;
    let median_us = median_us();
    Measured {
        median_us,
        own_us: each_us - median_us,
    }
}

/// Does something beside so many threads that never rest.
fn beside(neighbours: usize, work: impl FnOnce()) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..neighbours {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        work();
        is_over.store(true, Ordering::Relaxed);
    });
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
