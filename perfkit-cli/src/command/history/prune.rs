//! Removing old records.

use std::time::{Duration, SystemTime};

use crate::args::Verbosity;
use crate::error::Error;
use crate::exit::Exit;
use crate::history::{Index, Located, RecordName};
use crate::terminal;

use super::place::counted;

/// How many records are named.
const MOST_NAMED: usize = 20;

/// What is old.
pub(super) struct Rule {
    pub(super) older_than: Option<Duration>,
    pub(super) keep: Option<usize>,
}

pub(super) fn run(
    located: &Located,
    rule: &Rule,
    is_dry_run: bool,
    verbosity: Verbosity,
) -> Result<Exit, Error> {
    let names = located.store.names()?;
    let old = old(&names, rule, SystemTime::now());
    if !is_dry_run && !old.is_empty() {
        located.store.remove(old)?;
        // What it has of records that are gone goes with it.
        Index::of(&*located.store, &located.index)?;
    }
    let verb = if is_dry_run {
        "Would remove"
    } else {
        "Removed"
    };
    let mut text = format!(
        "{verb} {} of {} from {}\n",
        old.len(),
        counted(names.len()),
        located.store.place()
    );
    if verbosity > Verbosity::Quiet {
        let named = old.iter().take(MOST_NAMED);
        text.extend(named.map(|name| format!("  {name}\n")));
        if old.len() > MOST_NAMED {
            text += &format!("  and {} more\n", old.len() - MOST_NAMED);
        }
    }
    terminal::print_result(&text)?;
    Ok(Exit::Done)
}

/// The oldest of the names, which are in the order of time; never the last.
fn old<'a>(names: &'a [RecordName], rule: &Rule, now: SystemTime) -> &'a [RecordName] {
    let kept = rule.keep.map_or(usize::MAX, |keep| keep.max(1));
    let by_count = rule.keep.map_or(0, |_| names.len().saturating_sub(kept));
    let limit = rule.older_than.and_then(|age| now.checked_sub(age));
    let by_age = limit.map_or(0, |limit| {
        names.partition_point(|name| name.time().is_some_and(|time| time < limit))
    });
    let count = by_count.max(by_age).min(names.len().saturating_sub(1));
    &names[..count]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_record_stays_whatever_is_asked() {
        let name = |day: u32| format!("2026010{day}T120000Z-{}", "a".repeat(64));
        let names: Vec<RecordName> = (1..=5).map(|day| name(day).parse().unwrap()).collect();
        let now = names[4].time().unwrap();
        let days = |days: u64| Some(Duration::from_secs(days * 86_400));
        for (keep, older_than, expected) in [
            (Some(3), None, 2),
            (Some(0), None, 4),
            (Some(9), None, 0),
            (None, days(2), 2),
            (None, days(0), 4),
            (None, days(99_999_999), 0),
        ] {
            let rule = Rule { older_than, keep };
            assert_eq!(
                old(&names, &rule, now).len(),
                expected,
                "{keep:?} {older_than:?}"
            );
        }
        let later = now + Duration::from_secs(1_000_000);
        let rule = Rule {
            older_than: days(1),
            keep: None,
        };
        assert_eq!(old(&names, &rule, later).len(), 4);
        assert!(old(&[], &rule, later).is_empty());
    }
}
