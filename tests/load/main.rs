//! `perfkit load` and `perfkit merge`: the real binary, and servers on real sockets, which keep
//! records of their own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod answered;
mod capacity;
mod comparison;
mod faults;
mod load_server;
mod protocols;
mod shares;
#[path = "../support/mod.rs"]
mod support;
