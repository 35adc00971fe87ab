//! Keeps labels and their values few.

use std::collections::{BTreeMap, BTreeSet};

use super::section_lock::SectionLock;

/// Of how many labels values are kept apart.
const MOST_LABELS: usize = 200;

/// How many values of a label are kept apart.
const MOST_VALUES: usize = 100;

/// What stands for all further values, and for those of all further labels.
const OTHER: &str = "other";

/// The values that labels have had.
#[derive(Debug, Default)]
pub(super) struct LabelValues {
    by_label: SectionLock<ByLabel>,
}

type ByLabel = BTreeMap<String, BTreeSet<String>>;

impl LabelValues {
    /// The value, or what stands for it where the label has had too many others, or where
    /// there have been too many other labels.
    pub(super) fn bounded(&self, label: &str, value: String) -> String {
        let by_label = self.by_label.read();
        if let Some(found) = find(&by_label, label, &value) {
            return found.to_owned();
        }
        drop(by_label);
        let mut by_label = self.by_label.write();
        if let Some(found) = find(&by_label, label, &value) {
            return found.to_owned();
        }
        let known = by_label.entry(label.to_owned()).or_default();
        known.insert(value.clone());
        value
    }

    /// Whether two values of a label are the same for all who see them bounded. Neither counts
    /// as one that the label has had.
    #[cfg(feature = "tracing")]
    pub(super) fn are_one(&self, label: &str, a: &str, b: &str) -> bool {
        let by_label = self.by_label.read();
        let [a, b] = [a, b].map(|value| find(&by_label, label, value).unwrap_or(value));
        a == b
    }
}

/// The value where it is known, and what stands for it where it is one too many.
fn find<'a>(by_label: &ByLabel, label: &str, value: &'a str) -> Option<&'a str> {
    let (is_known, is_full) = match by_label.get(label) {
        Some(known) => (known.contains(value), known.len() >= MOST_VALUES),
        None => (false, by_label.len() >= MOST_LABELS),
    };
    let found = if is_known { value } else { OTHER };
    (is_known || is_full).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integration::while_held::while_held;

    #[test]
    fn values_beyond_the_first_hundred_are_one() {
        let values = LabelValues::default();
        let bounded = |number: usize| values.bounded("user", number.to_string());
        for number in 0..100 {
            assert_eq!(bounded(number), number.to_string());
        }
        assert_eq!(bounded(100), "other");
        assert_eq!(bounded(7), "7");
        assert_eq!(values.bounded("tenant", "100".to_owned()), "100");
    }

    #[test]
    fn labels_beyond_the_first_two_hundred_have_one_value() {
        let values = LabelValues::default();
        let bounded = |label: usize, value: &str| values.bounded(&label.to_string(), value.into());
        for label in 0..1000 {
            let expected = if label < MOST_LABELS { "1" } else { OTHER };
            assert_eq!(bounded(label, "1"), expected, "{label}");
        }
        assert_eq!(bounded(7, "2"), "2");
        assert_eq!(values.by_label.read().len(), MOST_LABELS);
    }

    #[test]
    fn a_further_value_waits_for_no_reader() {
        let values = LabelValues::default();
        for number in 0..MOST_VALUES {
            values.bounded("user", number.to_string());
        }
        let reader = values.by_label.read();
        let further = || values.bounded("user", "further".to_owned());
        let found = while_held(reader, further);
        assert_eq!(found.as_deref(), Some(OTHER));
    }
}
