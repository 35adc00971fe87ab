//! The commands around measuring: `doctor`, `init`, `run`, and what `-v` says of settings.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod doctor;
mod init;
mod run;
mod sources;
