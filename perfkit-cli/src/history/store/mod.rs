//! Where records are kept.

mod folder;
mod git;
mod git_remote;
mod git_tree;
mod interface;

pub(crate) use folder::FolderStore;
pub(crate) use git::GitStore;
pub(crate) use git_remote::Exchanged;
pub(crate) use interface::{Added, Store};
