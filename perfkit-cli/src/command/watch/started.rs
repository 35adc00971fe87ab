//! A program that is started to be watched.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use perfkit::Report;
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::command::run::collect;
use crate::command_run::not_started;
use crate::error::Error;
use crate::terminal;

/// How long a program may take to end once it was asked to.
const PATIENCE: Duration = Duration::from_secs(3);

/// So much of what it wrote is shown at the end, in bytes.
const SHOWN: u64 = 64 << 10;

/// The variable that names the file in which a program leaves its last report.
const REPORT: &str = "PERFKIT_REPORT";

/// A program of which the screen does not see what it writes. It leads a process group, and
/// is ended with perfkit.
pub(super) struct Started {
    child: Child,
    /// All that it writes.
    output: File,
    /// Where it leaves its last report, unless the user has another place for it.
    folder: Option<TempDir>,
    status: Option<ExitStatus>,
}

impl Started {
    pub(super) fn start(command: &[String]) -> Result<Self, Error> {
        let (program, arguments) = command
            .split_first()
            .ok_or_else(|| Error::usage("there is no program to start"))?;
        let failed = |error| Error::data(format!("cannot make a temporary file: {error}"));
        let output = tempfile::tempfile().map_err(failed)?;
        let both = [output.try_clone(), output.try_clone()];
        let [stdout, stderr] = both.map(|file| file.map_err(failed));
        let mut starting = Command::new(program);
        starting
            .args(arguments)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(stdout?)
            .stderr(stderr?)
            .env("PERFKIT", "watch");
        let folder = match std::env::var_os(REPORT) {
            Some(_) => None,
            None => Some(tempfile::tempdir().map_err(failed)?),
        };
        if let Some(folder) = &folder {
            starting.env(REPORT, folder.path().join("{pid}.json"));
            starting.env("PERFKIT_REPORT_EVERY", "off");
        }
        let child = starting
            .spawn()
            .map_err(|error| not_started(program, &error))?;
        Ok(Self {
            child,
            output,
            folder,
            status: None,
        })
    }

    /// The number of its process group.
    pub(super) fn group(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, told once: as soon as that is known.
    pub(super) fn has_just_ended(&mut self) -> Option<ExitStatus> {
        if self.status.is_some() {
            return None;
        }
        self.status = self.child.try_wait().ok().flatten();
        self.status
    }

    /// How it ended, if it did so by itself.
    pub(super) fn status(&self) -> Option<ExitStatus> {
        self.status
    }

    /// What it left as its last report.
    pub(super) fn last_report(&self) -> Option<Report> {
        collect(self.folder.as_ref()?.path()).ok().flatten()
    }

    /// Asks it to end, and ends it where it does not.
    pub(super) fn end(&mut self) {
        const STEP: Duration = Duration::from_millis(5);
        if self.status.is_some() {
            return;
        }
        let group = Pid::from_child(&self.child);
        let asked = Instant::now();
        let _ = kill_process_group(group, Signal::TERM);
        while asked.elapsed() < PATIENCE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(STEP);
        }
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }

    /// Shows the last part of what it wrote.
    pub(super) fn show_output(&mut self) -> Result<(), Error> {
        let length = self.output.metadata().map_or(0, |found| found.len());
        let begin = length.saturating_sub(SHOWN);
        let mut last = Vec::new();
        let read = self.output.seek(SeekFrom::Start(begin));
        let read = read.and_then(|_| (&self.output).take(SHOWN).read_to_end(&mut last));
        read.map_err(|error| Error::data(format!("cannot read what it wrote: {error}")))?;
        if begin > 0 {
            terminal::print_line("The last 64 KiB of what the program wrote:");
        }
        terminal::print_bytes(&last)
    }
}

/// One that is not ended in order leaves nothing behind either.
impl Drop for Started {
    fn drop(&mut self) {
        self.end();
    }
}
