//! All operations of a program as rows, which is a small part of a report.
//!
//! It goes over the socket as lines of JSON: a head, and then a row for each operation, so
//! that neither end ever has more than one of them twice. The head says of which form it is.

use std::io::{self, BufRead, BufReader, Read};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::monitor::Monitor;
use crate::snapshot::OperationSnapshot;

use super::row::OperationRow;

/// The form that is written and read here. One that has other rows gets another number.
const FORM: u32 = 1;

/// The longest line, in bytes: that of one operation with all that is known of it.
const LONGEST_LINE: u64 = 16 << 20;

/// The largest table, in bytes: some half a million operations.
pub(super) const LARGEST_TABLE: usize = 64 << 20;

/// What of a table is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRequest {
    form: u32,
    /// The name of the operation of which all is told.
    whole: Option<String>,
}

/// All operations of a program.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Table {
    /// When it was made.
    pub taken_at: SystemTime,
    /// By name.
    pub rows: Vec<OperationRow>,
    /// All of one operation, where it was asked for and is there.
    pub whole: Option<Box<OperationSnapshot>>,
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct TableHead {
    form: u32,
    /// When it was made, in nanoseconds since 1970.
    taken_at_ns: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    whole: Option<Box<OperationSnapshot>>,
}

impl TableRequest {
    /// A table, and all of one operation if one is named.
    #[must_use]
    pub fn new(whole: Option<String>) -> Self {
        Self { form: FORM, whole }
    }

    /// The lines of what a monitor recorded so far; as an error why there are none.
    pub(super) fn lines(&self, monitor: &Monitor) -> Result<Vec<u8>, String> {
        if self.form != FORM {
            return Err(format!(
                "the program tells tables of form {FORM}, and not {}",
                self.form
            ));
        }
        let now = monitor.clock().ticks();
        let entries = monitor.entries();
        let is_taken = |name: &str| entries.binary_search_by(|e| (*e.name).cmp(name)).is_ok();
        let values = monitor.values_beside(is_taken);
        let whole = self.whole.as_deref().and_then(|name| {
            let value = values.iter().find(|value| value.name == name);
            value.cloned().or_else(|| monitor.snapshot_of(name))
        });
        let taken_at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let head = TableHead {
            form: FORM,
            taken_at_ns: u64::try_from(taken_at.unwrap_or_default().as_nanos()).unwrap_or(u64::MAX),
            whole: whole.map(Box::new),
        };
        let mut lines = Lines::default();
        lines.add(&head)?;
        for entry in &entries {
            if let Some(row) = OperationRow::of_entry(monitor, entry, now) {
                lines.add(&row)?;
            }
        }
        for value in &values {
            lines.add(&OperationRow::of(value))?;
        }
        Ok(lines.bytes)
    }
}

#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
}

impl Lines {
    fn add(&mut self, line: &impl Serialize) -> Result<(), String> {
        let before = self.bytes.len();
        serde_json::to_writer(&mut self.bytes, line).map_err(|error| error.to_string())?;
        self.bytes.push(b'\n');
        let length = (self.bytes.len() - before) as u64;
        match self.bytes.len() <= LARGEST_TABLE && length <= LONGEST_LINE {
            true => Ok(()),
            false => Err(format!(
                "the table is larger than {} MiB, or a line of it than {} MiB",
                LARGEST_TABLE >> 20,
                LONGEST_LINE >> 20
            )),
        }
    }
}

impl Table {
    /// Of lines as they come; as an error what is wrong with them.
    pub(super) fn read(lines: impl Read) -> io::Result<Self> {
        let mut lines = BufReader::with_capacity(64 << 10, lines);
        let mut line = Vec::new();
        if !next(&mut lines, &mut line)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let head: TableHead = serde_json::from_slice(&line)?;
        if head.form != FORM {
            return Err(io::Error::other(format!(
                "it is of form {}, and not {FORM}",
                head.form
            )));
        }
        let mut rows = Vec::new();
        while next(&mut lines, &mut line)? {
            rows.push(serde_json::from_slice(&line)?);
        }
        let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(head.taken_at_ns));
        Ok(Self {
            taken_at: at.unwrap_or(SystemTime::UNIX_EPOCH),
            rows,
            whole: head.whole,
        })
    }
}

/// The next line, in place of the one before; whether there is one.
fn next(lines: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let read = lines.by_ref().take(LONGEST_LINE).read_until(b'\n', line)?;
    match line.last() {
        None => Ok(false),
        Some(b'\n') => Ok(true),
        Some(_) if read as u64 == LONGEST_LINE => Err(io::Error::other("a line is too long")),
        Some(_) => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(all(test, feature = "record", not(perfkit_loom)))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test panics")]

    use super::*;

    fn table(monitor: &Monitor, whole: Option<&str>) -> Table {
        let request = TableRequest::new(whole.map(str::to_owned));
        Table::read(&*request.lines(monitor).unwrap()).unwrap()
    }

    #[test]
    fn a_table_has_what_a_report_has() {
        let monitor = Monitor::new();
        for name in ["b", "a\n[\u{1b}", "c"] {
            monitor.measure(name, || ());
        }
        let _ = monitor.operation("never");
        let found = table(&monitor, Some("b"));
        let names: Vec<&str> = found.rows.iter().map(|row| &*row.name).collect();
        assert_eq!(names, ["a\n[\u{1b}", "b", "c"]);
        let whole = found.whole.unwrap();
        assert_eq!(whole.last_calls.count(), 1);
        assert!(whole.lifetime.execution_time().unwrap().histogram.is_some());
        assert!(table(&monitor, Some("never there")).whole.is_none());
    }

    #[test]
    fn what_is_no_table_is_told() {
        let monitor = Monitor::new();
        monitor.measure("a", || ());
        let whole = TableRequest::new(None).lines(&monitor).unwrap();
        let told = |bytes: &[u8]| Table::read(bytes).unwrap_err().to_string();
        for length in 0..whole.len() {
            // Between two lines it is a table, of fewer operations.
            if length == 0 || whole[length - 1] != b'\n' {
                assert!(Table::read(&whole[..length]).is_err(), "{length}");
            }
        }
        let other = String::from_utf8(whole).unwrap();
        let other = other.replacen("\"form\":1", "\"form\":7", 1);
        assert_eq!(told(other.as_bytes()), "it is of form 7, and not 1");
        let endless = io::repeat(b'x').take(LONGEST_LINE + 5);
        let error = Table::read(endless).unwrap_err();
        assert_eq!(error.to_string(), "a line is too long");
        let request = TableRequest {
            form: 7,
            whole: None,
        };
        let refused = request.lines(&monitor).unwrap_err();
        assert_eq!(refused, "the program tells tables of form 1, and not 7");
    }
}
