//! `perfkit history`: the real binary, with folders, repositories and damaged files.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod checking;
mod damage;
mod databases;
mod folder;
mod git_store;
mod history;
mod index;
mod recording;
#[path = "../support/mod.rs"]
mod support;
