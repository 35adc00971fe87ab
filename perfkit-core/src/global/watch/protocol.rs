//! What goes over the socket: a line that asks, and a line with a length and then so many
//! bytes that answer.

use std::error::Error;
use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::process::is_of_same_user;
use crate::report::{Report, ReportError};

use super::table::{LARGEST_TABLE, Table, TableRequest};

/// The longest line that asks, in bytes.
pub(super) const LONGEST_REQUEST: usize = 4096;

/// The largest answer, in bytes.
pub(super) const LARGEST_ANSWER: usize = 256 << 20;

/// How long one end waits for the other to take or give anything.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// How long an answer may take as a whole.
pub(super) const LONGEST_ANSWER: Duration = Duration::from_secs(20);

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// The whole report, as the program would save it.
    Report,
    /// A report without what takes room.
    Brief(Brief),
    /// A row for each operation.
    Table(TableRequest),
}

/// A report without distributions and last calls, with the execution time alone of the last
/// period, so that one of ten thousand operations is had often.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// The name of the operation of which all is told.
    pub whole: Option<String>,
}

/// The line before an answer.
#[derive(Serialize, Deserialize)]
pub(super) struct Head {
    /// How many bytes follow.
    pub(super) bytes: usize,
    /// Why there is no report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<String>,
}

/// Why a program did not tell what it recorded.
#[derive(Debug)]
#[non_exhaustive]
pub enum WatchError {
    /// Nobody listens: the program has ended.
    Gone(io::Error),
    /// It does not answer as it should, or not in time.
    Unanswered(io::Error),
    /// It says why it does not.
    Refused(String),
    /// What it answers is no report.
    NoReport(ReportError),
    /// What it answers is no table, or only a part of one.
    NoTable(io::Error),
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(error) => write!(f, "it does not listen: {error}"),
            Self::Unanswered(error) => write!(f, "it does not answer: {error}"),
            Self::Refused(why) => {
                let why: String = why.chars().filter(|c| !c.is_control()).take(300).collect();
                write!(f, "it refuses: {why}")
            }
            Self::NoReport(error) => write!(f, "its answer is no report: {error}"),
            Self::NoTable(error) => write!(f, "its answer is no table: {error}"),
        }
    }
}

impl Error for WatchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Gone(error) | Self::Unanswered(error) | Self::NoTable(error) => Some(error),
            Self::NoReport(error) => Some(error),
            Self::Refused(_) => None,
        }
    }
}

/// Asks the program that listens at a socket.
///
/// # Errors
/// It has ended, belongs to another user, does not answer in time, or answers no report.
pub fn ask(path: &Path, request: &Request) -> Result<Report, WatchError> {
    let mut answer = answer(path, request, LARGEST_ANSWER)?;
    let mut json = Vec::with_capacity(answer.left);
    let read = answer.read_to_end(&mut json);
    read.map_err(WatchError::Unanswered)?;
    Report::from_json(&json).map_err(WatchError::NoReport)
}

/// Asks for a table, which is read while it comes.
///
/// # Errors
/// The same, and [`WatchError::Refused`] by a program that tells no table of this form.
pub fn ask_for_table(path: &Path, request: TableRequest) -> Result<Table, WatchError> {
    let answer = answer(path, &Request::Table(request), LARGEST_TABLE)?;
    Table::read(answer).map_err(WatchError::NoTable)
}

/// The bytes of an answer, as they come.
struct Answer {
    stream: UnixStream,
    left: usize,
    deadline: Instant,
}

impl Read for Answer {
    /// An answer that ends too early is an error.
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let wanted = bytes.len().min(self.left);
        if wanted == 0 {
            return Ok(0);
        }
        let read = read_some(&mut self.stream, &mut bytes[..wanted], self.deadline)?;
        self.left -= read;
        Ok(read)
    }
}

fn answer(path: &Path, request: &Request, largest: usize) -> Result<Answer, WatchError> {
    let stream = UnixStream::connect(path).map_err(WatchError::Gone)?;
    let (answer, refused) = begin(stream, request).map_err(WatchError::Unanswered)?;
    match refused {
        Some(why) => Err(WatchError::Refused(why)),
        None if answer.left > largest => {
            let error = io::Error::other("the answer is too large");
            Err(WatchError::Unanswered(error))
        }
        None => Ok(answer),
    }
}

/// The answer from its first byte on, and why there is none.
fn begin(mut stream: UnixStream, request: &Request) -> io::Result<(Answer, Option<String>)> {
    if !is_of_same_user(&stream)? {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the socket is another user's",
        ));
    }
    stream.set_write_timeout(Some(PATIENCE))?;
    // The snapshot is taken before the first byte comes.
    stream.set_read_timeout(Some(LONGEST_ANSWER))?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let deadline = Instant::now() + LONGEST_ANSWER;
    let head = read_line(&mut stream, deadline)?;
    let head: Head = serde_json::from_slice(&head)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let answer = Answer {
        stream,
        left: head.bytes,
        deadline,
    };
    Ok((answer, head.refused))
}

/// A line without its end, of at most [`LONGEST_REQUEST`] bytes.
pub(super) fn read_line(stream: &mut impl Read, deadline: Instant) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    loop {
        // Byte by byte: what follows the line is another's.
        let mut byte = [0];
        read_some(stream, &mut byte, deadline)?;
        match byte {
            [b'\n'] => return Ok(line),
            _ if line.len() >= LONGEST_REQUEST => {
                return Err(io::Error::other("the line is too long"));
            }
            [byte] => line.push(byte),
        }
    }
}

fn read_some(stream: &mut impl Read, bytes: &mut [u8], deadline: Instant) -> io::Result<usize> {
    loop {
        if Instant::now() >= deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match stream.read(bytes) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// Writes all of it, unless that takes too long as a whole.
pub(super) fn write_all(
    stream: &mut impl Write,
    mut bytes: &[u8],
    deadline: Instant,
) -> io::Result<()> {
    while !bytes.is_empty() {
        if Instant::now() >= deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let part = &bytes[..bytes.len().min(64 << 10)];
        match stream.write(part) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_an_end_and_a_limit() {
        let deadline = Instant::now() + Duration::from_secs(60);
        let read = |mut bytes: &[u8]| read_line(&mut bytes, deadline).map(|line| line.len());
        assert_eq!(read(b"abc\nrest").unwrap(), 3);
        let longest = [vec![b'x'; LONGEST_REQUEST], b"\n".to_vec()].concat();
        assert_eq!(read(&longest).unwrap(), LONGEST_REQUEST);
        assert!(read(&vec![b'x'; LONGEST_REQUEST + 1]).is_err());
        assert!(read(b"no end").is_err());
        let past = Instant::now();
        assert!(read_line(&mut &b"abc\n"[..], past).is_err());
    }
}
