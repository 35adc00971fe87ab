//! The whole, as its users meet it: the real binary, real files, and programs that cargo
//! builds. It is one program, so that it is linked once and slow tests run beside quick ones.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod support;

// What is shared with the tests of the library finds it here.
use support::required;

mod benches;
mod ci_files;
mod collector;
mod commands;
mod gate;
mod gate_calibration;
mod hostile;
mod http_service;
mod import;
mod readme;
mod record_path;
mod report;
mod revisions;
mod verbs;
