//! Source trees: this one, and another revision of it, with their bench programs.

mod cache;
mod cargo;
mod checkout;
mod same_binary;

pub(crate) use cache::remove_all;
pub(crate) use cargo::{BenchProgram, Selection, build_benches, target_folder};
pub(crate) use checkout::{Checkout, check_out, remove_checkouts};
pub(crate) use same_binary::is_same_binary;

use std::path::PathBuf;

use perfkit::report::Side;

/// A source tree, and where its programs are built.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// Where commands are run in it: the same folder of it as the current one.
    pub(crate) directory: PathBuf,
    /// Its folder for what cargo builds.
    pub(crate) target: PathBuf,
    /// What it is called in messages.
    pub(crate) label: String,
    /// Which side of the comparison it is.
    pub(crate) side: Side,
}
