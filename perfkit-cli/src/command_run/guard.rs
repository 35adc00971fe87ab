//! What ends a command when perfkit is killed and cannot end it itself.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use rustix::process::Pid;

/// Waits until there is nothing more to read, because perfkit has ended, and ends the group
/// whose number is in the file that it has for its output.
const SCRIPT: &str = "trap '' HUP INT QUIT TERM; read -r end; read -r group <&1; [ \"$group\" -le 0 ] || kill -9 \"-$group\"";

/// A shell beside perfkit that waits for its end. It learns of groups from a file, since to be
/// told of each would wake it beside what is measured.
#[derive(Debug)]
pub(crate) struct Guard {
    /// `None` where there is no shell or no file: then a command outlives perfkit when that
    /// is killed.
    shell: Option<(Child, File)>,
}

impl Guard {
    pub(crate) fn start() -> Self {
        Self {
            shell: tempfile::tempfile().and_then(start).ok(),
        }
    }

    /// From now on this group ends with perfkit.
    pub(super) fn watch(&self, group: Pid) {
        self.write(group.as_raw_pid());
    }

    /// From now on there is no group that has to end.
    pub(super) fn release(&self) {
        self.write(0);
    }

    /// What cannot be written guards nothing, and keeps nothing from being measured.
    fn write(&self, group: i32) {
        if let Some((_, file)) = &self.shell {
            let _ = file.write_at(line(group).as_bytes(), 0);
        }
    }
}

/// Starts the shell with the file that it reads in the end.
fn start(file: File) -> std::io::Result<(Child, File)> {
    file.write_at(line(0).as_bytes(), 0)?;
    let mut command = Command::new("sh");
    command
        .args(["-c", SCRIPT])
        // What is sent to perfkit's group is not for the guard.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(file.try_clone()?)
        .stderr(Stdio::null());
    Ok((command.spawn()?, file))
}

/// A number in a line that is as long as all others, so that each takes the place of the last.
fn line(group: i32) -> String {
    format!("{group:>10}\n")
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some((shell, _)) = &mut self.shell {
            // It reads the end, and ends: waiting closes its standard input.
            let _ = shell.wait();
        }
    }
}
