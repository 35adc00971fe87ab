//! `perfkit watch`: the real binary on a terminal of its own, with programs to watch.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod four_views;
mod looks;
mod once;
mod program;
#[path = "../../perfkit-core/tests/real_prometheus/mod.rs"]
mod real_prometheus;
mod screen;
mod sessions;
#[path = "../support/mod.rs"]
mod support;
mod terminal;

use support::required;
