//! Reports as they are read: in terminals, as pages, and in the formats of other tools.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod exports;
mod golden;
mod pages;
mod terminal;
