//! Source trees: this one, and another revision of it, with their bench programs.

mod cargo;
mod identity;
mod revision;

pub(crate) use cargo::{BenchProgram, Selection, build_benches, target_folder};
pub(crate) use identity::is_same_program;
pub(crate) use revision::{Checkout, check_out};

use std::path::PathBuf;

/// A source tree, and where its programs are built.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// Where commands are run in it: the same folder of it as the current one.
    pub(crate) directory: PathBuf,
    /// Its folder for what cargo builds.
    pub(crate) target: PathBuf,
    /// What it is called in messages.
    pub(crate) label: String,
}
