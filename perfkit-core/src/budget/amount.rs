//! A value with its unit.

use crate::unit::Unit;

/// A value with its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amount {
    /// In base units.
    pub value: f64,
    /// What it is measured in.
    pub unit: Unit,
}

impl Amount {
    /// Whether a metric of this unit can be held against it: a bare number stands for
    /// whatever has no unit.
    #[must_use]
    pub fn fits(self, metric: Unit) -> bool {
        let is_bare = matches!(self.unit, Unit::Score | Unit::Count);
        let has_no_unit = matches!(metric, Unit::Count | Unit::Ratio | Unit::Score);
        self.unit == metric || (is_bare && has_no_unit)
    }
}
