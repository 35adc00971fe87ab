//! A small process that starts programs and waits for them.
//!
//! Of a process the system tells as its peak memory no less than the process had that
//! started it, and it takes longer to start from a large one. So programs that are measured
//! are started by a process of some tens of kilobytes. Its program is in `program/`, is
//! compiled by the build script, and is executed from memory. It reads the clock itself,
//! and ends what is running when this process ends, however that comes.

#[cfg(perfkit_spawner)]
mod client;
#[cfg(not(perfkit_spawner))]
#[path = "absent.rs"]
mod client;
#[cfg(perfkit_spawner)]
mod wire;

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitStatus;

use super::child::ResourceUsage;

pub use client::Spawner;

/// What a program is started with: where it may lie, its arguments with its name before
/// them, and its variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramTexts {
    /// Files to execute: the first that can be is.
    pub paths: TextList,
    /// Its name, and its arguments.
    pub arguments: TextList,
    /// Its environment, as `NAME=value`.
    pub variables: TextList,
}

/// Texts as the system takes them: each ends with a zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextList {
    bytes: Vec<u8>,
    count: u32,
}

impl TextList {
    /// Adds a text that is these parts one after the other.
    ///
    /// # Errors
    /// There is a zero in it.
    pub fn push(&mut self, parts: &[&OsStr]) -> io::Result<()> {
        if parts.iter().any(|part| part.as_bytes().contains(&0)) {
            let message = "a NUL character is in a name, an argument or a variable";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        for part in parts {
            self.bytes.extend_from_slice(part.as_bytes());
        }
        self.bytes.push(0);
        self.count += 1;
        Ok(())
    }

    /// Adds all texts of another list.
    pub fn append(&mut self, other: &Self) {
        self.bytes.extend_from_slice(&other.bytes);
        self.count += other.count;
    }
}

/// What became of a program.
#[derive(Debug)]
pub enum Outcome {
    /// It ended by itself.
    Exited(Exited),
    /// A signal stopped it, and so it was made to end, with all of its group.
    Stopped(i32),
    /// It could not be started.
    NotStarted(io::Error),
    /// It was made to end, with all of its group, as was asked for.
    Ended,
    /// It has this number and cannot be made to end.
    Stuck(u32),
}

/// A program that ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exited {
    /// How it ended.
    pub status: ExitStatus,
    /// What it used. Its peak memory is not below [`Spawner::peak_memory_bytes`].
    pub usage: ResourceUsage,
    /// From before it was started until its end was known, in nanoseconds.
    pub wall_ns: u64,
}
