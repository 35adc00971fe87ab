//! What a number of a report is called through all reports: a series.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};

use perfkit::Direction;
use perfkit::unit::Unit;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What kind of thing was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SeriesKind {
    Benchmark,
    Operation,
    Counter,
    Gauge,
    Ratio,
}

impl SeriesKind {
    /// The word for it, as it stands in files.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Benchmark => "benchmark",
            Self::Operation => "operation",
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Ratio => "ratio",
        }
    }
}

/// Which number of a sample a series is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Statistic {
    Median,
    Mean,
    /// Candidate over baseline, measured in one session.
    Ratio,
    /// A number that stands for itself.
    Value,
    PerSecond,
}

impl Statistic {
    /// The word for it, as it stands in files.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Median => "median",
            Self::Mean => "mean",
            Self::Ratio => "ratio",
            Self::Value => "value",
            Self::PerSecond => "per_second",
        }
    }
}

/// All that tells a series from every other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeriesId<'a> {
    pub(crate) kind: SeriesKind,
    /// The bench program; empty where there is none.
    pub(crate) program: Cow<'a, str>,
    pub(crate) name: Cow<'a, str>,
    pub(crate) metric: Cow<'a, str>,
    pub(crate) statistic: Statistic,
    pub(crate) unit: Unit,
    pub(crate) direction: Direction,
    /// What it is a ratio to, measured in the same session; empty of an absolute value.
    pub(crate) anchor: Cow<'a, str>,
}

/// Which values are the good ones tells nothing apart.
impl Hash for SeriesId<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let texts = (&self.program, &self.name, &self.metric, &self.anchor);
        (self.kind, texts, self.statistic, self.unit).hash(state);
    }
}

impl SeriesId<'_> {
    /// The same with texts of its own.
    pub(crate) fn into_owned(self) -> SeriesId<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        SeriesId {
            program: owned(self.program),
            name: owned(self.name),
            metric: owned(self.metric),
            anchor: owned(self.anchor),
            ..self
        }
    }

    /// The unit, as it stands in files.
    pub(crate) fn unit_word(&self) -> String {
        word(&self.unit)
    }

    /// Which values are the good ones, as it stands in files.
    pub(crate) fn direction_word(&self) -> String {
        word(&self.direction)
    }

    /// What it is a ratio to, for people: what has a name needs no word before it.
    pub(crate) fn anchor_text(&self) -> &str {
        match self.anchor.split_once(' ') {
            Some(("name", name)) => name,
            _ => &self.anchor,
        }
    }

    /// Whether it is a ratio to what was measured in the same session, which holds on any
    /// machine.
    pub(crate) fn is_anchored(&self) -> bool {
        !self.anchor.is_empty()
    }
}

fn word(value: &impl Serialize) -> String {
    let word = serde_json::to_value(value).ok();
    let word = word.and_then(|word| word.as_str().map(str::to_owned));
    word.unwrap_or_default()
}

/// The value of a series in one record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Value {
    /// How many values it sums up.
    pub(crate) count: u64,
    pub(crate) estimate: f64,
    /// The bounds of its interval at 95 %, where the sample supports one.
    pub(crate) bounds: Option<(f64, f64)>,
}

/// A value and what it is of, as it stands in a record: a list, because there are hundreds in
/// each of thousands of records.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Point<'a> {
    pub(crate) id: SeriesId<'a>,
    pub(crate) value: Value,
}

#[derive(Serialize, Deserialize)]
struct Row<'a>(
    SeriesKind,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Cow<'a, str>,
    Statistic,
    Unit,
    Direction,
    #[serde(borrow)] Cow<'a, str>,
    u64,
    f64,
    Option<f64>,
    Option<f64>,
);

impl Serialize for Point<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (id, value) = (&self.id, &self.value);
        let row = Row(
            id.kind,
            Cow::Borrowed(&id.program),
            Cow::Borrowed(&id.name),
            Cow::Borrowed(&id.metric),
            id.statistic,
            id.unit,
            id.direction,
            Cow::Borrowed(&id.anchor),
            value.count,
            value.estimate,
            value.bounds.map(|(low, _)| low),
            value.bounds.map(|(_, high)| high),
        );
        row.serialize(serializer)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Point<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row = Row::deserialize(deserializer)?;
        Ok(Self {
            id: SeriesId {
                kind: row.0,
                program: row.1,
                name: row.2,
                metric: row.3,
                statistic: row.4,
                unit: row.5,
                direction: row.6,
                anchor: row.7,
            },
            value: Value {
                count: row.8,
                estimate: row.9,
                bounds: row.10.zip(row.11),
            },
        })
    }
}
