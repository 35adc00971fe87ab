//! The thread that answers those who watch.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use crate::metric::Metric;
use crate::monitor::Monitor;
use crate::process::{has_elevated_rights, is_of_same_user, spawn_without_signals};
use crate::report::Report;
use crate::snapshot::WindowSnapshot;

use super::place::in_own_place;
use super::protocol::{
    Brief, Head, LARGEST_ANSWER, LONGEST_ANSWER, PATIENCE, Request, read_line, write_all,
};

/// The socket that is open, and the process that has the thread behind it.
static OPEN: Mutex<Option<Socket>> = Mutex::new(None);

struct Socket {
    process: u32,
    path: PathBuf,
}

/// Where no connection can be had, the thread rests so long.
const REST: Duration = Duration::from_millis(200);

/// Lets this process be watched from now on; returns the socket. A forked child gets one of
/// its own.
pub(in crate::global) fn open(monitor: &Monitor) -> io::Result<PathBuf> {
    if !cfg!(feature = "record") {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "the program was built without recording",
        ));
    }
    if has_elevated_rights() {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the program has rights that whoever started it has not (setuid, setgid, capabilities of its file)",
        ));
    }
    let process = std::process::id();
    let mut open = lock()?;
    if let Some(socket) = open.as_ref().filter(|socket| socket.process == process) {
        return Ok(socket.path.clone());
    }
    let (listener, path) = in_own_place(listen)?;
    let monitor = monitor.clone();
    let builder = std::thread::Builder::new().name("perfkit-watch".to_owned());
    let started = spawn_without_signals(builder, move || serve(&listener, &monitor));
    if let Err(error) = started {
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    *open = Some(Socket {
        process,
        path: path.clone(),
    });
    Ok(path)
}

/// Never waits for long: in a child that was forked meanwhile nobody might ever let go.
fn lock() -> io::Result<MutexGuard<'static, Option<Socket>>> {
    for _ in 0..100 {
        match OPEN.try_lock() {
            Ok(open) => return Ok(open),
            Err(TryLockError::Poisoned(open)) => return Ok(open.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    Err(io::ErrorKind::WouldBlock.into())
}

/// Removes the socket of this process, at its end.
pub(in crate::global) fn close() {
    // Never waits: whoever has the lock may be gone.
    let open = OPEN.try_lock();
    if let Ok(Some(socket)) = open.as_deref()
        && socket.process == std::process::id()
    {
        let _ = fs::remove_file(&socket.path);
    }
}

/// Under its name there is only ever a socket that somebody listens to: others remove what
/// nobody listens to.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let unnamed = path.with_extension("new");
    let _ = fs::remove_file(&unnamed);
    let listener = UnixListener::bind(&unnamed)?;
    let named = fs::set_permissions(&unnamed, Permissions::from_mode(0o600))
        .and_then(|()| fs::rename(&unnamed, path));
    if let Err(error) = named {
        let _ = fs::remove_file(&unnamed);
        return Err(error);
    }
    Ok(listener)
}

fn serve(listener: &UnixListener, monitor: &Monitor) {
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                // Whatever goes wrong is no harm to the program, and whoever asked sees that
                // there is no answer.
                let answered = || answer(stream, monitor);
                let _ = catch_unwind(AssertUnwindSafe(answered));
            }
            // The program has no file descriptors left.
            Err(_) => std::thread::sleep(REST),
        }
    }
}

fn answer(mut stream: UnixStream, monitor: &Monitor) -> io::Result<()> {
    if !is_of_same_user(&stream)? {
        return Ok(());
    }
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let line = read_line(&mut stream, Instant::now() + PATIENCE)?;
    let answered = serde_json::from_slice::<Request>(&line)
        .map_err(|error| format!("the request is not understood: {error}"))
        .and_then(|request| body(&request, monitor));
    let (head, body) = match answered {
        Ok(body) => (None, body),
        Err(why) => (Some(why), Vec::new()),
    };
    let head = Head {
        bytes: body.len(),
        refused: head,
    };
    let mut first = serde_json::to_vec(&head)?;
    first.push(b'\n');
    let deadline = Instant::now() + LONGEST_ANSWER;
    write_all(&mut stream, &first, deadline)?;
    write_all(&mut stream, &body, deadline)
}

/// What is asked for, as JSON; as an error why there is none.
fn body(request: &Request, monitor: &Monitor) -> Result<Vec<u8>, String> {
    let report = match request {
        Request::Table(table) => return table.lines(monitor),
        Request::Report => Report::from_snapshot(monitor.snapshot()),
        Request::Brief(brief) => of_brief(brief, monitor),
    };
    let json = serde_json::to_vec(&report).map_err(|error| error.to_string())?;
    match json.len() {
        0..=LARGEST_ANSWER => Ok(json),
        _ => Err(format!(
            "the report is larger than {} MiB",
            LARGEST_ANSWER >> 20
        )),
    }
}

/// Without what takes room or time, but for the operation that is asked for whole.
fn of_brief(brief: &Brief, monitor: &Monitor) -> Report {
    let is_whole = |name: &str| brief.whole.as_deref() == Some(name);
    let mut report = Report::from_snapshot(monitor.snapshot_with_last_calls_of(is_whole));
    for operation in &mut report.operations {
        if is_whole(&operation.name) {
            continue;
        }
        operation.last_calls = WindowSnapshot::default();
        let recent = &mut operation.last_period.metrics;
        recent.retain(|metric, _| *metric == Metric::EXECUTION_TIME);
        for window in [&mut operation.lifetime, &mut operation.last_period] {
            for summary in window.metrics.values_mut() {
                summary.histogram = None;
            }
        }
    }
    report
}
