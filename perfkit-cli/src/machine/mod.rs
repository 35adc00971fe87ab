//! What of this machine makes measurements noisy, as far as it can be read.
//!
//! What is read from `/proc` and `/sys` is read below a [`Root`], so that the files of
//! other machines can be looked at. Nothing is changed.

mod addresses;
mod check;
mod clocks;
mod counters;
mod cpus;
mod examination;
mod frequency;
mod load;
mod root;
mod sharing;

pub(crate) use check::{Affected, Check, State};
pub(crate) use clocks::OwnClock;
pub(crate) use examination::{Probes, examine};
pub(crate) use root::Root;
