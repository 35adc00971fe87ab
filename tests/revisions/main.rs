//! Comparisons with revisions: checkouts, and the packages that are built of them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod checkouts;
mod packages;
