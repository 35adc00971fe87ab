//! What the index is asked.

use std::borrow::Cow;
use std::collections::HashMap;

use perfkit::Direction;
use perfkit::unit::Unit;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};
use serde::de::DeserializeOwned;

use crate::history::series::{SeriesId, SeriesKind, Statistic};

use super::packed::{IndexedPoint, numbered_points, points};
use super::writer::row_key;

/// A record, as the index has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct IndexedRecord {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) place_ms: u64,
    pub(crate) measured_ms: u64,
    pub(crate) commit: Option<String>,
    pub(crate) parents: Vec<String>,
    pub(crate) branch: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) dirty: Option<bool>,
    pub(crate) machine: u16,
    pub(crate) toolchain: u16,
    pub(crate) tool: Option<String>,
    pub(crate) series: u64,
}

/// A series, as the index has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct IndexedSeries {
    pub(crate) number: u32,
    pub(crate) id: SeriesId<'static>,
}

/// Key and name of each machine, and the name of each toolchain, by their numbers.
pub(crate) struct Surroundings {
    pub(crate) machines: HashMap<u16, (String, String)>,
    pub(crate) toolchains: HashMap<u16, String>,
}

impl Surroundings {
    /// Key and name of a machine.
    pub(crate) fn machine(&self, number: u16) -> (&str, &str) {
        let found = self.machines.get(&number);
        found.map_or(("", ""), |(key, name)| (key, name))
    }

    /// A toolchain; `None` where it is not known.
    pub(crate) fn toolchain(&self, number: u16) -> Option<&str> {
        let found = self.toolchains.get(&number);
        found.map(String::as_str).filter(|name| !name.is_empty())
    }
}

/// The name of a record that cannot be read, and why.
pub(crate) type BadRecord = (String, String);

const RECORD: &str = "SELECT number, name, place_ms, measured_ms, commit_id, parents, branch,
    subject, dirty, machine, toolchain, tool, series FROM record";

/// Records, the newest first, while the receiver wants more.
pub(super) fn records(
    connection: &Connection,
    mut wants_more: impl FnMut(IndexedRecord) -> bool,
) -> rusqlite::Result<()> {
    let query = format!("{RECORD} ORDER BY place_ms DESC, measured_ms DESC, number DESC");
    let mut statement = connection.prepare(&query)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if !wants_more(record(row)?) {
            break;
        }
    }
    Ok(())
}

/// The record of a number.
pub(super) fn record_of(connection: &Connection, number: u32) -> rusqlite::Result<IndexedRecord> {
    let query = format!("{RECORD} WHERE number = ?1");
    let mut statement = connection.prepare_cached(&query)?;
    statement.query_row([number], record)
}

pub(super) fn all_series(connection: &Connection) -> rusqlite::Result<Vec<IndexedSeries>> {
    let mut statement = connection.prepare(
        "SELECT number, kind, program, name, metric, statistic, unit, better, anchor
         FROM series ORDER BY name, metric, program, anchor, number",
    )?;
    let rows = statement.query_map([], series)?;
    rows.collect()
}

/// The points of a series, in the order of their places.
pub(super) fn points_of(
    connection: &Connection,
    series: u32,
) -> rusqlite::Result<Vec<IndexedPoint>> {
    let mut found = Vec::new();
    let mut statement = connection
        .prepare_cached("SELECT packed FROM points WHERE series_and_record BETWEEN ?1 AND ?2")?;
    let mut rows = statement.query(params![row_key(series, 0), row_key(series, u32::MAX)])?;
    while let Some(row) = rows.next()? {
        found.extend(points(row.get_ref(0)?.as_blob()?));
    }
    let mut statement = connection.prepare_cached("SELECT packed FROM latest")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let of_record = numbered_points(row.get_ref(0)?.as_blob()?);
        let own = of_record.filter(|(number, _)| *number == series);
        found.extend(own.map(|(_, point)| point));
    }
    let order = |point: &IndexedPoint| (point.place_s, point.measured_s, point.record);
    if !found.is_sorted_by_key(order) {
        found.sort_by_key(order);
    }
    Ok(found)
}

pub(super) fn surroundings(connection: &Connection) -> rusqlite::Result<Surroundings> {
    let mut machines = connection.prepare("SELECT number, key, name FROM machine")?;
    let machines = machines.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    let mut toolchains = connection.prepare("SELECT number, name FROM toolchain")?;
    let toolchains = toolchains.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Surroundings {
        machines: machines.collect::<rusqlite::Result<_>>()?,
        toolchains: toolchains.collect::<rusqlite::Result<_>>()?,
    })
}

/// The names of all records that were looked at, and why some could not be read.
pub(super) fn seen(connection: &Connection) -> rusqlite::Result<(Vec<String>, Vec<BadRecord>)> {
    let mut names = connection.prepare("SELECT name FROM record")?;
    let names = names.query_map([], |row| row.get(0))?;
    let mut bad = connection.prepare("SELECT name, why FROM bad ORDER BY name")?;
    let bad = bad.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let names = names.collect::<rusqlite::Result<_>>()?;
    Ok((names, bad.collect::<rusqlite::Result<_>>()?))
}

fn record(row: &Row<'_>) -> rusqlite::Result<IndexedRecord> {
    let parents: String = row.get(5)?;
    Ok(IndexedRecord {
        number: row.get(0)?,
        name: row.get(1)?,
        place_ms: row.get(2)?,
        measured_ms: row.get(3)?,
        commit: row.get(4)?,
        parents: parents.split_whitespace().map(str::to_owned).collect(),
        branch: row.get(6)?,
        subject: row.get(7)?,
        dirty: row.get(8)?,
        machine: row.get(9)?,
        toolchain: row.get(10)?,
        tool: row.get(11)?,
        series: row.get(12)?,
    })
}

fn series(row: &Row<'_>) -> rusqlite::Result<IndexedSeries> {
    let text = |column| row.get::<_, String>(column).map(Cow::Owned);
    Ok(IndexedSeries {
        number: row.get(0)?,
        id: SeriesId {
            kind: word::<SeriesKind>(row, 1)?,
            program: text(2)?,
            name: text(3)?,
            metric: text(4)?,
            statistic: word::<Statistic>(row, 5)?,
            unit: word::<Unit>(row, 6)?,
            direction: word::<Direction>(row, 7)?,
            anchor: text(8)?,
        },
    })
}

/// A value that stands by its word.
fn word<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let word: String = row.get(column)?;
    serde_json::from_value(serde_json::Value::String(word)).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}
