//! What stands at the start of a record: which run it is of, and the values of its series.

use serde::{Deserialize, Serialize};

use super::machine::Machine;
use super::series::Point;

/// The form of records that this version writes and reads.
pub(crate) const VERSION: u32 = 1;

/// The most series that a record may have.
const MOST_SERIES: usize = 1_000_000;

/// The longest name of anything in a record, in bytes.
const LONGEST_NAME: usize = 16 << 10;

/// What a record says of its run, and the values of its series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head<'a> {
    pub(crate) version: u32,
    /// When it was measured, in milliseconds since 1970.
    pub(crate) measured_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) commit: Option<Commit>,
    pub(crate) machine: Machine,
    /// The compiler, or whatever else the user tells apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) toolchain: Option<String>,
    /// The tool whose results these are; absent where they are perfkit's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tool: Option<String>,
    /// How many bytes follow, and their CRC-32: the end of a file tells both, so that one
    /// that is cut off is found without being read.
    pub(crate) rest: Rest,
    #[serde(borrow)]
    pub(crate) series: Vec<Point<'a>>,
}

/// The revision that was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Commit {
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parents: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) branch: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<String>,
    /// When it was made, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) committed_s: Option<u64>,
    /// Whether tracked files differed from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dirty: Option<bool>,
}

/// What follows the head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rest {
    pub(crate) bytes: u32,
    pub(crate) crc_32: u32,
}

impl<'a> Head<'a> {
    /// Reads a head; what is wrong with it is told in words.
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let head: Self = match serde_json::from_slice(json) {
            Ok(head) => head,
            Err(error) => {
                let version = serde_json::from_slice::<Version>(json);
                return Err(match version {
                    Ok(Version { version }) if version > VERSION => newer(version),
                    _ => format!("the record is damaged: {error}"),
                });
            }
        };
        head.check().map(|()| head)
    }

    fn check(&self) -> Result<(), String> {
        if self.version > VERSION {
            return Err(newer(self.version));
        }
        if self.series.len() > MOST_SERIES {
            return Err(format!("the record has more than {MOST_SERIES} series"));
        }
        let commit = self.commit.iter();
        let texts = commit.flat_map(|commit| {
            let texts = [&commit.branch, &commit.subject].into_iter().flatten();
            texts.chain([&commit.id]).chain(&commit.parents)
        });
        let texts = texts
            .chain([&self.machine.key, &self.machine.name])
            .chain(&self.toolchain);
        let names = self.series.iter();
        let names = names.flat_map(|point| [&point.id.name, &point.id.program, &point.id.anchor]);
        let longest = texts
            .map(String::len)
            .chain(names.map(|name| name.len()))
            .max();
        if longest > Some(LONGEST_NAME) {
            return Err(format!(
                "the record has a text of more than {LONGEST_NAME} bytes"
            ));
        }
        Ok(())
    }

    /// Where it stands among others, in milliseconds since 1970: when its commit was made, so
    /// that what is measured later stands in the place of its commit.
    pub(crate) fn place_ms(&self) -> u64 {
        let commit = self.commit.as_ref();
        let committed = commit.and_then(|commit| commit.committed_s);
        committed.map_or(self.measured_ms, |seconds| seconds.saturating_mul(1000))
    }
}

fn newer(version: u32) -> String {
    format!("the record is of a newer perfkit: its form is {version}, and this one reads {VERSION}")
}
