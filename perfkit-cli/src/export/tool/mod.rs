//! The formats of other tools, one file each.

mod bencher;
mod common;
mod distribution;
mod github_action;
mod hdr;
mod hgrm;
mod junit;
mod measure;
mod names;
mod prometheus;

pub(crate) use bencher::render as bencher;
pub(crate) use github_action::{render as github_action, undirected};
pub(crate) use hdr::render as hdr;
pub(crate) use hgrm::{files as hgrm_files, render as hgrm};
pub(crate) use junit::render as junit;
pub(crate) use prometheus::render as prometheus;
