//! How a process ended, and what is known of it then.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use perfkit::process::ResourceUsage;

use crate::error::Error;
use crate::text::printable;

/// How a process ended.
pub(crate) enum Ended {
    /// By itself.
    Exited(Finished),
    /// By us, after its timeout; with the end of its standard error.
    TimedOut(String),
    /// By us, because it stopped itself or wanted the terminal.
    Stopped(i32),
    /// By us, because the user wants everything to end.
    Interrupted,
}

/// What is known of a process that ended by itself.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) usage: ResourceUsage,
    pub(crate) wall_ns: u64,
    /// How many instructions it executed in user mode; `None` where they are not
    /// counted.
    pub(crate) instructions: Option<u64>,
    /// How many cycles the processor took for it in user mode; `None` where they are
    /// not counted.
    pub(crate) cycles: Option<u64>,
    /// The last lines of standard error, if it was not inherited.
    pub(crate) stderr: String,
}

/// Why a program could not be started.
pub(crate) fn not_started(program: &str, error: &io::Error) -> Error {
    let program = printable(program);
    match error.kind() {
        io::ErrorKind::NotFound => {
            Error::command_failed(format!("the program `{program}` was not found"))
        }
        io::ErrorKind::PermissionDenied => {
            Error::command_failed(format!("`{program}` may not be executed"))
        }
        _ => Error::command_failed(format!("`{program}` could not be started: {error}")),
    }
}

/// Why a process is left, though it was to end.
pub(super) fn cannot_be_ended(pid: u32) -> Error {
    Error::command_failed(format!("process {pid} cannot be ended"))
}

/// How a process ended, in words.
pub(crate) fn describe_status(status: ExitStatus) -> String {
    if let Some(code) = status.code() {
        return format!("exit status {code}");
    }
    describe_signal(status.signal().unwrap_or_default())
}

/// `signal 9 (SIGKILL)`
pub(crate) fn describe_signal(signal: i32) -> String {
    match signal_hook::low_level::signal_name(signal) {
        Some(name) => format!("signal {signal} ({name})"),
        None => format!("signal {signal}"),
    }
}
