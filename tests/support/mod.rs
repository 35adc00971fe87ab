//! The words that the tests are written in: a workspace of one's own, the real
//! binary, and what it answered.
#![allow(dead_code, reason = "each test file uses some of it")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use perfkit::report::{Benchmark, Environment};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, Report};

#[path = "../../perfkit-core/tests/required/mod.rs"]
pub(crate) mod required;

/// The head of an HTTP request, in small letters, and its body; nothing where
/// the other side goes away.
pub(crate) fn http_request(stream: &mut impl Read) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 65536];
    loop {
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8(bytes[..end].to_vec())
            .unwrap()
            .to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.unwrap().trim().parse().unwrap();
        let body = &bytes[end + 4..];
        if body.len() >= length {
            return Some((head, body[..length].to_vec()));
        }
    }
}

/// A folder of its own, removed with everything in it at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("perfkit-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A folder within this one.
    pub(crate) fn inside(&self, name: &str) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// What perfkit keeps for the next time, outside of this folder.
    pub(crate) fn cache(&self) -> PathBuf {
        self.0.with_extension("cache")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// An executable shell script.
    pub(crate) fn script(&self, name: &str, body: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.write(name, &format!("#!/bin/sh\n{body}\n"));
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&path, executable).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn report(&self, name: &str) -> Report {
        Report::load(self.path(name)).unwrap()
    }

    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries.map(name).collect();
        names.sort();
        names
            .into_iter()
            .map(|name| name.into_string().unwrap())
            .collect()
    }

    /// `perfkit` with the given arguments, in this folder and nothing of the
    /// environment that could change what it says.
    pub(crate) fn perfkit<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_perfkit"));
        command.args(arguments).current_dir(&self.0);
        command.env("XDG_CACHE_HOME", self.cache());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy().into_owned();
            let is_meant = ["PERFKIT", "OTEL_", "GITHUB_", "NO_COLOR", "CLICOLOR"];
            if is_meant.iter().any(|prefix| text.starts_with(prefix)) {
                command.env_remove(&name);
            }
        }
        command
    }

    /// Runs `perfkit` to its end.
    /// Runs the binary where no file may be as large as the program that starts commands, so
    /// that it has to start them itself.
    pub(crate) fn run_without_spawner<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Answer {
        let perfkit = self.perfkit(arguments);
        let mut command = Command::new("sh");
        command
            .args(["-c", "ulimit -f 4; exec \"$0\" \"$@\""])
            .arg(perfkit.get_program())
            .args(perfkit.get_args())
            .current_dir(&self.0);
        for (name, value) in perfkit.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Answer::of(command)
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Answer {
        Answer::of(self.perfkit(arguments))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
        let _ = std::fs::remove_dir_all(self.cache());
    }
}

/// Copies a program that is to be run. Another process writes it: what another test starts
/// meanwhile would have this one's open file for a moment, and the copy be busy.
pub(crate) fn copy_program(from: &Path, to: &Path) {
    let copied = Command::new("cp").args([from, to]).status().unwrap();
    assert!(copied.success(), "{copied}");
}

/// What a command answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    pub(crate) fn of(mut command: Command) -> Self {
        Self::from(command.stdin(Stdio::null()).output().unwrap())
    }

    #[track_caller]
    pub(crate) fn exits_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "no {text:?} in {self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn complains(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no {text:?} in {self:#?}");
        self
    }

    /// Standard output as a report.
    #[track_caller]
    pub(crate) fn report(&self) -> Report {
        match Report::from_json(self.stdout.as_bytes()) {
            Ok(report) => report,
            Err(error) => panic!("{error} in {self:#?}"),
        }
    }
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Git without the configuration of whoever runs the tests.
pub(crate) fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(directory)
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
        .args([
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "core.fsmonitor=false",
        ])
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A child that does not outlive the test.
pub(crate) struct Guarded(pub(crate) Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A session that measured `parse`, 10 ms times `factor` long.
pub(crate) fn session(factor: f64) -> Report {
    let noise = |run: u32| 1.0 + 0.001 * f64::from(run % 7);
    let times = (0..40).map(|run| 10e6 * factor * noise(run)).collect();
    let times = MetricSummary::from_samples(Unit::Nanoseconds, times);
    let mut benchmark = Benchmark::new("parse");
    benchmark.successes = 40;
    benchmark.metrics.insert(Metric::WALL_TIME, times);
    let mut report = Report::new(Environment::detect("mock"));
    report.benchmarks.push(benchmark);
    report
}

/// The program of an example, built if need be.
pub(crate) fn example(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_perfkit")).parent().unwrap();
    let path = folder.join("examples").join(name);
    if !path.exists() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args(["build", "--examples"])
            .current_dir(workspace())
            .status();
        assert!(status.unwrap().success());
    }
    path
}

/// Whether a process that was killed is gone: one that waits for a busy core still
/// gets to its end. Those that nobody collected yet are zombies, and run no more.
pub(crate) fn is_gone(pid: &str) -> bool {
    let status = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    eventually(|| status().map_or(true, |status| status.contains(") Z ")))
}

/// Whether something comes true within twenty seconds, as it does at once on a machine
/// with nothing else to do.
pub(crate) fn eventually(is_true: impl Fn() -> bool) -> bool {
    (0..4000).any(|_| {
        let is_true = is_true();
        if !is_true {
            std::thread::sleep(Duration::from_millis(5));
        }
        is_true
    })
}

/// The root of the repository.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Fails unless the report's JSON fits the published schema.
#[track_caller]
pub(crate) fn assert_fits_schema(json: &str) {
    let json = serde_json::from_str(json).unwrap();
    let errors = schema_errors("perfkit-core/schema/perfkit-2.schema.json", &json);
    assert!(errors.is_empty(), "{errors:#?}");
}

/// Fails unless a `perfkit.toml` fits the published schema.
#[track_caller]
pub(crate) fn assert_fits_config_schema(toml: &str) {
    let errors = config_schema_errors(toml);
    assert!(errors.is_empty(), "{errors:#?} in {toml}");
}

/// What the published schema has against a `perfkit.toml`.
pub(crate) fn config_schema_errors(toml: &str) -> Vec<String> {
    let value: toml::Value = toml::from_str(toml).unwrap();
    schema_errors(
        "perfkit-cli/schema/perfkit-toml.schema.json",
        &without_dates(value),
    )
}

/// The values as an editor sees them: a day is text.
fn without_dates(value: toml::Value) -> serde_json::Value {
    match value {
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(all) => all.into_iter().map(without_dates).collect(),
        toml::Value::Table(table) => {
            let entries = table.into_iter();
            entries
                .map(|(key, value)| (key, without_dates(value)))
                .collect()
        }
        other => serde_json::to_value(other).unwrap(),
    }
}

fn schema_errors(schema: &str, json: &serde_json::Value) -> Vec<String> {
    let schema = std::fs::read_to_string(workspace().join(schema)).unwrap();
    let schema = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors = validator.iter_errors(json);
    errors
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect()
}
