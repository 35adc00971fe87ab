//! The files by which a Linux kernel tells of the machine.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// How much of a file is read: of a list of processors the first tell enough.
const MOST_BYTES: u64 = 64 << 10;

/// How many entries of a folder are looked at.
const MOST_ENTRIES: usize = 10_000;

/// The folder that `/proc` and `/sys` are in.
#[derive(Debug)]
pub(crate) struct Root(PathBuf);

/// A file that could not be read.
#[derive(Debug)]
pub(super) struct Unread {
    path: String,
    error: io::Error,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error.kind() {
            io::ErrorKind::NotFound => write!(f, "there is no {}", self.path),
            _ => write!(f, "{} cannot be read: {}", self.path, self.error),
        }
    }
}

impl Root {
    /// That of this machine.
    pub(crate) fn own() -> Self {
        Self("/".into())
    }

    #[cfg(test)]
    pub(super) fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The text of a file, without the line break at its end.
    pub(super) fn text(&self, path: &str) -> Result<String, Unread> {
        let read = || {
            let mut bytes = Vec::new();
            let file = File::open(self.0.join(path))?;
            file.take(MOST_BYTES).read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
        };
        read().map_err(|error| Unread {
            path: format!("/{path}"),
            error,
        })
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.0.join(path).exists()
    }

    /// The folders `cpu0`, `cpu1`, … of the processors.
    pub(super) fn cpus(&self) -> Vec<String> {
        const FOLDER: &str = "sys/devices/system/cpu";
        let is_cpu = |name: &String| {
            let number = name.strip_prefix("cpu");
            number.is_some_and(|number| number.parse::<u32>().is_ok())
        };
        let entries = std::fs::read_dir(self.0.join(FOLDER));
        let names = entries.into_iter().flatten().take(MOST_ENTRIES).flatten();
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names
            .filter(is_cpu)
            .map(|name| format!("{FOLDER}/{name}"))
            .collect()
    }
}

/// Files of other machines, recorded.
#[cfg(test)]
pub(super) mod recorded {
    use std::path::Path;

    use super::Root;

    /// The files in a folder, which is removed with the first of both.
    pub(in crate::machine) fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let root = Root::at(folder.path());
        (folder, root)
    }
}
