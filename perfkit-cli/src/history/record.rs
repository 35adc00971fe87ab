//! A record: one run's report, immutable, known by the hash of what it says.

use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, Crc};
use perfkit::Report;

use crate::error::Error;
use crate::text::rfc_3339;

use super::hash::sha_256;
use super::head::{Head, Rest};

/// The largest record that is read, unpacked.
pub(crate) const LARGEST_BYTES: u64 = 256 << 20;

/// The largest head.
const LARGEST_HEAD: u64 = 128 << 20;

/// How a record begins: it is a report with one key more, which comes first and is one line.
const START: &[u8] = b"{\"history\":";

/// How the line of the head ends.
const END: &[u8] = b",\n";

/// What a record is called: when it was measured, and the hash of what it says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RecordName {
    /// As `20260131T120000Z`.
    time: String,
    /// Sixty-four hexadecimal digits.
    hash: String,
}

impl RecordName {
    fn of(measured_ms: u64, content: &[u8]) -> Self {
        let time = SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_millis(measured_ms))
            .unwrap_or(SystemTime::UNIX_EPOCH);
        Self {
            time: rfc_3339(time).replace(['-', ':'], ""),
            hash: sha_256(content),
        }
    }

    /// When it was measured, to the second.
    pub(crate) fn time(&self) -> Option<SystemTime> {
        let t = &self.time;
        let (date, time) = t.split_at(8);
        let text = format!(
            "{}-{}-{}{}:{}:{}",
            &date[..4],
            &date[4..6],
            &date[6..],
            &time[..3],
            &time[3..5],
            &time[5..]
        );
        humantime::parse_rfc3339(&text).ok()
    }

    /// Year and month, as `2026-01`, and the day: the folders that it is in.
    pub(crate) fn month_and_day(&self) -> (String, &str) {
        let month = format!("{}-{}", &self.time[..4], &self.time[4..6]);
        (month, &self.time[6..8])
    }
}

impl fmt::Display for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.time, self.hash)
    }
}

impl FromStr for RecordName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (time, hash) = text.split_once('-').ok_or(())?;
        let is_time = time.len() == 16
            && time.bytes().enumerate().all(|(at, byte)| match at {
                8 => byte == b'T',
                15 => byte == b'Z',
                _ => byte.is_ascii_digit(),
            });
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_hash = hash.len() == 64 && hash.bytes().all(is_digit);
        (is_time && is_hash)
            .then(|| Self {
                time: time.to_owned(),
                hash: hash.to_owned(),
            })
            .ok_or(())
    }
}

/// A record, as it is written.
pub(crate) struct Record {
    pub(crate) name: RecordName,
    /// A report in JSON, the head in its first line.
    pub(crate) content: Vec<u8>,
    /// Where the head ends.
    head_end: usize,
}

impl Record {
    /// The record of a run; `report` is the summary that it keeps.
    pub(crate) fn new(mut head: Head<'_>, report: &Report) -> Result<Self, Error> {
        let failed = |error: serde_json::Error| Error::data(format!("no record was made: {error}"));
        let report = serde_json::to_vec(report).map_err(failed)?;
        let rest = report.get(1..).unwrap_or_default();
        let mut crc = Crc::new();
        crc.update(rest);
        head.rest = Rest {
            bytes: crc.amount(),
            crc_32: crc.sum(),
        };
        let mut content = START.to_vec();
        serde_json::to_writer(&mut content, &head).map_err(failed)?;
        content.extend_from_slice(END);
        let head_end = content.len();
        content.extend_from_slice(rest);
        if content.len() as u64 > LARGEST_BYTES {
            return Err(Error::data(format!(
                "the report is too large for a record, which may have {} MiB",
                LARGEST_BYTES >> 20
            )));
        }
        let record = Self {
            name: RecordName::of(head.measured_ms, &content),
            content,
            head_end,
        };
        // What could not be read is not kept.
        record.head().map_err(Error::data)?;
        Ok(record)
    }

    /// One that was read, whose name has to be that of its content.
    pub(crate) fn of_content(name: &RecordName, content: Vec<u8>) -> Result<Self, String> {
        if sha_256(&content) != name.hash {
            return Err("the record is damaged: its hash is another".to_owned());
        }
        let line = content.iter().position(|byte| *byte == b'\n');
        let head_end = line.map_or(content.len(), |at| at + 1);
        Ok(Self {
            name: name.clone(),
            content,
            head_end,
        })
    }

    /// What it says of its run.
    pub(crate) fn head(&self) -> Result<Head<'_>, String> {
        Head::parse(head_of_line(&self.content[..self.head_end])?)
    }

    /// As a file: two parts, compressed one by one, so that the head can be read alone.
    pub(crate) fn compressed(&self) -> io::Result<Vec<u8>> {
        let (head, rest) = self.content.split_at(self.head_end);
        let mut bytes = Vec::new();
        for part in [head, rest] {
            let mut encoder = GzEncoder::new(bytes, Compression::new(6));
            encoder.write_all(part)?;
            bytes = encoder.finish()?;
        }
        Ok(bytes)
    }
}

/// The first line of a record that was read without the rest.
pub(crate) struct HeadLine {
    pub(crate) line: Vec<u8>,
    /// The last bytes of the compressed file, which tell what is before them.
    pub(crate) last: Option<[u8; 8]>,
}

impl HeadLine {
    /// The head, where the record is whole.
    pub(crate) fn head(&self) -> Result<Head<'_>, String> {
        let head = Head::parse(head_of_line(&self.line)?)?;
        match self.last.is_none_or(|last| is_whole(head.rest, last)) {
            true => Ok(head),
            false => Err("the record is cut off, or not as it was written".to_owned()),
        }
    }
}

/// The JSON of the head in the first line of a record.
fn head_of_line(line: &[u8]) -> Result<&[u8], String> {
    let head = line.strip_prefix(START);
    let head = head.and_then(|head| head.strip_suffix(END));
    head.ok_or_else(|| "it is no record: it does not begin as one".to_owned())
}

/// The first line of a compressed record, and nothing of what follows.
pub(crate) fn read_head_line(file: impl Read) -> Result<Vec<u8>, String> {
    let mut line = Vec::new();
    // One part alone: to look into the next takes as long again.
    let unpacked = flate2::read::GzDecoder::new(file).take(LARGEST_HEAD);
    BufReader::with_capacity(64 << 10, unpacked)
        .read_until(b'\n', &mut line)
        .map_err(damaged)?;
    Ok(line)
}

/// All of a compressed record.
pub(crate) fn read_content(file: impl Read) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    MultiGzDecoder::new(BufReader::new(file))
        .take(LARGEST_BYTES + 1)
        .read_to_end(&mut content)
        .map_err(damaged)?;
    match content.len() as u64 > LARGEST_BYTES {
        true => Err(format!(
            "unpacked, the record is larger than {} MiB, the largest that is read",
            LARGEST_BYTES >> 20
        )),
        false => Ok(content),
    }
}

fn damaged(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the record is cut off".to_owned(),
        _ => format!("the record is damaged: {error}"),
    }
}

/// Whether the end of a compressed record is what its head says: its last eight bytes are
/// checksum and length of what is before.
fn is_whole(rest: Rest, last: [u8; 8]) -> bool {
    let [a, b, c, d, e, f, g, h] = last;
    let told = Rest {
        crc_32: u32::from_le_bytes([a, b, c, d]),
        bytes: u32::from_le_bytes([e, f, g, h]),
    };
    rest == told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_of_a_record_and_of_nothing_else() {
        let hash = "0123456789abcdef".repeat(4);
        let name = format!("20260131T120000Z-{hash}");
        let parsed: RecordName = name.parse().unwrap();
        assert_eq!(parsed.to_string(), name);
        let (month, day) = parsed.month_and_day();
        assert_eq!((month.as_str(), day), ("2026-01", "31"));
        let upper = hash.to_uppercase();
        let long = format!("20260131T120000Z-{hash}0");
        for bad in [
            "",
            "20260131T120000Z",
            "20260131T120000Z-",
            &long,
            &format!("20260131T120000Z-{upper}"),
            &format!("2026/131T120000Z-{hash}"),
            &format!("20260131T12000é-{hash}"),
        ] {
            assert!(bad.parse::<RecordName>().is_err(), "{bad}");
        }
    }
}
