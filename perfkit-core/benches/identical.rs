//! How often benchmarks that do the same are called different: such as several threads call,
//! and such as clone large inputs. Also whether the times of threads are those that a plain
//! loop measures, and how often 10 % more work is found.
//!
//! ```console
//! $ cargo bench -p perfkit-core --features bench --bench identical -- --runs 300
//! ```
//!
//! | option | meaning |
//! |---|---|
//! | `--runs N` | comparisons of identical functions on threads; by default 24 |
//! | `--found N` | comparisons with 10 % more work, on two threads, with and without a neighbour; by default 8 each |
//! | `--clones N` | comparisons of identical clones of 4 MiB; by default 6 |
//! | `--no-loop` | do not compare with a plain loop |
#![allow(
    clippy::print_stdout,
    reason = "it is a program that prints what it finds"
)]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use perfkit::Metric;
use perfkit::bench::engine::{
    BenchmarkInfo, FunctionSettings, GroupResult, GroupRun, GroupRunner, Program, Timeouts, pin,
    random_seed, usable_cpus,
};
use perfkit::bench::{Bench, Group, black_box};
use perfkit::compare::VerdictRules;
use perfkit::report::Verdict;

const THREADS: [usize; 3] = [2, 4, 8];
const KINDS: [&str; 4] = ["mutex", "atomic", "own", "allocation"];

/// Units of work of a call, and 10 % more.
const UNITS: u64 = 20;
const MORE_UNITS: u64 = 22;

/// How often what threads take is compared with a plain loop.
const TURNS: usize = 5;

const BLOCK_BYTES: usize = 4 << 20;

/// In cache lines of its own: what lies beside it is read in each iteration, and would
/// have to be fetched each time once another thread has written to the line.
#[derive(Default)]
#[repr(align(128))]
struct Apart<T>(T);

/// What threads share, and how each kind uses it.
#[derive(Default)]
struct Work {
    mutex: Apart<Mutex<u64>>,
    atomic: Apart<AtomicU64>,
}

impl Work {
    fn call(&self, kind: &str, units: u64) -> u64 {
        let mut result = 0;
        for unit in 0..black_box(units) {
            match kind {
                "mutex" => {
                    if let Ok(mut sum) = self.mutex.0.lock() {
                        *sum += unit;
                    }
                }
                "atomic" => result += self.atomic.0.fetch_add(unit, Ordering::Relaxed),
                "own" => result = black_box(result ^ unit).wrapping_mul(0x9e37_79b9_7f4a_7c15),
                _ => result += black_box(vec![unit; 16]).len() as u64,
            }
        }
        result
    }
}

fn define(bench: &mut Bench<'_>) {
    for kind in KINDS {
        for threads in THREADS {
            bench.group(format!("{kind} {threads}"), |group| {
                add_threads(group, kind, threads, "a", UNITS);
                add_threads(group, kind, threads, "b", UNITS);
                add_threads(group, kind, threads, "more", MORE_UNITS);
            });
        }
    }
    bench.group("clone", |group| {
        for name in ["a", "b"] {
            let source = vec![1_u8; BLOCK_BYTES];
            group.add(name, move || black_box(&source).clone());
        }
    });
    bench.group("clones", |group| {
        for name in ["a", "b"] {
            let source = vec![vec![1_u64; 1000]; 64];
            group.add(name, move || black_box(&source).clone());
        }
    });
    bench.group("grow", |group| {
        for name in ["a", "b"] {
            let source = vec![1_u8; BLOCK_BYTES];
            group.add(name, move || {
                let mut grown: Vec<u8> = Vec::new();
                source.chunks(4096).for_each(|part| grown.extend(part));
                grown
            });
        }
    });
}

fn add_threads(group: &mut Group<'_>, kind: &'static str, threads: usize, name: &str, units: u64) {
    let work = Work::default();
    group.add_threads(name, threads, move || work.call(kind, units));
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments
        .first()
        .is_some_and(|first| first == "--perfkit-worker")
    {
        perfkit::bench::main(define);
        return ExitCode::SUCCESS;
    }
    let Some([runs, found, clones]) = counts(&arguments) else {
        println!("options: --runs N, --found N, --clones N, --no-loop; N is a whole number");
        return ExitCode::from(2);
    };
    let path = match std::env::current_exe() {
        Ok(path) => path,
        Err(error) => {
            println!("this program cannot be found: {error}");
            return ExitCode::FAILURE;
        }
    };
    let measuring = Measuring {
        program: Program {
            path,
            package: None,
            directory: None,
            variables: Vec::new(),
        },
    };
    println!("load {}, {} CPUs", load(), usable_cpus().len());
    if !arguments.iter().any(|argument| argument == "--no-loop") {
        measuring.beside_a_loop();
    }
    measuring.identical_threads(runs);
    measuring.more_work(found);
    measuring.identical_clones(clones);
    println!("load {}", load());
    ExitCode::SUCCESS
}

/// How many comparisons of each kind are asked for; `None` where an option is not known or
/// a number is missing.
fn counts(arguments: &[String]) -> Option<[usize; 3]> {
    // Cargo adds `--bench`.
    let known = ["--runs", "--found", "--clones", "--no-loop", "--bench"];
    let mut options = arguments.iter().filter(|text| text.starts_with("--"));
    if options.any(|option| !known.contains(&option.as_str())) {
        return None;
    }
    let number = |name: &str, usual: usize| {
        let place = arguments.iter().position(|argument| argument == name);
        let value = place.and_then(|place| arguments.get(place + 1));
        match place {
            Some(_) => value?.parse().ok(),
            None => Some(usual),
        }
    };
    Some([
        number("--runs", 24)?,
        number("--found", 8)?,
        number("--clones", 6)?,
    ])
}

fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Keeps a CPU busy while it is there.
struct Neighbour<'a>(&'a AtomicBool);

impl Drop for Neighbour<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn beside<T>(is_busy: bool, run: impl FnOnce() -> T) -> T {
    let is_over = AtomicBool::new(!is_busy);
    thread::scope(|scope| {
        let _neighbour = Neighbour(&is_over);
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        run()
    })
}

/// Compares benchmarks of this program.
struct Measuring {
    program: Program,
}

/// What comparisons of a kind came to.
#[derive(Default)]
struct Tally {
    comparisons: usize,
    by_time: usize,
    by_cpu_time: usize,
    by_any: usize,
    undecided: usize,
    longest: Duration,
    all: Duration,
}

impl Tally {
    fn add(&mut self, result: &GroupResult, took: Duration) {
        let verdict = |metric: &Metric| {
            let mut of_metric = result.comparisons.iter().filter(|c| c.metric == *metric);
            of_metric.next().map(|comparison| comparison.verdict)
        };
        let differs = |verdict| matches!(verdict, Verdict::Faster | Verdict::Slower);
        let time = verdict(&Metric::WALL_TIME);
        self.comparisons += 1;
        self.by_time += usize::from(time.is_some_and(differs));
        self.by_cpu_time += usize::from(verdict(&Metric::CPU_TIME).is_some_and(differs));
        self.undecided += usize::from(time.is_none_or(|v| v == Verdict::Inconclusive));
        let mut all = result.comparisons.iter();
        self.by_any += usize::from(all.any(|comparison| differs(comparison.verdict)));
        self.longest = self.longest.max(took);
        self.all += took;
    }

    fn print(&self, what: &str) {
        if self.comparisons == 0 {
            return;
        }
        println!(
            "{what:<34} {:>4} compared, different by time {:>3}, by CPU time {:>3}, by any metric {:>3}, undecided {:>3}, seconds {:.2} in the mean, {:.2} at most",
            self.comparisons,
            self.by_time,
            self.by_cpu_time,
            self.by_any,
            self.undecided,
            self.all.as_secs_f64() / self.comparisons.max(1) as f64,
            self.longest.as_secs_f64(),
        );
    }
}

impl Measuring {
    fn compare(&self, group: &str, threads: usize, names: &[&str]) -> (GroupResult, Duration) {
        let info = |name: &&str| BenchmarkInfo {
            name: format!("{group}/{name}"),
            group: group.to_owned(),
            threads,
            ..BenchmarkInfo::default()
        };
        let all: Vec<BenchmarkInfo> = names.iter().map(info).collect();
        let named = all
            .iter()
            .map(|info| (info.name.clone(), &self.program, info));
        let runner = GroupRunner {
            settings: FunctionSettings::new(VerdictRules::default(), 1),
            seed: random_seed(),
            timeouts: Timeouts {
                timeout: Duration::from_secs(60),
                is_interrupted: &|| false,
            },
        };
        let start = Instant::now();
        let result = runner.run(&GroupRun::against_the_first(named), &mut |_| {});
        if let Some((name, failure)) = &result.failure {
            println!("{name}: {}", failure.reason);
        }
        for comparison in &result.comparisons {
            let differs = matches!(comparison.verdict, Verdict::Faster | Verdict::Slower);
            if let (true, Some(ratio), "b") = (differs, comparison.ratio, names[1]) {
                println!("  {group}: {} by {}", ratio.estimate, comparison.metric);
            }
        }
        (result, start.elapsed())
    }

    fn identical_threads(&self, runs: usize) {
        for is_busy in [false, true] {
            for (place, threads) in THREADS.into_iter().enumerate() {
                let mut tally = Tally::default();
                // All kinds in turn, quiet and busy, as often as the number allows.
                for run in (0..runs).filter(|run| run % 6 == 2 * place + usize::from(is_busy)) {
                    let kind = KINDS[run / 6 % KINDS.len()];
                    let compared =
                        || self.compare(&format!("{kind} {threads}"), threads, &["a", "b"]);
                    let (result, took) = beside(is_busy, compared);
                    tally.add(&result, took);
                }
                let beside = if is_busy { ", busy neighbour" } else { "" };
                tally.print(&format!("identical, {threads} threads{beside}"));
            }
        }
    }

    fn more_work(&self, runs: usize) {
        for is_busy in [false, true] {
            let mut tally = Tally::default();
            for run in 0..runs {
                let kind = KINDS[run % KINDS.len()];
                let compared = || self.compare(&format!("{kind} 2"), 2, &["a", "more"]);
                let (result, took) = beside(is_busy, compared);
                tally.add(&result, took);
            }
            let beside = if is_busy { ", busy neighbour" } else { "" };
            tally.print(&format!("10 % more work, 2 threads{beside}"));
        }
    }

    fn identical_clones(&self, runs: usize) {
        let mut tally = Tally::default();
        for run in 0..runs {
            let group = ["clone", "clones", "grow"][run % 3];
            let (result, took) = self.compare(group, 1, &["a", "b"]);
            tally.add(&result, took);
        }
        tally.print("identical clones");
    }

    /// The time of an iteration on each number of threads that have a CPU each, beside that
    /// of a loop that threads of its own run for a second. What contended calls take changes
    /// from one second to the next, so that both take turns, and the median counts.
    fn beside_a_loop(&self) {
        let cpus = usable_cpus();
        for threads in THREADS.into_iter().filter(|threads| *threads <= cpus.len()) {
            for kind in KINDS {
                let turn = |_| self.turn_beside_a_loop(kind, &cpus[..threads]);
                let mut ratios: Vec<f64> = (0..TURNS).filter_map(turn).collect();
                ratios.sort_by(f64::total_cmp);
                match ratios.get(ratios.len() / 2) {
                    None => println!("{kind}, {threads} threads: they did not get their CPUs"),
                    Some(median) => println!(
                        "{kind:<10} {threads} threads: median of {} ratios to a plain loop {median:.3}",
                        ratios.len()
                    ),
                }
            }
        }
    }

    /// How many times as long an iteration takes as in a plain loop right after it.
    fn turn_beside_a_loop(&self, kind: &str, cpus: &[usize]) -> Option<f64> {
        let threads = cpus.len();
        let (result, _) = self.compare(&format!("{kind} {threads}"), threads, &["a", "b"]);
        let ns = result
            .benchmarks
            .first()?
            .metrics
            .get(&Metric::WALL_TIME)?
            .median?;
        let (loop_ns, waited) = plain_loop(kind, cpus);
        println!(
            "{kind:<10} {threads} threads: {ns:>8.1} ns, a plain loop {loop_ns:>8.1} ns; its threads waited {:.1} % of the time for their CPUs",
            100.0 * waited
        );
        Some(ns / loop_ns)
    }
}

/// How long the calling thread was ready to run and did not, in nanoseconds.
fn waited_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let waited = text.split_whitespace().nth(1);
    waited.and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

/// Nanoseconds of an iteration on all of these CPUs at once, and the share of the time for
/// which the threads together did not get them.
fn plain_loop(kind: &str, cpus: &[usize]) -> (f64, f64) {
    let (work, is_over, calls) = (Work::default(), AtomicBool::new(false), AtomicU64::new(0));
    let waited = AtomicU64::new(0);
    let start = Instant::now();
    thread::scope(|scope| {
        for cpu in cpus {
            scope.spawn(|| {
                let _is_pinned = pin(*cpu);
                let mut own = 0;
                let before_ns = waited_ns();
                while !is_over.load(Ordering::Relaxed) {
                    for _ in 0..100 {
                        black_box(work.call(kind, UNITS));
                    }
                    own += 100;
                }
                calls.fetch_add(own, Ordering::Relaxed);
                waited.fetch_add(waited_ns() - before_ns, Ordering::Relaxed);
            });
        }
        thread::sleep(Duration::from_secs(1));
        is_over.store(true, Ordering::Relaxed);
    });
    let wall_ns = start.elapsed().as_nanos() as f64;
    let of_all = wall_ns * cpus.len() as f64;
    (
        of_all / calls.load(Ordering::Relaxed).max(1) as f64,
        waited.load(Ordering::Relaxed) as f64 / of_all,
    )
}
