//! From measured values to a ratio, an interval and a verdict.
//!
//! This is the analysis that `perfkit` on the command line drives. It is no API: names and
//! signatures change without notice. What it yields is: [`Comparison`](crate::report::Comparison).
//!
//! [`compare_paired`] is for what was measured alternately, [`compare_unpaired`] for saved
//! reports. [`compare_set`] compares many pairs, which share the error that
//! [`VerdictRules`] allow, and takes A/A controls into account. [`add_diagnostics`] says what a
//! reader should know of the values themselves.

mod diagnostics;
mod layout;
mod paired;
mod rules;
mod set;
mod unpaired;
mod verdict;

pub use diagnostics::{add_diagnostics, counters_unavailable};
pub use paired::compare_paired;
pub use rules::VerdictRules;
pub use set::{ComparisonSet, compare_set};
pub use unpaired::{
    Apart, Sessions, compare_unpaired, compare_unpaired_operations, distinct_sessions,
};
pub use verdict::verdict;
