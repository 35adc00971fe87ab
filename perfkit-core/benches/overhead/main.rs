//! What a measured call costs, side by side with other libraries.
//!
//! ```console
//! $ cargo bench --bench overhead
//! $ cargo bench --bench overhead -- --quick --threads 1,8
//! ```
//!
//! # Method
//!
//! Every implementation is a function that is never inlined and measures a body in
//! its own way. A batch is so many calls of one implementation that they take about
//! 200 µs, or 500 µs on each of several threads. In a round every implementation has
//! one batch in each of two settings, in an order drawn anew for each round:
//!
//! - **tight loop**: the body is empty, and call follows call;
//! - **with work**: the body is a chain of multiplications of about 15 ns, and
//!   another such chain is between the calls. The work leaves most of the
//!   processor idle, and what does not depend on it, such as reading a counter,
//!   is done meanwhile, so that measuring costs less than in the tight loop.
//!
//! What is shown is the median over the rounds: of nanoseconds per call, and of
//! ratios and differences to another implementation's batch of the same round. Ratios
//! are of whole calls, with the empty call on both sides, except where a peer is
//! called so many times as dear: there the empty call is taken off both.
//!
//! # Time
//!
//! Time is the CPU time of the calling threads (`CLOCK_THREAD_CPUTIME_ID`), over
//! their calls. With several threads, all run the same implementation at once between
//! barriers, on one core each and around again. With eight threads on two cores,
//! wall time would count what a thread waits for its turn, and wall time times
//! cores over threads would need both cores to be ours for every nanosecond of
//! a batch; CPU time is neither. It holds what contention costs (lines of cache
//! that move, locks that spin or enter the kernel), and not what a thread sleeps
//! for a lock that another holds, so that contended locks look cheaper than they
//! are. How many cores ran at once is printed: with one, nothing was contended.
//!
//! Nor does it hold what a library leaves to a thread of its own or to later.
//! That is measured for itself, and the last column of the tables adds it.
//!
//! # Not measured
//!
//! - The first call of each site, which creates what the others find.
//! - What only some batches pay, such as growing a buffer: a median passes over
//!   it. The saved report has it, in the mean and the maximum of each implementation.
//! - Pressure on the caches: few functions are measured, and nothing else in
//!   the program wants the cache.
//! - Contention with readers: no snapshot, scrape or export runs meanwhile.
//! - Full speed for seconds on end, which some libraries buffer without bound.
//! - More threads at once than there are cores, and threads that lose their
//!   core while they hold a lock: a batch is shorter than a time slice.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints its results"
)]

mod arguments;
mod batch;
mod clock;
mod deferred;
mod figures;
mod implementations;
mod phase;
mod report;
mod rounds;
mod table;
mod work;

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use perfkit::CountingAllocator;

use arguments::{Arguments, Mode};
use batch::Trial;
use deferred::Deferred;
use implementations::{Implementation, peers};
use phase::{Phase, Results};
use rounds::Plan;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

fn main() -> ExitCode {
    let arguments = match Arguments::read(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("{error}\n{}", arguments::USAGE);
            return ExitCode::from(2);
        }
    };
    let implementations = implementations::all();
    let done = match arguments.mode {
        Mode::List => Ok(list(&implementations)),
        Mode::Test => test(&implementations),
        Mode::Measure => measure(&implementations, &arguments),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn list(implementations: &[Implementation]) -> bool {
    for implementation in implementations {
        println!("{}: benchmark", implementation.name);
    }
    true
}

/// Calls each implementation once in each setting, and sees whether it returned what
/// the first one does, which measures nothing, and counted the calls.
fn test(implementations: &[Implementation]) -> Result<bool, Box<dyn Error>> {
    let _started = peers::start()?;
    let first = implementations.first().ok_or("no implementations")?;
    let mut are_all_right = true;
    for implementation in implementations {
        implementation.prepare();
        let mut wrong = None;
        for &setting in implementation.settings() {
            let [output, expected] = [implementation, first].map(|one| one.call(setting, 1)(7));
            if output != expected {
                wrong = Some(format!("{}: {output} is not {expected}", setting.name()));
            }
        }
        perfkit::set_enabled(true);
        peers::upkeep();
        let wrong = wrong.or_else(|| implementation.miscount());
        are_all_right &= wrong.is_none();
        println!(
            "{} ... {}",
            implementation.name,
            wrong.as_deref().unwrap_or("ok")
        );
    }
    Ok(are_all_right)
}

/// Measures all, prints it and saves it. Whether that is good enough depends on
/// the figures only where it is asked for.
fn measure(
    implementations: &[Implementation],
    arguments: &Arguments,
) -> Result<bool, Box<dyn Error>> {
    let _started = peers::start()?;
    let seed = SystemTime::UNIX_EPOCH.elapsed()?.as_millis() as u64;
    let repetitions = if arguments.is_quick { 2 } else { 7 };
    let deferred = Deferred::measure(implementations, repetitions);
    println!("{}", table::LEGEND);
    let mut phases = Vec::new();
    for &threads in &arguments.threads {
        let plan = Plan {
            threads,
            time: Duration::from_millis(if arguments.is_quick { 1_700 } else { 17_000 }),
            seed,
        };
        let phase = phase(implementations, plan);
        println!("{}", heading(&phase));
        println!("{}", table::costs(implementations, &phase, &deferred));
        phases.push(phase);
    }
    let figures = figures::all(implementations, &deferred);
    println!("{}", table::figures(&figures, &phases));
    for wrong in implementations.iter().filter_map(Implementation::miscount) {
        println!("warning: {wrong}");
    }
    let path = report::save(&phases, seed)?;
    println!("Saved: `perfkit report {}` shows it.", path.display());
    let mut reached = figures
        .iter()
        .flat_map(|figure| phases.iter().filter_map(|phase| figure.reached(phase)));
    Ok(!arguments.is_strict || reached.all(|(_, is_met)| is_met))
}

/// What stands above a table: how much was run, and whether the threads met.
fn heading(phase: &Phase) -> String {
    let threads = table::threads(phase.threads);
    let rounds = phase.rounds();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let at_once = phase.threads.min(cores);
    let heading = format!(
        "{threads} on {:.2} cores at once, {rounds} rounds",
        phase.cores
    );
    if at_once > 1 && phase.cores < 0.8 * at_once as f64 {
        return format!(
            "{heading}\nwarning: other programs kept the threads from running on {at_once} cores \
             at once: contention is higher than shown"
        );
    }
    heading
}

fn phase(implementations: &[Implementation], plan: Plan) -> Phase {
    let batch_ns = if plan.threads == 1 { 200_000 } else { 500_000 };
    let mut trials = Vec::new();
    for implementation in implementations {
        for &setting in implementation.settings() {
            trials.push(Trial::sized(implementation, setting, batch_ns));
        }
    }
    let rounds = rounds::run(&trials, plan);
    let results = trials.iter().zip(rounds.ns).map(|(trial, ns)| Results {
        implementation: trial.implementation.name,
        setting: trial.setting,
        ns,
    });
    Phase {
        threads: plan.threads,
        cores: rounds.cores,
        results: results.collect(),
    }
}
