//! What ends a command when perfkit is killed and cannot end it itself.

use std::cell::RefCell;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};

use rustix::process::Pid;

/// Keeps the last line that it reads, which is the number of a process group or empty, and
/// when there is nothing more to read, because perfkit has ended, ends that group.
const SCRIPT: &str = "trap '' HUP INT QUIT TERM; group=; while read -r line; do group=$line; done; [ -z \"$group\" ] || kill -9 \"-$group\"";

/// A shell beside perfkit that waits for its end.
#[derive(Debug)]
pub(crate) struct Guard {
    /// `None` where there is no shell: then a command outlives perfkit when that is killed.
    shell: Option<Child>,
    stdin: Option<RefCell<ChildStdin>>,
}

impl Guard {
    pub(crate) fn start() -> Self {
        let mut command = Command::new("sh");
        command
            .args(["-c", SCRIPT])
            // What is sent to perfkit's group is not for the guard.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut shell = command.spawn().ok();
        let stdin = shell.as_mut().and_then(|shell| shell.stdin.take());
        Self {
            shell,
            stdin: stdin.map(RefCell::new),
        }
    }

    /// From now on this group ends with perfkit.
    pub(super) fn watch(&self, group: Pid) {
        self.tell(&format!("{}\n", group.as_raw_pid()));
    }

    /// From now on there is no group that has to end.
    pub(super) fn release(&self) {
        self.tell("\n");
    }

    /// A guard that is gone guards nothing, and keeps nothing from being measured.
    fn tell(&self, line: &str) {
        if let Some(stdin) = &self.stdin {
            let _ = stdin.borrow_mut().write_all(line.as_bytes());
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // It reads the end, and ends.
        self.stdin = None;
        if let Some(shell) = &mut self.shell {
            let _ = shell.wait();
        }
    }
}
