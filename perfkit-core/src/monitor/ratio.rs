//! Ratios: a counter among some.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::recorder::Section;

use super::registry::shortened;

/// Which counters make a ratio, by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RatioParts {
    pub(crate) numerator: String,
    pub(crate) denominator: Vec<String>,
}

/// The ratios of a monitor, by name.
#[derive(Debug, Default)]
pub(super) struct Ratios(Mutex<BTreeMap<String, RatioParts>>);

impl Ratios {
    /// Of two of one name the first one counts.
    pub(super) fn add(&self, name: &str, parts: RatioParts, most: usize) {
        let _section = Section::enter();
        let mut ratios = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ratios.len() < most {
            let name = shortened(name).into_owned();
            ratios.entry(name).or_insert(parts);
        }
    }

    pub(super) fn all(&self) -> Vec<(String, RatioParts)> {
        let _section = Section::enter();
        let ratios = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ratios.clone().into_iter().collect()
    }
}
