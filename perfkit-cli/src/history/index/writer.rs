//! Adding records to the index.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::history::head::Head;
use crate::history::record::RecordName;
use crate::history::series::{Point, SeriesId, Value};

use super::packed::{IndexedPoint, NUMBERED_BYTES, POINT_BYTES, numbered_points};

/// From so many records on, those that stand by record are brought to their series.
const MOST_LATEST: usize = 64;

/// The same in points.
const MOST_LATEST_POINTS: usize = 1 << 16;

/// So many points are kept in memory while many records are added.
const MOST_POINTS: usize = 1 << 20;

/// The values of a record, with series as hashes of what they are: texts of each of millions
/// of points would take most of the time.
pub(super) struct HashedHead {
    pub(super) name: RecordName,
    /// The head without its series.
    pub(super) head: Head<'static>,
    pub(super) points: Vec<(u64, Value)>,
    /// Those that this thread met for the first time.
    pub(super) met: Vec<(u64, SeriesId<'static>)>,
}

/// Hashes that nobody outside of this process can foresee, so that no two names can be made
/// to have the same.
#[derive(Clone, Default)]
pub(super) struct SeriesHasher(RandomState);

impl SeriesHasher {
    /// The values of a record; `known` are the hashes that this thread has met.
    pub(super) fn hash(
        &self,
        name: RecordName,
        mut head: Head<'_>,
        is_new: &mut dyn FnMut(u64) -> bool,
    ) -> HashedHead {
        let series = std::mem::take(&mut head.series);
        let mut met = Vec::new();
        let points = series.into_iter().map(|Point { id, value }| {
            let hash = self.0.hash_one(&id);
            if is_new(hash) {
                met.push((hash, id.into_owned()));
            }
            (hash, value)
        });
        let points = points.collect();
        HashedHead {
            name,
            head: Head {
                series: Vec::new(),
                ..head
            },
            points,
            met,
        }
    }
}

/// Adds records within one transaction.
pub(super) struct Writer<'a> {
    connection: &'a Connection,
    series: HashMap<u64, u32>,
    machines: HashMap<(String, String), u16>,
    toolchains: HashMap<String, u16>,
    next_record: u32,
    /// The points of records that are not written yet, by series.
    pending: HashMap<u32, Vec<u8>>,
    pending_points: usize,
    pending_records: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(connection: &'a Connection) -> rusqlite::Result<Self> {
        let last = "SELECT coalesce(max(number), 0) FROM record";
        let last: u32 = connection.query_row(last, [], |row| row.get(0))?;
        Ok(Self {
            connection,
            series: HashMap::new(),
            machines: HashMap::new(),
            toolchains: HashMap::new(),
            next_record: last + 1,
            pending: HashMap::new(),
            pending_points: 0,
            pending_records: 0,
        })
    }

    /// Adds a record; one that is there already stays as it is.
    pub(super) fn add(&mut self, hashed: HashedHead) -> rusqlite::Result<()> {
        for (hash, id) in &hashed.met {
            if !self.series.contains_key(hash) {
                let number = self.series_number(id)?;
                self.series.insert(*hash, number);
            }
        }
        let head = &hashed.head;
        let machine = self.machine_number(&head.machine.key, &head.machine.name)?;
        let toolchain = self.toolchain_number(head.toolchain.as_deref().unwrap_or_default())?;
        let record = self.next_record;
        if !self.insert_record(record, &hashed, (machine, toolchain))? {
            return Ok(());
        }
        self.next_record += 1;
        for (hash, value) in &hashed.points {
            let Some(series) = self.series.get(hash) else {
                continue;
            };
            let (low, high) = value.bounds.unwrap_or((f64::NAN, f64::NAN));
            let point = IndexedPoint {
                record,
                machine,
                toolchain,
                place_s: seconds(head.place_ms()),
                measured_s: seconds(head.measured_ms),
                estimate: value.estimate,
                low: low as f32,
                high: high as f32,
            };
            point.push_to(self.pending.entry(*series).or_default());
        }
        self.pending_points += hashed.points.len();
        self.pending_records += 1;
        match self.pending_points >= MOST_POINTS {
            true => self.write_series(),
            false => Ok(()),
        }
    }

    /// Notes that a record cannot be read, and why.
    pub(super) fn add_bad(&self, name: &RecordName, why: &str) -> rusqlite::Result<()> {
        let mut insert = self
            .connection
            .prepare_cached("INSERT OR REPLACE INTO bad VALUES (?1, ?2)")?;
        insert.execute(params![name.to_string(), why]).map(drop)
    }

    /// Writes what is left.
    pub(super) fn finish(mut self) -> rusqlite::Result<()> {
        let count = "SELECT count(*), coalesce(sum(length(packed)), 0) FROM latest";
        let (records, bytes): (usize, usize) = self
            .connection
            .query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let points = bytes / NUMBERED_BYTES + self.pending_points;
        if records + self.pending_records < MOST_LATEST && points < MOST_LATEST_POINTS {
            return self.write_latest();
        }
        self.take_latest()?;
        self.write_series()
    }

    /// A row for each series.
    fn write_series(&mut self) -> rusqlite::Result<()> {
        let mut insert = self
            .connection
            .prepare_cached("INSERT INTO points VALUES (?1, ?2)")?;
        let mut rows: Vec<_> = self.pending.drain().collect();
        rows.sort_unstable_by_key(|(series, _)| *series);
        for (series, packed) in rows {
            let first = packed
                .first_chunk()
                .map_or(0, |first| u32::from_le_bytes(*first));
            insert.execute(params![row_key(series, first), packed])?;
        }
        (self.pending_points, self.pending_records) = (0, 0);
        Ok(())
    }

    /// A row for each record.
    fn write_latest(&mut self) -> rusqlite::Result<()> {
        let mut by_record: HashMap<u32, Vec<u8>> = HashMap::new();
        for (series, packed) in self.pending.drain() {
            let (points, _) = packed.as_chunks::<POINT_BYTES>();
            for point in points {
                let record = u32::from_le_bytes(std::array::from_fn(|at| point[at]));
                let row = by_record.entry(record).or_default();
                row.extend_from_slice(&series.to_le_bytes());
                row.extend_from_slice(point);
            }
        }
        let mut insert = self
            .connection
            .prepare_cached("INSERT INTO latest VALUES (?1, ?2)")?;
        by_record
            .iter()
            .try_for_each(|(record, packed)| insert.execute(params![record, packed]).map(drop))
    }

    /// Brings what stands by record to what is written by series.
    fn take_latest(&mut self) -> rusqlite::Result<()> {
        let mut latest = self
            .connection
            .prepare("SELECT packed FROM latest ORDER BY record")?;
        let mut rows = latest.query([])?;
        let mut earlier: HashMap<u32, Vec<u8>> = HashMap::new();
        while let Some(row) = rows.next()? {
            let packed = row.get_ref(0)?.as_blob()?;
            for (series, point) in numbered_points(packed) {
                point.push_to(earlier.entry(series).or_default());
            }
        }
        drop(rows);
        drop(latest);
        // The first record of a row is the key of the row.
        for (series, mut packed) in earlier {
            let pending = self.pending.entry(series).or_default();
            packed.append(pending);
            *pending = packed;
        }
        self.connection.execute("DELETE FROM latest", []).map(drop)
    }

    fn insert_record(
        &self,
        number: u32,
        hashed: &HashedHead,
        (machine, toolchain): (u16, u16),
    ) -> rusqlite::Result<bool> {
        let mut insert = self.connection.prepare_cached(
            "INSERT OR IGNORE INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?;
        let head = &hashed.head;
        let commit = head.commit.as_ref();
        let parents = commit.map(|commit| commit.parents.join(" "));
        let signed = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
        let inserted = insert.execute(params![
            number,
            hashed.name.to_string(),
            signed(head.place_ms()),
            signed(head.measured_ms),
            commit.map(|commit| &commit.id),
            parents.unwrap_or_default(),
            commit.and_then(|commit| commit.branch.as_ref()),
            commit.and_then(|commit| commit.subject.as_ref()),
            commit.and_then(|commit| commit.dirty),
            machine,
            toolchain,
            head.tool,
            hashed.points.len(),
        ])?;
        Ok(inserted > 0)
    }

    fn series_number(&self, id: &SeriesId<'_>) -> rusqlite::Result<u32> {
        let mut find = self.connection.prepare_cached(
            "SELECT number FROM series WHERE name = ?1 AND metric = ?2 AND kind = ?3
             AND program = ?4 AND statistic = ?5 AND unit = ?6 AND anchor = ?7",
        )?;
        let (kind, statistic, unit) = (id.kind.word(), id.statistic.word(), id.unit_word());
        let found = find
            .query_row(
                params![
                    id.name, id.metric, kind, id.program, statistic, unit, id.anchor
                ],
                |row| row.get(0),
            )
            .optional()?;
        if let Some(number) = found {
            return Ok(number);
        }
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO series (kind, program, name, metric, statistic, unit, better, anchor)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        let better = id.direction_word();
        insert.execute(params![
            kind, id.program, id.name, id.metric, statistic, unit, better, id.anchor
        ])?;
        Ok(numbered(self.connection.last_insert_rowid()))
    }

    fn machine_number(&mut self, key: &str, name: &str) -> rusqlite::Result<u16> {
        let known = (key.to_owned(), name.to_owned());
        if let Some(number) = self.machines.get(&known) {
            return Ok(*number);
        }
        self.connection.execute(
            "INSERT OR IGNORE INTO machine (key, name) VALUES (?1, ?2)",
            [key, name],
        )?;
        let find = "SELECT number FROM machine WHERE key = ?1 AND name = ?2";
        let number = self
            .connection
            .query_row(find, [key, name], |row| row.get(0))?;
        self.machines.insert(known, number);
        Ok(number)
    }

    fn toolchain_number(&mut self, name: &str) -> rusqlite::Result<u16> {
        if let Some(number) = self.toolchains.get(name) {
            return Ok(*number);
        }
        let insert = "INSERT OR IGNORE INTO toolchain (name) VALUES (?1)";
        self.connection.execute(insert, [name])?;
        let find = "SELECT number FROM toolchain WHERE name = ?1";
        let number = self.connection.query_row(find, [name], |row| row.get(0))?;
        self.toolchains.insert(name.to_owned(), number);
        Ok(number)
    }
}

/// The key of a row of points: its series, then its first record.
pub(super) fn row_key(series: u32, record: u32) -> i64 {
    i64::from(series) << 32 | i64::from(record)
}

/// Until the year 2106.
fn seconds(ms: u64) -> u32 {
    u32::try_from(ms / 1000).unwrap_or(u32::MAX)
}

fn numbered(row: i64) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}
