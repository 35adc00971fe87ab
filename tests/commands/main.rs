//! `perfkit compare` with commands, as people type it: what is run around them, how few runs are
//! enough, what is meant by flags, and mistakes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod around_runs;
mod few_runs;
mod habits;
mod mistakes;
