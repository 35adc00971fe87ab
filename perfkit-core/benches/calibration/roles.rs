//! What this program is when it starts itself: a bench program of one of the
//! tools, with one workload, or a busy neighbour.

use std::env;
use std::error::Error;
use std::io::Read;
use std::process::{Command, ExitCode};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use criterion::Criterion;
use tango_bench::{Benchmark, benchmark_fn};

use crate::workload::{Data, Workload};

const ROLE: &str = "CALIBRATION_ROLE";
const WORKLOAD: &str = "CALIBRATION_WORKLOAD";
const BASELINE: &str = "CALIBRATION_BASELINE";
const CANDIDATE: &str = "CALIBRATION_CANDIDATE";

/// What a child process does.
#[derive(Clone, Copy)]
pub(crate) struct Task {
    pub(crate) workload: Workload,
    /// The units of the baseline.
    pub(crate) baseline: u64,
    /// Those of the candidate, which is all that a tool sees that measures one
    /// thing at a time.
    pub(crate) candidate: u64,
}

static TASK: LazyLock<Option<Task>> = LazyLock::new(Task::of_environment);
static DATA: LazyLock<Data> = LazyLock::new(Data::new);

impl Task {
    fn of_environment() -> Option<Self> {
        let number = |name| env::var(name).ok()?.parse().ok();
        Some(Self {
            workload: Workload::named(&env::var(WORKLOAD).ok()?)?,
            baseline: number(BASELINE)?,
            candidate: number(CANDIDATE)?,
        })
    }

    /// The command of a child process that has this task.
    pub(crate) fn command(&self, role: &str) -> std::io::Result<Command> {
        let mut command = Command::new(env::current_exe()?);
        command
            .env(ROLE, role)
            .env(WORKLOAD, self.workload.name)
            .env(BASELINE, self.baseline.to_string())
            .env(CANDIDATE, self.candidate.to_string());
        Ok(command)
    }
}

/// The command of a process that keeps a CPU busy.
pub(crate) fn neighbour() -> std::io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.env(ROLE, "neighbour");
    Ok(command)
}

/// Plays the role that the environment names, if there is one.
pub(crate) fn play() -> Option<Result<ExitCode, Box<dyn Error>>> {
    let role = env::var(ROLE).ok()?;
    if role == "neighbour" {
        keep_busy();
        return Some(Ok(ExitCode::SUCCESS));
    }
    let Some(task) = *TASK else {
        return Some(Err("a role without a task".into()));
    };
    Some(match role.as_str() {
        "perfkit" => {
            as_perfkit(task);
            Ok(ExitCode::SUCCESS)
        }
        "criterion" => {
            as_criterion(task);
            Ok(ExitCode::SUCCESS)
        }
        "divan" => {
            divan::main();
            Ok(ExitCode::SUCCESS)
        }
        "tango" => tango_bench::cli::run(as_tango(task)).map_err(Into::into),
        other => Err(format!("unknown role {other:?}").into()),
    })
}

/// Computes until the standard input is closed.
fn keep_busy() {
    static IS_DONE: AtomicBool = AtomicBool::new(false);
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        IS_DONE.store(true, Ordering::Relaxed);
    });
    let Some(workload) = Workload::named("hash") else {
        return;
    };
    while !IS_DONE.load(Ordering::Relaxed) {
        workload.time_ns(&DATA, workload.units, 1000);
    }
}

fn as_perfkit(task: Task) {
    perfkit::bench::main(|bench| {
        bench.group(task.workload.name, |group| {
            let data = &*DATA;
            let run = |units| move || task.workload.run(data, units);
            group.add("base", run(task.baseline));
            group.add("candidate", run(task.candidate));
        });
    });
}

fn as_criterion(task: Task) {
    let mut criterion = Criterion::default().configure_from_args();
    let data = &*DATA;
    criterion.bench_function(task.workload.name, |bencher| {
        bencher.iter(|| task.workload.run(data, task.candidate));
    });
    criterion.final_summary();
}

#[divan::bench]
fn workload(bencher: divan::Bencher<'_, '_>) {
    if let Some(task) = *TASK {
        let data = &*DATA;
        bencher.bench(|| task.workload.run(data, task.candidate));
    }
}

/// Both sides in one program, which the tool's options tell apart.
fn as_tango(task: Task) -> Vec<Benchmark> {
    let side = |side: &str, units: u64| {
        let name = format!("{side}/{}", task.workload.name);
        benchmark_fn(name, move |bencher| {
            let data = &*DATA;
            bencher.iter(move || task.workload.run(data, units))
        })
    };
    vec![
        side("base", task.baseline),
        side("candidate", task.candidate),
    ]
}

/// A neighbour, which ends when this is dropped.
pub(crate) struct Neighbour(std::process::Child);

impl Neighbour {
    pub(crate) fn start() -> std::io::Result<Self> {
        let started = neighbour()?.stdin(std::process::Stdio::piped()).spawn()?;
        std::thread::sleep(Duration::from_millis(20));
        Ok(Self(started))
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
