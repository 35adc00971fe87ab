//! `perfkit watch`: the real binary on a terminal of its own, with programs to watch.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod looks;
mod once;
mod program;
mod screen;
mod sessions;
#[path = "../support/mod.rs"]
mod support;
mod terminal;
