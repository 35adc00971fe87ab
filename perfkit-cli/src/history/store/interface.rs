//! What a store of records can do, wherever they are.

use crate::error::Error;
use crate::history::record::{HeadLine, Record, RecordName};

/// Whether a record was new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    New,
    /// The same record is there already.
    Known,
}

/// Where records are kept. Records never change; of two with the same name, either will do.
pub(crate) trait Store: Sync {
    /// Where it is, for people.
    fn place(&self) -> String;

    /// What tells this store from all others.
    fn key(&self) -> String;

    /// The records, by time; what has another name is no record.
    fn names(&self) -> Result<Vec<RecordName>, Error>;

    /// Adds records, each whole or not at all, and says which were new.
    fn add(&self, records: &[Record]) -> Result<Vec<Added>, Error>;

    /// Removes records; one that is gone already is no error.
    fn remove(&self, names: &[RecordName]) -> Result<(), Error>;

    /// What reads records, one after the other; several may read at once.
    fn reader(&self) -> Result<Box<dyn Reader + '_>, Error>;
}

/// Reads records. What is wrong with one is told in words.
pub(crate) trait Reader {
    /// The line of the head.
    fn head_line(&mut self, name: &RecordName) -> Result<HeadLine, String>;

    /// All of a record, with the right hash.
    fn record(&mut self, name: &RecordName) -> Result<Record, String>;
}
