//! The kinds of failure of an operation.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::outcome::Failure;

use super::sync::{Acquire, AtomicU64, Mutex, Own, Relaxed, Release, hold_soon};

/// How many kinds are kept apart.
const MOST_KINDS: usize = 16;

/// The kind under which all further kinds are counted.
const OTHER: &str = "other";

/// So many texts are kept as they come, because they are the first that anybody
/// sees; of later ones at most one in [`TEXT_PAUSE`].
const FIRST_TEXTS: u64 = if cfg!(perfkit_loom) { 0 } else { 1000 };

/// How long no text is written after one was, in ticks: some 0.1 s, or twice that.
const TEXT_PAUSE: u64 = 1 << 28;

/// The failures of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorSnapshot {
    /// What the program calls it: [`crate::ErrorKind`], `error_kind` or `ok` of
    /// `#[measure]`, or what [`crate::Timer::fail`] was given. Else the error's type.
    pub kind: String,
    /// How many failures were of this kind.
    pub count: u64,
    /// The latest error's text, at most 256 characters.
    pub last_text: String,
    /// Whether these are the failures of all kinds beyond the sixteen that are kept
    /// apart. Their kind is `other`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_overflow: bool,
}

impl ErrorSnapshot {
    /// Failures of a kind of which nothing else is known.
    pub(super) fn of(kind: &str, count: u64) -> Self {
        Self {
            kind: kind.to_owned(),
            count,
            last_text: String::new(),
            is_overflow: false,
        }
    }

    /// Failures of a kind, with the latest text.
    #[cfg(feature = "load")]
    pub(crate) fn with_text(kind: &str, count: u64, text: &str) -> Self {
        Self {
            last_text: text.to_owned(),
            ..Self::of(kind, count)
        }
    }

    /// Failures of which the kind is not known.
    pub(super) fn other(count: u64) -> Self {
        Self {
            kind: OTHER.to_owned(),
            count,
            last_text: String::new(),
            is_overflow: true,
        }
    }

    /// Whether both are failures of one kind. A program may have a kind of its own
    /// that is called as the overflow is.
    fn is_alike(&self, other: &Self) -> bool {
        self.is_overflow == other.is_overflow && (self.is_overflow || self.kind == other.kind)
    }

    fn add(&mut self, more: Self) {
        self.count = self.count.saturating_add(more.count);
        if !more.last_text.is_empty() {
            self.last_text = more.last_text;
        }
    }
}

/// Failures by kind, in the order in which the kinds appeared. One thread
/// counts, any reads.
#[derive(Debug, Default)]
pub(super) struct ErrorLog {
    kinds: [Kind; MOST_KINDS + 1],
    texts: AtomicU64,
    /// When the next text may be written, in ticks.
    next_text: AtomicU64,
}

#[derive(Debug, Default)]
pub(super) struct Kind {
    name: OnceLock<Box<str>>,
    count: AtomicU64,
    last_text: Mutex<String>,
}

impl ErrorLog {
    pub(super) fn record(&self, failure: &Failure) {
        let Some(kind) = self.add(failure.kind(), 1) else {
            return;
        };
        // A reader that copies the text just now keeps the one before.
        if let Some(text) = failure.known_text()
            && let Some(mut last_text) = hold_soon(&kind.last_text, 0)
        {
            text.clone_into(&mut last_text);
        }
    }

    /// Counts failures of a kind of which nothing else is known.
    pub(super) fn add(&self, kind: &str, count: u64) -> Option<&Kind> {
        let kind = self.find(kind)?;
        kind.count.store(kind.count.own() + count, Release);
        Some(kind)
    }

    /// Until when no text of a kind that is known is wanted, in ticks: none is as long as all
    /// are.
    pub(super) fn no_text_until(&self) -> u64 {
        match self.texts.load(Relaxed) >= FIRST_TEXTS {
            true => self.next_text.load(Relaxed),
            false => 0,
        }
    }

    /// Whether the text of a failure that ended now is worth writing: it takes
    /// longer than all the rest.
    pub(super) fn wants_text(&self, kind: &str, now: u64) -> bool {
        let is_due = now >= self.next_text.load(Relaxed);
        if self.texts.load(Relaxed) >= FIRST_TEXTS && !is_due && self.is_known(kind) {
            return false;
        }
        self.texts.store(self.texts.load(Relaxed) + 1, Relaxed);
        self.next_text
            .store(now.saturating_add(TEXT_PAUSE), Relaxed);
        true
    }

    pub(super) fn counts(&self) -> Vec<ErrorSnapshot> {
        let count = |(at, kind): (usize, &Kind)| {
            let text = hold_soon(&kind.last_text, 1000);
            Some(ErrorSnapshot {
                kind: kind.name.get()?.to_string(),
                count: kind.count.load(Acquire),
                last_text: text.map(|text| text.clone()).unwrap_or_default(),
                is_overflow: at == MOST_KINDS,
            })
        };
        self.kinds.iter().enumerate().map_while(count).collect()
    }

    fn is_known(&self, kind: &str) -> bool {
        let names = self.kinds.iter().map_while(|kind| kind.name.get());
        names.into_iter().any(|name| **name == *kind)
    }

    fn find(&self, name: &str) -> Option<&Kind> {
        let (apart, other) = self.kinds.split_at(MOST_KINDS);
        for kind in apart {
            if **kind.name.get_or_init(|| name.into()) == *name {
                return Some(kind);
            }
        }
        let other = other.first()?;
        other.name.get_or_init(|| OTHER.into());
        Some(other)
    }
}

/// Adds the failures of another thread or process. The overflow stays the last.
pub(crate) fn merge(all: &mut Vec<ErrorSnapshot>, more: Vec<ErrorSnapshot>) {
    for error in more.into_iter().filter(|error| error.count > 0) {
        let apart = all.iter().filter(|known| !known.is_overflow).count();
        let is_known = all.iter().any(|known| known.is_alike(&error));
        let error = if is_known || error.is_overflow || apart < MOST_KINDS {
            error
        } else {
            ErrorSnapshot {
                kind: OTHER.to_owned(),
                is_overflow: true,
                ..error
            }
        };
        match all.iter_mut().find(|known| known.is_alike(&error)) {
            Some(known) => known.add(error),
            None if error.is_overflow => all.push(error),
            None => all.insert(apart, error),
        }
    }
}

#[cfg(all(test, not(perfkit_loom)))]
mod tests {
    use super::*;

    fn total(errors: &[ErrorSnapshot]) -> u64 {
        errors.iter().map(|kind| kind.count).sum()
    }

    #[test]
    fn kinds_are_counted_and_bounded() {
        let log = ErrorLog::default();
        for number in 0..100 {
            log.record(&Failure::new(format!("kind {number}"), number));
        }
        log.record(&Failure::new("kind 3", "latest"));
        let counts = log.counts();
        assert_eq!(counts.len(), MOST_KINDS + 1);
        assert_eq!(counts[3].count, 2);
        assert_eq!(counts[3].last_text, "latest");
        let other = counts.last().unwrap();
        assert_eq!((other.kind.as_str(), other.count), ("other", 84));
        assert!(other.is_overflow && counts[..MOST_KINDS].iter().all(|kind| !kind.is_overflow));
        assert_eq!(total(&counts), 101);
    }

    #[test]
    fn the_failures_of_several_threads_are_bounded_too() {
        let mut all = Vec::new();
        for thread in 0..5 {
            let log = ErrorLog::default();
            for number in 0..30 {
                log.record(&Failure::new(format!("kind {thread} {number}"), ""));
            }
            merge(&mut all, log.counts());
        }
        assert_eq!(all.len(), MOST_KINDS + 1);
        assert!(all[MOST_KINDS].is_overflow);
        assert_eq!(total(&all), 150);
    }

    #[test]
    fn failures_of_unknown_kind_are_no_kind_of_the_program() {
        let own = ErrorSnapshot {
            is_overflow: false,
            ..ErrorSnapshot::other(2)
        };
        let mut all = vec![ErrorSnapshot::other(1)];
        merge(&mut all, vec![own.clone(), ErrorSnapshot::other(3)]);
        assert_eq!(all, [own, ErrorSnapshot::other(4)]);
        for number in 0..MOST_KINDS {
            let log = ErrorLog::default();
            log.record(&Failure::new(format!("kind {number}"), ""));
            merge(&mut all, log.counts());
        }
        assert_eq!((all.len(), total(&all)), (MOST_KINDS + 1, 22));
        assert_eq!((all[MOST_KINDS].count, all[0].count), (5, 2));
    }

    #[test]
    fn after_the_first_thousand_texts_few_are_written_and_every_kind_has_one() {
        let log = ErrorLog::default();
        let mut written = 0;
        let (calls, calls_in_pause) = if cfg!(miri) {
            (2000, 100)
        } else {
            (100_000, 10_000)
        };
        for call in 0..calls {
            let failure = Failure::new("full", "");
            let now = call * (TEXT_PAUSE / calls_in_pause);
            written += u32::from(log.wants_text(failure.kind(), now));
            log.record(&failure);
        }
        assert!((1000..1020).contains(&written), "{written}");
        assert!(log.wants_text("new", 0));
    }
}
