//! The values of series.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use perfkit::unit::Unit;
use serde::Serialize;

use crate::args::HistoryOutput;
use crate::document::{Align, Document, NOTHING, Sentence, Table};
use crate::error::Error;
use crate::exit::Exit;
use crate::history::{IndexedRecord, IndexedSeries, SeriesId, Surroundings, rounded};
use crate::text::{label, printable, shorten};

use super::choice::{machines, series_named};
use super::list::ToldRecord;
use super::output::{deliver, format_of, limit_of};
use super::place::Opened;

/// The most series that tables are shown of.
const MOST_TABLES: usize = 20;

/// The most columns of a text in a table.
const LONGEST_TEXT: usize = 40;

/// What is to be shown.
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) metric: Option<String>,
    pub(super) branch: Option<String>,
    pub(super) machine: Option<String>,
    pub(super) limit: Option<usize>,
}

/// A series and its values.
struct Shown {
    id: SeriesId<'static>,
    values: Vec<ShownValue>,
    /// How many older values are not shown.
    left_out: usize,
}

struct ShownValue {
    record: u32,
    estimate: f64,
    bounds: Option<(f64, f64)>,
}

pub(super) fn run(
    opened: &Opened<'_>,
    wanted: &Wanted,
    output: &HistoryOutput,
) -> Result<Exit, Error> {
    let format = format_of(output)?;
    let limit = limit_of(wanted.limit, format);
    let surroundings = opened.index.surroundings()?;
    let mut records = HashMap::new();
    let mut shown = Vec::new();
    for series in series_of(opened, wanted)? {
        let values = values_of(opened, wanted, &series, &surroundings, &mut records)?;
        let left_out = values.len().saturating_sub(limit);
        shown.push(Shown {
            id: series.id,
            values: values.into_iter().skip(left_out).collect(),
            left_out,
        });
    }
    // Records of values that are left out are not looked up.
    for value in shown.iter().flat_map(|series| &series.values) {
        if let Entry::Vacant(vacant) = records.entry(value.record) {
            vacant.insert(opened.index.record(value.record)?);
        }
    }
    let records = Records {
        records,
        surroundings,
    };
    deliver(
        output,
        format,
        || document(&shown, &records),
        || told(&shown, &records),
        || csv(&shown, &records),
    )?;
    Ok(opened.exit)
}

fn series_of(opened: &Opened<'_>, wanted: &Wanted) -> Result<Vec<IndexedSeries>, Error> {
    let mut series = series_named(&opened.index, &wanted.name)?;
    if let Some(metric) = &wanted.metric {
        let known = series.iter().map(|series| printable(&series.id.metric));
        let mut known: Vec<String> = known.collect();
        series.retain(|series| series.id.metric == *metric);
        if series.is_empty() {
            known.sort();
            known.dedup();
            let message = format!("nothing of this name has the metric {}", printable(metric));
            return Err(Error::usage(message).hint(format!("there are: {}", known.join(", "))));
        }
    }
    Ok(series)
}

fn values_of(
    opened: &Opened<'_>,
    wanted: &Wanted,
    series: &IndexedSeries,
    surroundings: &Surroundings,
    records: &mut HashMap<u32, IndexedRecord>,
) -> Result<Vec<ShownValue>, Error> {
    let machines = machines(wanted.machine.as_deref(), surroundings)?;
    let mut values = Vec::new();
    for point in opened.index.points(series.number)? {
        if machines
            .as_ref()
            .is_some_and(|machines| !machines.contains(&point.machine))
        {
            continue;
        }
        if let Some(branch) = &wanted.branch {
            let record = match records.entry(point.record) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(vacant) => vacant.insert(opened.index.record(point.record)?),
            };
            if record.branch.as_ref() != Some(branch) {
                continue;
            }
        }
        values.push(ShownValue {
            record: point.record,
            estimate: point.estimate,
            bounds: point
                .bounds()
                .map(|(low, high)| (rounded(low), rounded(high))),
        });
    }
    Ok(values)
}

/// The records of all values that are shown.
struct Records {
    records: HashMap<u32, IndexedRecord>,
    surroundings: Surroundings,
}

impl Records {
    fn of<'a>(&'a self, value: &ShownValue) -> Option<ToldRecord<'a>> {
        let record = self.records.get(&value.record)?;
        Some(ToldRecord::new(record, &self.surroundings))
    }
}

fn document(shown: &[Shown], records: &Records) -> Document {
    let mut document = Document::default();
    for series in shown.iter().take(MOST_TABLES) {
        let mut table = Table::new(&[
            ("commit", Align::Left, 0),
            ("measured (UTC)", Align::Left, 2),
            ("value", Align::Right, 0),
            ("95 % interval", Align::Right, 1),
            ("change", Align::Right, 1),
            ("branch", Align::Left, 4),
            ("machine", Align::Left, 3),
            ("subject", Align::Left, 5),
        ]);
        table.title = Some(title(&series.id));
        let mut before: Option<f64> = None;
        for value in &series.values {
            let Some(record) = records.of(value) else {
                continue;
            };
            let text =
                |text: Option<&str>| shorten(&printable(text.unwrap_or(NOTHING)), LONGEST_TEXT);
            table.row(vec![
                record.short_commit(),
                record.minute(),
                amount(series.id.unit, value.estimate),
                interval(series.id.unit, value.bounds),
                change(before, value.estimate),
                text(record.branch),
                text(Some(record.machine_name)),
                text(record.subject),
            ]);
            before = Some(value.estimate);
        }
        match table.rows.is_empty() {
            true => {
                let none = format!("{}: no value was asked for.", title(&series.id));
                document.sentence(Sentence::plain(&none));
            }
            false => document.table(table),
        }
        if series.left_out > 0 {
            let more = format!("{} older values: `--limit 0` shows all.", series.left_out);
            document.sentence(Sentence::plain(&more));
        }
    }
    if shown.len() > MOST_TABLES {
        let more = shown.len() - MOST_TABLES;
        let more = format!("{more} more series: name one, or use `--format csv`.");
        document.sentence(Sentence::plain(&more));
    }
    document
}

/// What a series is of, for people.
fn title(id: &SeriesId<'_>) -> String {
    let mut title = label(&id.name);
    if !id.program.is_empty() {
        title += &format!(" ({})", label(&id.program));
    }
    let metric = label(&id.metric);
    title += &match id.is_anchored() {
        true => format!(", ratio of {metric} to that of {}", label(id.anchor_text())),
        false => format!(", {} of {metric}", id.statistic.word()),
    };
    title
}

/// A ratio of two sides is a number, not a share of a whole.
fn amount(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Ratio => format!("{value:.4}"),
        unit => unit.format(value, 4),
    }
}

fn interval(unit: Unit, bounds: Option<(f64, f64)>) -> String {
    bounds.map_or_else(
        || NOTHING.to_owned(),
        |(low, high)| format!("{} to {}", amount(unit, low), amount(unit, high)),
    )
}

/// By how much a value differs from the one before it.
fn change(before: Option<f64>, value: f64) -> String {
    match before {
        Some(before) if before > 0.0 && value > 0.0 => {
            format!("{:+.1} %", (value / before - 1.0) * 100.0)
        }
        _ => NOTHING.to_owned(),
    }
}

#[derive(Serialize)]
struct Told<'a> {
    series: Vec<ToldSeries<'a>>,
}

#[derive(Serialize)]
struct ToldSeries<'a> {
    kind: &'a str,
    program: Option<&'a str>,
    name: &'a str,
    metric: &'a str,
    statistic: &'a str,
    unit: Unit,
    better: perfkit::Direction,
    anchor: Option<&'a str>,
    values: Vec<ToldValue<'a>>,
}

#[derive(Serialize)]
struct ToldValue<'a> {
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
    #[serde(flatten)]
    record: ToldRecord<'a>,
}

fn told<'a>(shown: &'a [Shown], records: &'a Records) -> Told<'a> {
    let value = |value: &ShownValue| {
        Some(ToldValue {
            value: value.estimate,
            low: value.bounds.map(|(low, _)| low),
            high: value.bounds.map(|(_, high)| high),
            record: records.of(value)?,
        })
    };
    let some = |text: &'a str| (!text.is_empty()).then_some(text);
    let series = shown.iter().map(|series| ToldSeries {
        kind: series.id.kind.word(),
        program: some(&series.id.program),
        name: &series.id.name,
        metric: &series.id.metric,
        statistic: series.id.statistic.word(),
        unit: series.id.unit,
        better: series.id.direction,
        anchor: some(&series.id.anchor),
        values: series.values.iter().filter_map(value).collect(),
    });
    Told {
        series: series.collect(),
    }
}

fn csv(shown: &[Shown], records: &Records) -> Vec<Vec<String>> {
    let headings = [
        "kind",
        "program",
        "name",
        "metric",
        "statistic",
        "unit",
        "better",
        "anchor",
        "commit",
        "measured",
        "branch",
        "machine",
        "toolchain",
        "value",
        "low",
        "high",
    ];
    let mut rows = vec![headings.map(str::to_owned).to_vec()];
    for series in shown {
        let id = &series.id;
        for value in &series.values {
            let Some(record) = records.of(value) else {
                continue;
            };
            let number = |number: Option<f64>| number.map_or_else(String::new, |n| n.to_string());
            let text = |text: Option<&str>| printable(text.unwrap_or_default());
            rows.push(vec![
                id.kind.word().to_owned(),
                printable(&id.program),
                printable(&id.name),
                printable(&id.metric),
                id.statistic.word().to_owned(),
                id.unit_word(),
                id.direction_word(),
                printable(&id.anchor),
                text(record.commit),
                record.measured.clone(),
                text(record.branch),
                text(Some(record.machine)),
                text(record.toolchain),
                number(Some(value.estimate)),
                number(value.bounds.map(|(low, _)| low)),
                number(value.bounds.map(|(_, high)| high)),
            ]);
        }
    }
    rows
}
