//! How commands are started: what they inherit, and that their peak memory is their own.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::process::{Command, Stdio};

use crate::support::required::skip;
use crate::support::{Answer, Folder, eventually, is_gone};
use perfkit::Metric;
use perfkit::report::Benchmark;

/// A program without any library that touches so many KiB and ends.
fn touching(folder: &Folder, kibibytes: usize) -> Option<String> {
    let name = format!("touches-{kibibytes}");
    let source = format!(
        "static volatile char memory[{kibibytes} * 1024];
         void _start(void) {{
             for (unsigned long i = 0; i < sizeof memory; i += 4096) memory[i] = 1;
             __asm__ volatile (\"syscall\" : : \"a\"(231), \"D\"(0));
         }}"
    );
    folder.write("touches.c", &source);
    let mut compiler = Command::new("cc");
    let options = ["-O1", "-static", "-nostdlib", "touches.c", "-o", &name];
    let compiled = compiler.args(options).current_dir(folder.path("")).output();
    let is_compiled = compiled
        .as_ref()
        .is_ok_and(|output| output.status.success());
    if !is_compiled {
        skip("cc, which compiles a program without libraries");
    }
    is_compiled.then(|| format!("./{name}"))
}

fn peak_kib(benchmark: &Benchmark) -> f64 {
    assert!(!benchmark.is_peak_memory_inherited, "{}", benchmark.name);
    benchmark.metrics[&Metric::PEAK_MEMORY].max.unwrap() / 1024.0
}

/// Ignored by this program, as by all of Rust's.
const SIGPIPE: u32 = 13;

/// Those by which perfkit is asked to end.
const SIGHUP: u32 = 1;
const SIGINT: u32 = 2;
const SIGQUIT: u32 = 3;
const SIGTERM: u32 = 15;

/// Those beyond them belong to the C library, which ignores some.
const ORDINARY_SIGNALS: u64 = (1 << 31) - 1;

/// The kernel counts pages of memory for each CPU and adds them up in batches, so that what it
/// tells may be off by some of these.
const PRECISION_KIB: f64 = 512.0;

#[test]
fn the_peak_memory_of_a_small_program_is_its_own() {
    let folder = Folder::new();
    let sizes = [500, 3000, 8000];
    let programs: Option<Vec<String>> = sizes.iter().map(|kib| touching(&folder, *kib)).collect();
    let Some(programs) = programs else { return };
    let arguments = ["-r", "5", "--format", "json"].map(str::to_owned);
    let all = ["compare".to_owned()]
        .into_iter()
        .chain(programs)
        .chain(arguments);
    let report = folder.run(all).exits_with(0).report();
    for (benchmark, kib) in report.benchmarks.iter().zip(sizes) {
        let peak = peak_kib(benchmark);
        let (least, most) = (kib as f64 - PRECISION_KIB, kib as f64 + PRECISION_KIB);
        assert!(peak >= least && peak < most, "{kib}: {peak}");
    }
}

#[test]
fn a_command_starts_as_any_program_does() {
    let folder = Folder::new();
    let script = "grep -E '^Sig(Blk|Ign)' /proc/self/status > signals
        [ $(ps -o pgid= -p $$) = $$ ] && echo own > group
        ls /proc/self/fd | wc -l > descriptors
        cat <&9 > nine
        umask > mask
        pwd > folder
        ulimit -n > limit";
    folder.script("tells", script);
    folder.write("nine-in", "what was open");
    // Descriptors that stay open, limits and the like are inherited through perfkit.
    let start = format!(
        "umask 027; ulimit -n 333; exec 9< nine-in; ./tells; mv descriptors expected; exec 9< nine-in {} compare ./tells -r 1 -w 0",
        env!("CARGO_BIN_EXE_perfkit")
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &start]).current_dir(folder.path(""));
    assert!(shell.stdout(Stdio::null()).status().unwrap().success());
    // What is ignored is inherited, and nothing more; nothing is blocked.
    let own = std::fs::read_to_string("/proc/self/status").unwrap();
    let ignored = own
        .lines()
        .find(|line| line.starts_with("SigIgn:"))
        .unwrap();
    let ignored = u64::from_str_radix(ignored["SigIgn:".len()..].trim(), 16).unwrap();
    // What perfkit listens to is not ignored by it, and so not by what it starts.
    let heard = [SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGTERM].map(|signal| 1 << (signal - 1));
    let ignored = ignored & !heard.iter().sum::<u64>() & ORDINARY_SIGNALS;
    let signals = folder.read("signals");
    let (blocked, is_ignored) = signals.trim().split_once('\n').unwrap();
    assert_eq!(blocked, format!("SigBlk:\t{:016x}", 0));
    let is_ignored = is_ignored.strip_prefix("SigIgn:\t").unwrap();
    let is_ignored = u64::from_str_radix(is_ignored, 16).unwrap();
    assert_eq!(is_ignored & ORDINARY_SIGNALS, ignored);
    assert_eq!(folder.read("group"), "own\n");
    assert_eq!(folder.read("descriptors"), folder.read("expected"));
    assert_eq!(folder.read("nine"), "what was open");
    assert_eq!(folder.read("mask"), "0027\n");
    assert_eq!(folder.read("limit"), "333\n");
    let here = folder.path("").canonicalize().unwrap();
    assert_eq!(folder.read("folder").trim(), here.to_str().unwrap());
}

#[test]
fn programs_are_found_as_the_system_finds_them() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("a")).unwrap();
    std::fs::create_dir(folder.path("b")).unwrap();
    folder.write("a/program", "not to be executed");
    let tells = "echo $PERFKIT_ITERATION $HYPERFINE_ITERATION > told";
    folder.script("b/program", tells);
    let path = format!(
        "PATH=missing:{}:{}:/bin:/usr/bin",
        path_of(&folder, "a"),
        path_of(&folder, "b")
    );
    let run = |path: &str| folder.run(["compare", "program", "-w", "0", "-r", "2", "--env", path]);
    run(&path).exits_with(0);
    assert_eq!(folder.read("told"), "1 1\n");
    let only_the_other = format!("PATH={}:missing", path_of(&folder, "a"));
    run(&only_the_other)
        .exits_with(5)
        .complains("`program` may not be executed");
    run("PATH=missing")
        .exits_with(5)
        .complains("the program `program` was not found");
    // Longer than the system takes, of what is not.
    let half = "x".repeat(100_000);
    let arguments = ["compare", "true", "-r", "1", "-L", "x", &half];
    folder
        .run(arguments.into_iter().chain(["--env", "LONG={x}{x}"]))
        .exits_with(5)
        .complains("Argument list too long");
}

fn path_of(folder: &Folder, name: &str) -> String {
    folder.path(name).to_str().unwrap().to_owned()
}

/// The process that starts commands for this one.
fn spawner_of(pid: u32) -> Option<String> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    let is_spawner = |child: &&str| {
        let name = std::fs::read_to_string(format!("/proc/{child}/comm"));
        name.is_ok_and(|name| name.trim() == "perfkit-spawner")
    };
    children
        .split_whitespace()
        .find(is_spawner)
        .map(str::to_owned)
}

#[test]
fn the_end_of_what_starts_commands_is_told_and_no_command_is_left() {
    let folder = Folder::new();
    folder.script("hangs", "echo $$ > pid; exec sleep 61");
    let mut command = folder.perfkit(["compare", "./hangs", "-w", "0"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let perfkit = command.spawn().unwrap();
    let is_begun =
        || std::fs::read_to_string(folder.path("pid")).is_ok_and(|pid| pid.ends_with('\n'));
    assert!(eventually(is_begun));
    let spawner = spawner_of(perfkit.id()).unwrap();
    assert!(
        Command::new("kill")
            .args(["-9", &spawner])
            .status()
            .unwrap()
            .success()
    );
    Answer::from(perfkit.wait_with_output().unwrap())
        .exits_with(5)
        .complains("the process that starts commands ended with signal: 9");
    assert!(eventually(|| is_gone(&folder.read("pid"))));
    assert!(is_gone(&spawner));
}

#[test]
fn where_no_small_process_can_start_commands_perfkit_does_and_says_what_memory_means() {
    let folder = Folder::new();
    let without_spawner =
        |arguments: &[&str]| folder.run_without_spawner(["compare"].iter().chain(arguments));
    let arguments = ["true", "-r", "3", "--format", "json"];
    let report = without_spawner(&arguments).exits_with(0).report();
    let benchmark = &report.benchmarks[0];
    assert_eq!(benchmark.successes, 3);
    assert!(benchmark.is_peak_memory_inherited);
    let peak = benchmark.metrics[&Metric::PEAK_MEMORY].max.unwrap();
    without_spawner(&["true", "-r", "3"])
        .says("≤ ")
        .says("is what every process inherits from the one that starts it");
    assert!(peak > 1e6, "{peak}");
    folder.script("fails", "echo first >&2; echo second >&2; exit 3");
    without_spawner(&["./fails", "-r", "3"])
        .exits_with(5)
        .complains("second");
    without_spawner(&["sleep 61", "-r", "1", "--timeout", "50ms"])
        .exits_with(5)
        .complains("timed out after");
    without_spawner(&["-S", "sh", "kill -STOP $$", "-r", "1"])
        .exits_with(5)
        .complains("SIGSTOP");
}
