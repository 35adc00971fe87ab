//! The index as a whole: brought to what the store has, and asked.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use rusqlite::{Connection, TransactionBehavior};

use crate::error::{Error, shown};
use crate::history::record::{Record, RecordName};
use crate::history::store::Store;

use super::packed::IndexedPoint;
use super::reader::{self, BadRecord, IndexedRecord, IndexedSeries, Surroundings};
use super::schema;
use super::writer::{HashedHead, SeriesHasher, Writer};

/// How many records may be read and wait for being written.
const MOST_WAITING: usize = 64;

/// The most threads that read records.
const MOST_READERS: usize = 4;

/// The most records that are told one by one.
const LONGEST_REASON: usize = 1000;

/// An index, open.
pub(crate) struct Index {
    connection: Connection,
    path: PathBuf,
}

/// What bringing an index to the state of its store came to.
#[derive(Debug, Default)]
pub(crate) struct Synced {
    /// How many records were added.
    pub(crate) added: usize,
    /// Whether the whole index was made anew.
    pub(crate) is_rebuilt: bool,
    /// The records that cannot be read, and why.
    pub(crate) bad: Vec<BadRecord>,
}

impl Index {
    /// The index of a store, as the store is now. One that is missing, damaged or of another
    /// form is made anew.
    pub(crate) fn of(store: &dyn Store, path: &Path) -> Result<(Self, Synced), Error> {
        let names = store.names()?;
        if let Ok(Some(connection)) = open_existing(path) {
            let mut index = Self {
                connection,
                path: path.to_owned(),
            };
            match index.catch_up(store, &names) {
                Ok(Some(synced)) => return Ok((index, synced)),
                Err(Failure::Store(error)) => return Err(error),
                Ok(None) | Err(Failure::Index(_)) => {}
            }
        }
        Self::rebuilt(store, path, &names)
    }

    /// The same, made anew in any case.
    pub(crate) fn rebuild(store: &dyn Store, path: &Path) -> Result<(Self, Synced), Error> {
        Self::rebuilt(store, path, &store.names()?)
    }

    /// Adds records that were just added to the store, where there is an index; else the next
    /// who looks makes one.
    pub(crate) fn add(path: &Path, records: &[&Record]) {
        if let Ok(Some(connection)) = open_existing(path) {
            // Whoever looks next finds what is missing, or what is damaged.
            let _ = add_records(&connection, records);
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Records, the newest first, while the receiver wants more.
    pub(crate) fn records(
        &self,
        wants_more: impl FnMut(IndexedRecord) -> bool,
    ) -> Result<(), Error> {
        reader::records(&self.connection, wants_more).map_err(|error| self.failed(&error))
    }

    /// The record of a point.
    pub(crate) fn record(&self, number: u32) -> Result<IndexedRecord, Error> {
        reader::record_of(&self.connection, number).map_err(|error| self.failed(&error))
    }

    /// All series, by name.
    pub(crate) fn series(&self) -> Result<Vec<IndexedSeries>, Error> {
        reader::all_series(&self.connection).map_err(|error| self.failed(&error))
    }

    /// The points of a series, in the order of commits.
    pub(crate) fn points(&self, series: u32) -> Result<Vec<IndexedPoint>, Error> {
        reader::points_of(&self.connection, series).map_err(|error| self.failed(&error))
    }

    pub(crate) fn surroundings(&self) -> Result<Surroundings, Error> {
        reader::surroundings(&self.connection).map_err(|error| self.failed(&error))
    }

    /// Adds what the store has and the index has not; `None` where it has what the store has
    /// no more.
    fn catch_up(
        &mut self,
        store: &dyn Store,
        names: &[RecordName],
    ) -> Result<Option<Synced>, Failure> {
        let (seen, bad) = reader::seen(&self.connection)?;
        let seen: HashSet<&str> = seen.iter().map(String::as_str).collect();
        let (known, missing): (Vec<&RecordName>, Vec<&RecordName>) = names
            .iter()
            .partition(|name| seen.contains(name.to_string().as_str()));
        if known.len() < seen.len() {
            return Ok(None);
        }
        // What could not be read is tried again: it may have been mended.
        if bad.is_empty() && missing.is_empty() {
            return Ok(Some(Synced::default()));
        }
        let immediate = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(immediate)?;
        transaction.execute("DELETE FROM bad", [])?;
        let (added, bad) = add_all(store, &transaction, &missing)?;
        transaction.commit()?;
        Ok(Some(Synced {
            added,
            is_rebuilt: false,
            bad,
        }))
    }

    fn rebuilt(
        store: &dyn Store,
        path: &Path,
        names: &[RecordName],
    ) -> Result<(Self, Synced), Error> {
        let failed = |error: &dyn std::fmt::Display| {
            let message = format!("cannot make the index {}: {error}", shown(path));
            Error::data(message).hint("the records are as they were; PERFKIT_HISTORY_INDEX names another file, and there may be no room")
        };
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let unfinished = tempfile::Builder::new()
            .prefix(".history-")
            .suffix(".perfkit-tmp")
            .tempfile_in(folder)
            .map_err(|error| failed(&error))?;
        let built = || -> Result<(usize, Vec<BadRecord>), Failure> {
            let mut connection = schema::create(unfinished.path())?;
            let transaction = connection.transaction()?;
            let names: Vec<&RecordName> = names.iter().collect();
            let added = add_all(store, &transaction, &names)?;
            transaction.commit()?;
            Ok(added)
        };
        let (added, bad) = built().map_err(|failure| match failure {
            Failure::Store(error) => error,
            Failure::Index(error) => failed(&error),
        })?;
        unfinished.persist(path).map_err(|error| failed(&error))?;
        let connection = open_existing(path).map_err(|error| failed(&error))?;
        let connection = connection.ok_or_else(|| failed(&"another program changed it"))?;
        let index = Self {
            connection,
            path: path.to_owned(),
        };
        let synced = Synced {
            added,
            is_rebuilt: true,
            bad,
        };
        Ok((index, synced))
    }

    fn failed(&self, error: &rusqlite::Error) -> Error {
        let path = shown(&self.path);
        Error::data(format!("cannot read the index {path}: {error}"))
            .hint("`perfkit history index --rebuild` makes it anew of the records")
    }
}

/// Whether records or the index are at fault.
enum Failure {
    Store(Error),
    Index(rusqlite::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Index(error)
    }
}

fn open_existing(path: &Path) -> rusqlite::Result<Option<Connection>> {
    match path.is_file() {
        true => schema::open(path),
        false => Ok(None),
    }
}

fn add_records(connection: &Connection, records: &[&Record]) -> rusqlite::Result<()> {
    let transaction =
        rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let hasher = SeriesHasher::default();
    let mut writer = Writer::new(&transaction)?;
    for record in records {
        match record.head() {
            Ok(head) => writer.add(hasher.hash(record.name.clone(), head, &mut |_| true))?,
            Err(why) => writer.add_bad(&record.name, &why)?,
        }
    }
    writer.finish()?;
    transaction.commit()
}

/// What a thread that reads records has to tell of one.
type Read = Result<HashedHead, (RecordName, String)>;

/// Reads records on several threads, and writes them on this one.
fn add_all(
    store: &dyn Store,
    connection: &Connection,
    names: &[&RecordName],
) -> Result<(usize, Vec<BadRecord>), Failure> {
    let mut writer = Writer::new(connection)?;
    let (mut added, mut bad) = (0, Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = threads
        .min(MOST_READERS)
        .min(names.len().div_ceil(16))
        .max(1);
    let (next, hasher) = (AtomicUsize::new(0), SeriesHasher::default());
    let (sender, receiver) = sync_channel::<Result<Read, Error>>(MOST_WAITING);
    let (next, hasher) = (&next, &hasher);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let sender = sender.clone();
            scope.spawn(move || {
                let mut reader = match store.reader() {
                    Ok(reader) => reader,
                    Err(error) => return drop(sender.send(Err(error))),
                };
                let mut met = HashSet::new();
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let line = reader.head_line(name);
                    let read = line.and_then(|line| {
                        let head = line.head()?;
                        Ok(hasher.hash((*name).clone(), head, &mut |hash| met.insert(hash)))
                    });
                    let read = read.map_err(|why| ((*name).clone(), why));
                    if sender.send(Ok(read)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        // The receiver goes with an error, and so the threads end.
        for read in receiver {
            match read.map_err(Failure::Store)? {
                Ok(hashed) => {
                    writer.add(hashed)?;
                    added += 1;
                }
                Err((name, why)) => {
                    let why: String = why.chars().take(LONGEST_REASON).collect();
                    writer.add_bad(&name, &why)?;
                    bad.push((name.to_string(), why));
                }
            }
        }
        Ok::<(), Failure>(())
    })?;
    writer.finish()?;
    bad.sort();
    Ok((added, bad))
}
