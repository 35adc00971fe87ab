//! Programs that are watched while they run: with `PERFKIT=watch` they listen on a socket.

use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use libc::SIGTERM;
use perfkit::Report;
use perfkit::global::watch::{Brief, OperationRow, Request, TableRequest, ask, ask_for_table};

use crate::program::STEPS;
use crate::running::{Folder, wait_for};
use crate::{Running, send, silent};

/// A short folder of the user's session: the system allows paths of sockets some hundred
/// bytes.
struct Session(PathBuf);

impl Session {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("pk-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn start(&self, folder: &Folder, which: &str) -> Running {
        let mut command = silent(folder, which);
        command.env("PERFKIT", "watch");
        command.env("XDG_RUNTIME_DIR", &self.0);
        Running::start_unheard(&mut command)
    }

    fn sockets(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.0.join("perfkit")).into_iter();
        entries
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect()
    }

    fn socket(&self) -> PathBuf {
        let [socket] = &self.sockets()[..] else {
            panic!("{:?}", self.sockets());
        };
        socket.clone()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn steps(report: &Report) -> u64 {
    let mut operations = report.operations.iter();
    let step = operations.find(|operation| operation.name == "step");
    step.map_or(0, |step| step.lifetime.calls.success)
}

pub(crate) fn until_it_exits() {
    let (folder, session) = (Folder::new("watched"), Session::new("exit"));
    let mut running = session.start(&folder, "is told how to end");
    assert_eq!(running.line(), "ready");
    let socket = session.socket();
    let name = socket.file_name().unwrap().to_str().unwrap();
    assert_eq!(name, format!("{}-program.sock", running.child.id()));
    let whole = ask(&socket, &Request::Report).unwrap();
    assert_eq!(steps(&whole), STEPS);
    let histogram = |report: &Report| {
        let step = report.operations.iter().find(|found| found.name == "step");
        let time = step.unwrap().lifetime.execution_time().unwrap();
        assert!(time.median.is_some());
        time.histogram.is_some()
    };
    assert!(histogram(&whole));
    let brief = |whole: Option<&str>| {
        let whole = whole.map(str::to_owned);
        ask(&socket, &Request::Brief(Brief { whole })).unwrap()
    };
    assert!(!histogram(&brief(None)) && histogram(&brief(Some("step"))));
    let table = ask_for_table(&socket, TableRequest::new(Some("step".to_owned()))).unwrap();
    let rows: Vec<OperationRow> = brief(None)
        .operations
        .iter()
        .map(OperationRow::of)
        .collect();
    let calls = |rows: &[OperationRow]| {
        let of_row = |row: &OperationRow| (row.name.clone(), row.calls, row.total_ns);
        rows.iter().map(of_row).collect::<Vec<_>>()
    };
    assert_eq!(calls(&table.rows), calls(&rows));
    assert!(table.whole.unwrap().last_calls.count() > 0);
    running.tell("exit");
    assert_eq!(running.end().0.code(), Some(4));
    assert_eq!(session.sockets(), Vec::<PathBuf>::new());
    assert!(ask(&socket, &Request::Report).is_err());
}

pub(crate) fn by_nobody_else() {
    let (folder, session) = (Folder::new("modes"), Session::new("modes"));
    let mut running = session.start(&folder, "waits");
    assert_eq!(running.line(), "ready");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let socket = session.socket();
    assert!(std::fs::metadata(&socket).unwrap().file_type().is_socket());
    assert_eq!(mode(&socket), 0o600);
    assert_eq!(mode(socket.parent().unwrap()), 0o700);
}

/// Clients that are silent, talk nonsense, ask too much at a time or go away: the next one is
/// answered, and the program goes on.
pub(crate) fn by_bad_requests() {
    let (folder, session) = (Folder::new("bad"), Session::new("bad"));
    let mut running = session.start(&folder, "waits");
    assert_eq!(running.line(), "ready");
    let socket = session.socket();
    let connect = || {
        let stream = UnixStream::connect(&socket).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        stream
    };
    let silent = connect();
    drop(connect());
    for bad in [&b"\n"[..], b"nonsense\n", b"\xff\xfe\n", b"{\"Brief\":3}\n"] {
        let mut stream = connect();
        stream.write_all(bad).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("the request is not understood"), "{answer}");
    }
    let mut long = connect();
    // It may be cut off before all of it is written.
    let _ = long.write_all(&vec![b'x'; 1 << 20]);
    let mut deaf = connect();
    deaf.write_all(b"\"Report\"\n").unwrap();
    assert_eq!(steps(&ask(&socket, &Request::Report).unwrap()), STEPS);
    drop((silent, deaf));
    running.send(SIGTERM);
    assert!(!running.end().0.success());
}

pub(crate) fn not_by_way_of_a_child() {
    let (folder, session) = (Folder::new("child-watched"), Session::new("child"));
    let mut running = session.start(&folder, "forks");
    // The first child has exited.
    assert_eq!(running.line(), "ended by 0");
    let socket = session.socket();
    let child = running.line();
    let child: u32 = child.strip_prefix("child ").unwrap().parse().unwrap();
    let report = ask(&socket, &Request::Report).unwrap();
    let names: Vec<&str> = report.operations.iter().map(|found| &*found.name).collect();
    assert_eq!(names, ["step"]);
    send(child, SIGTERM);
    assert_eq!(running.line(), format!("ended by {SIGTERM}"));
    assert!(
        wait_for(|| ask(&socket, &Request::Report).ok())
            .operations
            .len()
            == 1
    );
}

/// Neither folder can be had: it says so, once, and does what it is there for.
pub(crate) fn without_a_folder() {
    let (folder, session) = (Folder::new("nowhere"), Session::new("nowhere"));
    let open_to_all = session.0.join("perfkit");
    std::fs::create_dir(&open_to_all).unwrap();
    std::fs::set_permissions(&open_to_all, PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = silent(&folder, "is told how to end");
    command.env("PERFKIT", "watch");
    command.env("XDG_RUNTIME_DIR", &session.0);
    command.env("TMPDIR", session.0.join("missing"));
    let mut running = Running::start(command);
    running.tell("exit");
    let (status, told) = running.end();
    assert_eq!(status.code(), Some(4));
    let complaint = "perfkit: PERFKIT=watch: the program cannot be watched: ";
    assert!(told.starts_with(complaint), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}
