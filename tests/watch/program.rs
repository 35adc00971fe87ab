//! The program that is watched: this test once more, where a variable says so.

use std::fs::DirBuilder;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use perfkit::global::watch::{Request, ask};

use crate::support::{Folder, eventually};

const WATCHED: &str = "WATCH_TEST_PROGRAM";

/// No test but a program, which does what it is told line by line: `call NAME TIMES`, `fail
/// NAME TIMES`, `hold NAME`, `many COUNT`, `say TEXT`, `exit CODE`.
#[test]
fn the_program() {
    if std::env::var_os(WATCHED).is_none() {
        return;
    }
    if let Ok(begin) = std::env::var(WATCHED) {
        begin.split('|').for_each(obey);
    }
    let stdin = BufReader::new(std::io::stdin());
    stdin.lines().for_each(|line| obey(&line.unwrap()));
    // It is told more only by whoever holds its standard input.
    std::thread::park();
}

fn obey(line: &str) {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (name, times) = rest.rsplit_once(' ').unwrap_or((rest, "1"));
    let times = || times.parse::<u32>().unwrap();
    match word {
        "call" => (0..times()).for_each(|_| perfkit::measure(name, || ())),
        "fail" => (0..times()).for_each(|_| {
            let _ = perfkit::try_measure(name, || Err::<(), _>("refused by the test"));
        }),
        "hold" => std::mem::forget(perfkit::Timer::start(rest)),
        "many" => (0..rest.parse().unwrap())
            .for_each(|number: u32| perfkit::measure(&format!("operation_{number:05}"), || ())),
        "say" => std::io::stdout()
            .write_all(format!("{rest}\n").as_bytes())
            .unwrap(),
        "exit" => std::process::exit(rest.parse().unwrap()),
        _ => {}
    }
}

/// A user's session: a place for sockets that is short enough, and no other test's.
pub(crate) struct Session {
    pub(crate) folder: Folder,
    runtime: PathBuf,
}

impl Session {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("pkw-{}-{number}", std::process::id());
        let runtime = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&runtime).unwrap();
        Self {
            folder: Folder::new(),
            runtime,
        }
    }

    /// `perfkit` in this session.
    pub(crate) fn perfkit(&self, arguments: &[&str]) -> Command {
        let mut command = self.folder.perfkit(arguments);
        self.enter(&mut command);
        // The other folder in which is looked: another test's program could be there.
        command.env("TMPDIR", &self.runtime);
        command
    }

    /// Lets a program be watched in this session.
    pub(crate) fn enter(&self, command: &mut Command) {
        command.env("XDG_RUNTIME_DIR", &self.runtime);
    }

    /// The arguments that make a program of this test, which begins with these commands.
    pub(crate) fn program(&self) -> Command {
        let mut command = Command::new(self.program_path());
        command.args(["--exact", "program::the_program", "--nocapture", "--quiet"]);
        command
    }

    pub(crate) fn program_path(&self) -> PathBuf {
        let path = self.folder.path("served");
        if !path.exists() {
            let own = std::env::current_exe().unwrap();
            if std::fs::hard_link(&own, &path).is_err() {
                std::fs::copy(&own, &path).unwrap();
            }
        }
        path
    }

    pub(crate) fn variable(begin: &str) -> (&'static str, String) {
        (WATCHED, begin.to_owned())
    }

    /// A program that can be watched, after its first commands.
    pub(crate) fn start(&self, begin: &str) -> Program {
        let mut command = self.program();
        let (name, begin) = Self::variable(begin);
        command.env(name, begin).env("PERFKIT", "watch");
        self.enter(&mut command);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let name = format!("{}-served.sock", child.id());
        let socket = self.runtime.join("perfkit").join(name);
        let program = Program {
            child,
            stdin,
            socket,
        };
        assert!(eventually(|| program.socket.exists()));
        program
    }

    /// A socket in this test's own name, which answers each line with what is made of it.
    pub(crate) fn pretend(&self, answer: impl Fn(&str) -> Vec<u8> + Send + 'static) {
        let folder = self.runtime.join("perfkit");
        DirBuilder::new().mode(0o700).create(&folder).unwrap();
        let name = format!("{}-other.sock", std::process::id());
        let listener = UnixListener::bind(folder.join(name)).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut line = String::new();
                let _ = BufReader::new(&stream).read_line(&mut line);
                let _ = stream.write_all(&answer(&line));
            }
        });
    }

    pub(crate) fn sockets(&self) -> usize {
        let entries = std::fs::read_dir(self.runtime.join("perfkit"));
        entries.map_or(0, Iterator::count)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.runtime);
    }
}

pub(crate) struct Program {
    child: Child,
    stdin: ChildStdin,
    socket: PathBuf,
}

impl Program {
    pub(crate) fn pid(&self) -> String {
        self.child.id().to_string()
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").unwrap();
    }

    /// Waits until it has done what it was told: so many calls of an operation ended.
    pub(crate) fn has(&self, name: &str, calls: u64) {
        let count = || {
            let report = ask(&self.socket, &Request::Report).ok()?;
            let found = report.operations.iter().find(|found| found.name == name);
            Some(found?.lifetime.calls.total())
        };
        assert!(
            eventually(|| count() == Some(calls)),
            "{name}: {:?}",
            count()
        );
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
