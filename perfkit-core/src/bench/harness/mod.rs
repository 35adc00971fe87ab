//! What `cargo bench` runs: a program with benchmarks and `harness = false`.

mod arguments;
mod store;
mod stream;
mod text;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::clock::Clock;
use crate::compare::{Apart, Sessions, VerdictRules, compare_unpaired, distinct_sessions};
use crate::report::{Benchmark, Environment, Note, NoteCode, Report, Severity, StopReason};
use crate::text::printable;

use super::group_run::{GroupRun, GroupRunner};
use super::protocol::{MARKER, WORKER_ARGUMENT};
use super::routine::WithRoutine;
use super::sampling::random_seed;
use super::stopping::FunctionSettings;
use super::suite::{Bench, BenchmarkInfo, Visitor, list, visited};
use super::worker;
use super::worker_process::{Program, Timeouts};

use arguments::{Arguments, HELP, Task};
use store::Store;
pub(super) use stream::print_error;

/// How long a benchmark may be silent before it is taken to hang.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The exit code where a benchmark failed.
const RUN_FAILED: i32 = 5;
/// The exit code for a wrong command line.
const USAGE: i32 = 2;
/// The exit code where a file could not be read or written.
const FILE: i32 = 4;

/// The `main` of a bench program: says what is measured, and does what `cargo
/// bench`, `cargo test`, nextest or `perfkit` ask for on the command line.
///
/// In `Cargo.toml`:
/// ```toml
/// [[bench]]
/// name = "sum"
/// harness = false
/// ```
/// and in `benches/sum.rs`:
/// ```no_run
/// fn main() {
///     perfkit::bench::main(|bench| {
///         bench.group("sum", |group| {
///             let numbers: Vec<u64> = (0..1000).collect();
///             group.add("iterator", || numbers.iter().sum::<u64>());
///             group.add("fold", || numbers.iter().fold(0, |sum, n| sum + n));
///         });
///     });
/// }
/// ```
///
/// Every benchmark is measured in processes of its own, started from this same
/// program: `define` runs in each of them, and the closure of a group only in those that
/// measure a benchmark of that group.
///
/// Ends the process with a code other than 0 where something went wrong: 2 for a
/// wrong command line, 4 for a file, 5 for a benchmark that failed.
#[allow(clippy::needless_doctest_main, reason = "the example is a whole file")]
pub fn main(define: impl Fn(&mut Bench<'_>)) {
    // As part of this generic function it stands in the program itself.
    std::hint::black_box(MARKER);
    let mut given = std::env::args().skip(1);
    if given.next().as_deref() == Some(WORKER_ARGUMENT) {
        if let Err(error) = worker::work(define) {
            print_error(&error.to_string());
            std::process::exit(FILE);
        }
        return;
    }
    let code = match Arguments::parse(std::env::args().skip(1)) {
        Err(message) => Err((USAGE, message)),
        Ok(arguments) => run(&arguments, &define),
    };
    if let Err((code, message)) = code {
        print_error(&message);
        std::process::exit(code);
    }
}

fn run(arguments: &Arguments, define: &dyn Fn(&mut Bench<'_>)) -> Result<(), (i32, String)> {
    if arguments.task == Task::Help {
        stream::print(HELP);
        return Ok(());
    }
    let all = list(define).map_err(|message| (USAGE, message))?;
    let count = all.found.len();
    let selected: Vec<BenchmarkInfo> = all
        .found
        .into_iter()
        .filter(|info| arguments.selects(&info.name))
        .collect();
    match arguments.task {
        Task::List => {
            for info in &selected {
                stream::print(&format!("{}: benchmark\n", printable(&info.name)));
            }
            Ok(())
        }
        Task::Test | Task::Help => {
            test(&selected, count, define);
            Ok(())
        }
        Task::Measure => {
            let package = all.package.or_else(package);
            measure(&selected, (package, &all.ignored), arguments)
        }
    }
}

/// Runs each once, and says so as other tests do.
fn test(selected: &[BenchmarkInfo], count: usize, define: &dyn Fn(&mut Bench<'_>)) {
    struct Once(Vec<BenchmarkInfo>);
    impl Visitor for Once {
        fn enters(&mut self, group: &str) -> bool {
            self.0.iter().any(|info| info.group == group)
        }

        fn visit(&mut self, info: BenchmarkInfo, benchmark: &mut dyn WithRoutine) {
            if self.0.iter().any(|selected| selected.name == info.name) {
                stream::print(&format!("test {} ... ", printable(&info.name)));
                let mut failures = 0;
                let ran = benchmark.with_routine(&mut |routine| {
                    failures = routine.sample(1).failures;
                });
                stream::print(match (&ran, failures) {
                    (Err(_), _) => "FAILED\n",
                    (Ok(()), 0) => "ok\n",
                    _ => "ok (returned an error)\n",
                });
                if let Err(error) = ran {
                    print_error(&error.to_string());
                    std::process::exit(RUN_FAILED);
                }
            }
        }
    }
    let plural = if selected.len() == 1 { "" } else { "s" };
    stream::print(&format!("\nrunning {} test{plural}\n", selected.len()));
    visited(Once(selected.to_vec()), define);
    stream::print(&format!(
        "\ntest result: ok. {} passed; 0 failed; 0 ignored; 0 measured; {} filtered out\n\n",
        selected.len(),
        count - selected.len()
    ));
}

/// The package that cargo names to what it runs, which is in the folder of that package then:
/// what a program inherits that cargo runs is of another.
fn package() -> Option<String> {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR")?;
    let [folder, here] = [Path::new(&folder), Path::new(".")].map(|path| path.canonicalize().ok());
    (folder? == here?).then(|| std::env::var("CARGO_PKG_NAME").ok())?
}

fn measure(
    selected: &[BenchmarkInfo],
    (package, ignored): (Option<String>, &BTreeSet<&str>),
    arguments: &Arguments,
) -> Result<(), (i32, String)> {
    if selected.is_empty() {
        stream::print("no benchmark has such a name\n");
        return Ok(());
    }
    let path = std::env::current_exe();
    let path = path.map_err(|error| (FILE, format!("this program cannot be found: {error}")))?;
    let program = Program {
        path,
        package,
        directory: None,
        variables: Vec::new(),
    };
    let store = Store::of_program(&program);
    let before = arguments.baseline.as_deref().map(|name| store.load(name));
    let before = before.transpose().map_err(|message| (FILE, message))?;
    let mut report = Report::new(Environment::detect(Clock::os().name()));
    if cfg!(debug_assertions) {
        report.notes.push(Note::warning(
            NoteCode::NotOptimized,
            "the benchmarks were built without optimisation: run them with cargo bench",
        ));
    }
    report.notes.extend(ignored_settings(ignored));
    let left_out = before.iter().flat_map(|before| &before.notes);
    report.notes.extend(left_out.cloned());
    let mut failed = 0;
    let groups = GroupRun::of_groups(&program, selected, arguments.has_control);
    let comparisons = groups.iter().map(|group| group.set.pairs.len()).sum();
    let mut settings = FunctionSettings::new(VerdictRules::default(), comparisons);
    settings.time = arguments.time;
    let runner = GroupRunner {
        settings,
        seed: arguments.seed.unwrap_or_else(random_seed),
        timeouts: Timeouts {
            timeout: arguments.timeout.unwrap_or(TIMEOUT),
            is_interrupted: &|| false,
        },
    };
    for group in groups {
        failed += u64::from(!run_group(&runner, &group, &mut report));
        if let Some(before) = &before {
            compare_with(&before.reports, &mut report, &group);
        }
        save(&report, &store.last())?;
    }
    if let Some(name) = &arguments.save_baseline {
        keep(&report, &store.baseline(name))?;
    }
    let usual = |note: &&Note| note.severity > Severity::Detail;
    for note in report.notes.iter().filter(usual) {
        stream::print(&format!("note: {}\n", printable(&note.message)));
    }
    stream::print(&format!("saved: {}\n", store.last().display()));
    match failed {
        0 => Ok(()),
        _ => Err((RUN_FAILED, format!("groups that failed: {failed}"))),
    }
}

/// Names the settings of the program that mean nothing here.
fn ignored_settings(ignored: &BTreeSet<&str>) -> Option<Note> {
    let names: Vec<String> = ignored.iter().map(|name| format!("`{name}`")).collect();
    let is_any = !names.is_empty();
    is_any.then(|| {
        Note::info(
            NoteCode::SettingsIgnored,
            format!("without effect here: {}", names.join(", ")),
        )
    })
}

/// Measures one group, and prints what came out; false where a benchmark failed.
fn run_group(runner: &GroupRunner<'_>, group: &GroupRun, report: &mut Report) -> bool {
    let result = runner.run(group, &mut |_| {});
    stream::print(&text::group(&result.benchmarks, &result.comparisons));
    if let Some((name, failure)) = &result.failure {
        let mut message = format!("`{}`: {}", printable(name), printable(&failure.reason));
        for line in failure.stderr.lines() {
            message += &format!("\n  | {}", printable(line));
        }
        print_error(&message);
    }
    let set = &group.set;
    let noise = set.noise_notes(&result.benchmarks, &runner.settings.rules);
    report.notes.extend(noise);
    let is_whole = result.sampling.stopped != StopReason::RunFailed;
    result.add_to(report);
    is_whole
}

/// Compares the benchmarks of a group with the saved ones of the same names.
fn compare_with(before: &[Report], report: &mut Report, group: &GroupRun) {
    for name in &group.set.names {
        let Some(after) = report.own_benchmarks().find(|b| b.name == *name) else {
            continue;
        };
        let (baseline, apart) = sessions_of(after, before, &report.environment);
        if baseline.is_empty() {
            stream::print(&format!("  {}: new\n", printable(name)));
            continue;
        }
        let sessions = Sessions {
            baseline,
            candidate: vec![after],
            apart,
        };
        let metric = crate::metric::Metric::WALL_TIME;
        let comparison = compare_unpaired(&sessions, &metric, &VerdictRules::of_sessions());
        let line = text::group(
            std::slice::from_ref(after),
            std::slice::from_ref(&comparison),
        );
        stream::print(&format!("  against the saved: {line}"));
        report.comparisons.push(comparison);
    }
}

/// What saved sessions of its program measured of a benchmark: those of this machine, or all
/// where there are none, and which of both. One that is there twice counts once.
fn sessions_of<'a>(
    wanted: &Benchmark,
    reports: &'a [Report],
    here: &Environment,
) -> (Vec<&'a Benchmark>, Apart) {
    let found = |is_here: bool| {
        let of_machine =
            move |report: &&Report| report.environment.is_other_machine(here) != is_here;
        let reports = reports.iter().filter(of_machine);
        let is_it =
            |b: &&Benchmark| b.name == wanted.name && b.may_be_of(wanted.program.as_deref());
        let sessions = reports.filter_map(|report| report.own_benchmarks().find(is_it));
        distinct_sessions(sessions, |a, b| a.metrics == b.metrics)
    };
    let of_here = found(true);
    match of_here.is_empty() {
        true => (found(false), Apart::OnSeveralMachines),
        false => (of_here, Apart::OnOneMachine),
    }
}

/// Saves what was measured beside what was kept of other benchmarks.
fn keep(report: &Report, path: &Path) -> Result<(), (i32, String)> {
    let mut kept = Report::new(report.environment.clone());
    let is_measured = |benchmark: &&Benchmark| !benchmark.metrics.is_empty();
    let measured = report.benchmarks.iter().filter(is_measured);
    kept.benchmarks = measured.cloned().collect();
    if let Ok(earlier) = Report::load(path) {
        let is_new = |name: &str| kept.benchmarks.iter().any(|b| b.name == name);
        let others = earlier.benchmarks.into_iter().filter(|b| !is_new(&b.name));
        let others: Vec<Benchmark> = others.collect();
        kept.benchmarks.extend(others);
    }
    save(&kept, path)
}

fn save(report: &Report, path: &Path) -> Result<(), (i32, String)> {
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    let saved = folder
        .map_err(|error| error.to_string())
        .and_then(|()| report.save(path).map_err(|error| error.to_string()));
    saved.map_err(|error| {
        (
            FILE,
            format!("{} cannot be written: {error}", path.display()),
        )
    })
}

/// A whole bench program, of functions without arguments: groups of them, whose
/// others are compared with the first.
///
/// ```no_run
/// fn looped() -> u64 {
///     let mut sum = 0;
///     for n in 0..std::hint::black_box(1000) {
///         sum += n;
///     }
///     sum
/// }
///
/// fn folded() -> u64 {
///     (0..std::hint::black_box(1000)).fold(0, |sum, n| sum + n)
/// }
///
/// perfkit::compare! { sum: looped, folded }
/// ```
///
/// Several groups stand one after the other, with a semicolon between them. What
/// has inputs, parameters or a throughput is said to [`bench::main`](main).
#[macro_export]
macro_rules! compare {
    ($($group:ident: $($function:path),+ $(,)?);+ $(;)?) => {
        fn main() {
            $crate::bench::main(|bench| {
                bench.package(::core::option_env!("CARGO_PKG_NAME"));
                $(bench.group(stringify!($group), |group| {
                    $(group.add(stringify!($function), $function);)+
                });)+
            });
        }
    };
}

/// A whole bench program, of functions with `#[benchmark]`.
///
/// ```no_run
/// # mod program {
/// use perfkit::benchmark;
///
/// #[benchmark(group = "sum", arguments = [10, 1000], items = n)]
/// fn looped(n: u64) -> u64 {
///     let mut sum = 0;
///     for number in 0..n {
///         sum += number;
///     }
///     sum
/// }
///
/// #[benchmark(group = "sum", arguments = [10, 1000], items = n)]
/// fn folded(n: u64) -> u64 {
///     (0..n).fold(0, |sum, number| sum + number)
/// }
///
/// perfkit::benchmarks!(looped, folded);
/// # }
/// ```
#[macro_export]
macro_rules! benchmarks {
    ($($function:ident),+ $(,)?) => {
        fn main() {
            $crate::bench::main(|bench| {
                bench.package(::core::option_env!("CARGO_PKG_NAME"));
                $($function::add(bench);)+
            });
        }
    };
}
