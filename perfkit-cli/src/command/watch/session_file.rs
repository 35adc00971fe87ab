//! Sessions that are kept in a file, and read from one.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, shown};
use crate::watch::{Moment, is_session};

/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 256 << 20;

/// The most moments of a session.
const MOST_MOMENTS: usize = 1_000_000;

/// Writes a session as it is seen.
pub(super) struct Recorder {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Recorder {
    /// A new file; one that is there is replaced where it is a session, or empty.
    pub(super) fn create(path: &Path) -> Result<Self, Error> {
        if path.exists() && !may_be_replaced(path) {
            return Err(Error::usage(format!(
                "{} is there already, and holds no session",
                shown(path)
            ))
            .hint("give --record the name of a new file"));
        }
        let file = File::create(path).map_err(|error| Error::file("write", path, error))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
        })
    }

    /// Writes one moment, so that whatever ends perfkit leaves whole lines.
    pub(super) fn keep(&mut self, moment: &Moment) -> Result<(), Error> {
        let Some(line) = moment.to_line() else {
            return Ok(());
        };
        let written = self.file.write_all(&line).and_then(|()| self.file.flush());
        written.map_err(|error| Error::file("write", &self.path, error))
    }
}

fn may_be_replaced(path: &Path) -> bool {
    let is_empty = path
        .metadata()
        .is_ok_and(|found| found.is_file() && found.len() == 0);
    is_empty || holds_session(path)
}

/// Whether a file is a session.
pub(super) fn holds_session(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(100).read_to_end(&mut start));
    read.is_ok() && is_session(&start)
}

/// A session that was kept.
pub(super) struct SessionFile {
    path: PathBuf,
    file: BufReader<File>,
    /// Where lines begin, and how long they are.
    lines: Vec<(u64, u64)>,
}

impl SessionFile {
    /// Finds the lines. The last one is left out where its writer was killed within it.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |error| Error::file("open", path, error);
        let mut file = BufReader::new(File::open(path).map_err(failed)?);
        let (mut lines, mut begin, mut at) = (Vec::new(), 0_u64, 0_u64);
        loop {
            let part = file.fill_buf().map_err(failed)?;
            if part.is_empty() {
                break;
            }
            let length = part.len();
            let ends = part.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            for (end, _) in ends {
                let end = at + end as u64;
                lines.push((begin, end - begin));
                begin = end + 1;
            }
            at += length as u64;
            file.consume(length);
        }
        let told = |what: &str| Err(Error::data(format!("{}: {what}", shown(path))));
        match lines.len() {
            0 => told("the session has no moment that is whole"),
            1..=MOST_MOMENTS => Ok(Self {
                path: path.to_owned(),
                file,
                lines,
            }),
            _ => told("the session has more than a million moments"),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.lines.len()
    }

    /// The moment of a line.
    pub(super) fn read(&mut self, index: usize) -> Result<Moment, Error> {
        let number = index + 1;
        let told =
            |what: &str| Error::data(format!("{}, line {number}: {what}", shown(&self.path)));
        let Some((begin, length)) = self.lines.get(index).copied() else {
            return Err(told("there is no such line"));
        };
        if length > LONGEST_LINE {
            return Err(told("the line is longer than 256 MiB"));
        }
        let mut line = vec![0; length as usize];
        let read = self.file.seek(SeekFrom::Start(begin));
        let read = read.and_then(|_| self.file.read_exact(&mut line));
        read.map_err(|error| told(&error.to_string()))?;
        Moment::of_line(&line).map_err(|why| told(&why))
    }
}
