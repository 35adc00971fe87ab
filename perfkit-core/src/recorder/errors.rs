//! The kinds of failure of an operation.

use crate::outcome::Failure;

/// How many kinds are kept apart.
const MOST_KINDS: usize = 16;

/// The kind under which all further kinds are counted.
const OTHER: &str = "other";

/// The longest name of a kind, in bytes.
const LONGEST_KIND: usize = 256;

/// One kind of failure: how often, and the latest text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorCount {
    pub(crate) kind: String,
    pub(crate) count: u64,
    pub(crate) last_text: String,
}

/// Failures by kind, in the order in which the kinds appeared.
#[derive(Debug, Default)]
pub(crate) struct ErrorLog {
    kinds: Vec<ErrorCount>,
}

impl ErrorLog {
    pub(crate) fn record(&mut self, failure: &Failure) {
        let kind = bounded(failure.kind());
        let known = self.kinds.iter().position(|known| known.kind == kind);
        let index = known.unwrap_or_else(|| self.add(kind));
        let entry = &mut self.kinds[index];
        entry.count += 1;
        failure.text().clone_into(&mut entry.last_text);
    }

    pub(crate) fn kinds(&self) -> &[ErrorCount] {
        &self.kinds
    }

    fn add(&mut self, kind: &str) -> usize {
        let is_full = self.kinds.len() >= MOST_KINDS;
        if is_full && self.kinds.last().is_some_and(|last| last.kind == OTHER) {
            return self.kinds.len() - 1;
        }
        self.kinds.push(ErrorCount {
            kind: if is_full { OTHER } else { kind }.to_owned(),
            count: 0,
            last_text: String::new(),
        });
        self.kinds.len() - 1
    }
}

fn bounded(kind: &str) -> &str {
    let mut end = kind.len().min(LONGEST_KIND);
    while !kind.is_char_boundary(end) {
        end -= 1;
    }
    &kind[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_counted_and_bounded() {
        let mut log = ErrorLog::default();
        for number in 0..100 {
            log.record(&Failure::new(format!("kind {number}"), number));
        }
        log.record(&Failure::new("kind 3", "latest"));
        assert_eq!(log.kinds().len(), MOST_KINDS + 1);
        assert_eq!(log.kinds()[3].count, 2);
        assert_eq!(log.kinds()[3].last_text, "latest");
        let other = log.kinds().last().unwrap();
        assert_eq!((other.kind.as_str(), other.count), ("other", 84));
        assert_eq!(log.kinds().iter().map(|kind| kind.count).sum::<u64>(), 101);
    }
}
