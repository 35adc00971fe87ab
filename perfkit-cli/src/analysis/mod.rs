//! Decisions on what was read: which results belong together, which rules hold.

mod budget;
mod by_name;
#[cfg(feature = "history")]
mod changes;
mod confirmation;
mod finding;
mod gate;
mod interleaved;
mod pairs;
mod proposal;
mod recording;
mod regression;
mod saved;
mod selftest;
mod sequential;
mod shards;
mod sides;
mod waivers;

#[cfg(feature = "history")]
pub(crate) use changes::{SeriesChange, judge_changes};
pub(crate) use confirmation::{confirm, is_suspected};
pub(crate) use gate::{gate_of, judge};
pub(crate) use interleaved::{add_remarks, compare_all, is_inconclusive};
pub(crate) use proposal::{Proposals, ProposedBound, ProposedBudget, propose};
pub(crate) use recording::{RecordedOperation, Recording};
pub(crate) use saved::compare_reports;
pub(crate) use selftest::{BASELINE, Resolution, SAME, SLOWED, SelfTest, SelfTested};
pub(crate) use sequential::compare_sequence;
pub(crate) use shards::{missing_of_shards, rules_of_shards};
pub(crate) use sides::{is_comparable, is_same_session};
