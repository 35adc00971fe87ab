//! Keeps the values of labels few.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock};

/// How many values of a label are kept apart.
const MOST_VALUES: usize = 100;

/// What stands for all further values.
const OTHER: &str = "other";

/// The values that labels have had.
#[derive(Debug, Default)]
pub(super) struct LabelValues {
    by_label: RwLock<BTreeMap<String, BTreeSet<String>>>,
}

impl LabelValues {
    /// The value, or what stands for it where the label has had too many others.
    pub(super) fn bounded(&self, label: &str, value: String) -> String {
        let by_label = self.by_label.read();
        let by_label = by_label.unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = by_label.get(label) {
            if known.contains(&value) {
                return value;
            }
            if known.len() >= MOST_VALUES {
                return OTHER.to_owned();
            }
        }
        drop(by_label);
        let by_label = self.by_label.write();
        let mut by_label = by_label.unwrap_or_else(PoisonError::into_inner);
        let known = by_label.entry(label.to_owned()).or_default();
        if known.len() >= MOST_VALUES && !known.contains(&value) {
            return OTHER.to_owned();
        }
        known.insert(value.clone());
        value
    }
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
    fn a_further_value_waits_for_no_reader() {
        let values = LabelValues::default();
        for number in 0..MOST_VALUES {
            values.bounded("user", number.to_string());
        }
        let reader = values.by_label.read().unwrap();
        let further = || values.bounded("user", "further".to_owned());
        let found = while_held(reader, further);
        assert_eq!(found.as_deref(), Some(OTHER));
    }
}
