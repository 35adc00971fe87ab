//! Source trees: this one, and another revision of it, with their bench programs.

mod alignment;
mod build_target;
mod cache;
mod cargo;
mod checkout;
mod dependencies;
mod lock_file;
mod plain_path;
mod programs;
mod same_binary;
mod settings;
mod surroundings;
mod tree;
mod workspace;

pub(crate) use cache::{remove_all, size_bytes};
pub(crate) use checkout::{Checkout, check_out, remove_checkouts};
pub(crate) use dependencies::Dependencies;
pub(crate) use lock_file::{different_dependencies, share_lock_file};
pub(crate) use plain_path::PlainPaths;
pub(crate) use programs::{BenchProgram, Built, build_benches};
pub(crate) use same_binary::is_same_binary;
pub(crate) use tree::Tree;
pub(crate) use workspace::{Packages, Selection, Workspace};
