//! `perfkit gate` and the sessions that it holds results against.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod baseline;
mod baseline_atomic;
mod decisions;
mod rules;
mod selftest;
