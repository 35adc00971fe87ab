//! Which records are meant, by series, branch and machine.

use std::collections::HashSet;

use wildmatch::WildMatch;

use crate::args::{RecordChoice, most_similar};
use crate::error::Error;
use crate::history::{Index, IndexedRecord, IndexedSeries, Surroundings};
use crate::text::{printable, shorten};

/// The longest name that an error quotes, in columns.
const LONGEST_NAME: usize = 80;

/// A choice, ready to be asked.
pub(super) struct Chosen {
    branch: Option<String>,
    machines: Option<HashSet<u16>>,
    /// The numbers of records that have the series.
    records: Option<HashSet<u32>>,
}

impl Chosen {
    pub(super) fn new(
        choice: &RecordChoice,
        index: &Index,
        surroundings: &Surroundings,
    ) -> Result<Self, Error> {
        let mut records = None;
        if let Some(pattern) = &choice.filter {
            let mut numbers = HashSet::new();
            for series in series_named(index, pattern)? {
                let points = index.points(series.number)?;
                numbers.extend(points.iter().map(|point| point.record));
            }
            records = Some(numbers);
        }
        Ok(Self {
            branch: choice.branch.clone(),
            machines: machines(choice.machine.as_deref(), surroundings)?,
            records,
        })
    }

    pub(super) fn has(&self, record: &IndexedRecord) -> bool {
        let is_of_branch = self
            .branch
            .as_ref()
            .is_none_or(|branch| record.branch.as_ref() == Some(branch));
        let is_of_machine = self
            .machines
            .as_ref()
            .is_none_or(|machines| machines.contains(&record.machine));
        let has_series = self
            .records
            .as_ref()
            .is_none_or(|records| records.contains(&record.number));
        is_of_branch && is_of_machine && has_series
    }
}

/// The numbers of machines whose key or name contains a text.
pub(super) fn machines(
    text: Option<&str>,
    surroundings: &Surroundings,
) -> Result<Option<HashSet<u16>>, Error> {
    let Some(text) = text else { return Ok(None) };
    let all = surroundings.machines.iter();
    let found = all.filter(|(_, (key, name))| key.contains(text) || name.contains(text));
    let found: HashSet<u16> = found.map(|(number, _)| *number).collect();
    if found.is_empty() {
        let mut names: Vec<&str> = Vec::new();
        names.extend(
            surroundings
                .machines
                .values()
                .map(|(_, name)| name.as_str()),
        );
        names.sort_unstable();
        let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        return Err(
            Error::usage(format!("no machine's name contains {}", quoted(text)))
                .hint(format!("there are: {}", names.join(", "))),
        );
    }
    Ok(Some(found))
}

/// The series of a name or, where none has it, of a pattern.
pub(super) fn series_named(index: &Index, pattern: &str) -> Result<Vec<IndexedSeries>, Error> {
    let all = index.series()?;
    let exact = |series: &IndexedSeries| series.id.name == pattern;
    let is_exact = all.iter().any(exact);
    let wild = WildMatch::new(pattern);
    let mut names: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for series in all {
        let is_meant = match is_exact {
            true => exact(&series),
            false => wild.matches(&series.id.name),
        };
        match is_meant {
            true => found.push(series),
            false => names.push(series.id.name.into_owned()),
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let error = Error::usage(format!("no series is called {}", quoted(pattern)));
    let similar = most_similar(pattern, names.iter().map(String::as_str));
    Err(match (similar, names.is_empty()) {
        (_, true) => error.hint("add records with `perfkit history record REPORT`"),
        (Some(name), _) => error.hint(format!("did you mean {}?", quoted(name))),
        (None, _) => error.hint("`perfkit history show '*'` shows all"),
    })
}

fn quoted(text: &str) -> String {
    format!("`{}`", shorten(&printable(text), LONGEST_NAME))
}
