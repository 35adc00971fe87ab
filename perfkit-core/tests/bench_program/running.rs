//! Runs the tests, and the programs in them.

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use perfkit::Report;

use crate::program::WHICH;

/// How long is waited for what is certain to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Options of the standard harness that take a value, which is no filter.
const WITH_VALUE: [&str; 5] = [
    "--color",
    "--format",
    "--logfile",
    "--skip",
    "--test-threads",
];

/// The names or parts of names among the arguments.
fn filters(arguments: &[String]) -> Vec<&str> {
    let mut filters = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if WITH_VALUE.contains(&argument.as_str()) {
            arguments.next();
        } else if !argument.starts_with('-') {
            filters.push(argument.as_str());
        }
    }
    filters
}

/// Runs the tests that the command line chooses, as the standard harness does.
pub(crate) fn run_tests(tests: &[(&str, fn())]) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |option: &str| arguments.iter().any(|argument| argument == option);
    let filters = filters(&arguments);
    let fits = |name: &str| {
        let fits = |filter: &&str| match has("--exact") {
            true => name == *filter,
            false => name.contains(*filter),
        };
        filters.is_empty() || filters.iter().any(fits)
    };
    let mut failed = 0;
    for (name, test) in tests {
        if has("--ignored") || !fits(name) {
            continue;
        }
        if has("--list") {
            println!("{name}: test");
            continue;
        }
        let is_good = catch_unwind(test).is_ok();
        println!("test {name} ... {}", if is_good { "ok" } else { "FAILED" });
        failed += i32::from(!is_good);
    }
    if failed > 0 {
        std::process::exit(101);
    }
}

/// What a program did.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(mut command: Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A folder for one test, with the program in it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("bench_program")
            .join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        // Under another name, because a program that lies where cargo puts it
        // keeps its results there too.
        let (own, program) = (std::env::current_exe().unwrap(), folder.join("program"));
        if std::fs::hard_link(&own, &program).is_err() {
            std::fs::copy(&own, &program).unwrap();
        }
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn report_path(&self) -> PathBuf {
        self.path("target/perfkit/benches/program.json")
    }

    pub(crate) fn report(&self) -> Report {
        Report::load(self.report_path()).unwrap()
    }

    pub(crate) fn command(&self, which: &str, arguments: &[&str]) -> Command {
        self.command_as("program", which, arguments)
    }

    /// The program under this name.
    fn command_as(&self, name: &str, which: &str, arguments: &[&str]) -> Command {
        let program = self.path(name);
        if !program.exists() {
            std::fs::hard_link(self.path("program"), &program).unwrap();
        }
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&self.0)
            .env(WHICH, which)
            .env_remove("PERFKIT_BASELINES")
            .env_remove("CARGO_PKG_NAME")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, which: &str, arguments: &[&str]) -> Ran {
        Ran::of(self.command(which, arguments))
    }

    /// Measures one round of each group.
    pub(crate) fn measure(&self, which: &str, arguments: &[&str]) -> Ran {
        self.measure_as("program", which, arguments)
    }

    /// The same under another name.
    pub(crate) fn measure_as(&self, name: &str, which: &str, arguments: &[&str]) -> Ran {
        let arguments = [&["--bench", "--time", "0"], arguments].concat();
        Ran::of(self.command_as(name, which, &arguments))
    }
}

/// Waits until there is something.
pub(crate) fn wait_for<T>(mut find: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "it does not happen");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process runs; one that ended and was not collected does not.
pub(crate) fn is_alive(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    let state = stat
        .rsplit(')')
        .next()
        .and_then(|rest| rest.trim().chars().next());
    !matches!(state, Some('Z' | 'X'))
}
