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

pub(crate) use hgrm::files as hgrm_files;

use perfkit::{Direction, Report};

use crate::error::Error;

/// A format that another tool reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool<'a> {
    Bencher,
    GithubActionSmaller,
    GithubActionBigger,
    Junit,
    Hdr,
    /// The percentiles of one operation or benchmark.
    Hgrm(Option<&'a str>),
}

/// The report as the tool reads it.
pub(crate) fn render_for(report: &Report, tool: Tool<'_>) -> Result<String, Error> {
    match tool {
        Tool::Bencher => bencher::render(report),
        Tool::GithubActionSmaller => github_action::render(report, Direction::LowerIsBetter),
        Tool::GithubActionBigger => github_action::render(report, Direction::HigherIsBetter),
        Tool::Junit => junit::render(report),
        Tool::Hdr => hdr::render(report),
        Tool::Hgrm(wanted) => hgrm::render(report, wanted),
    }
}

/// What a tool is not given of a report, in words.
pub(crate) fn left_out(report: &Report, tool: Tool<'_>) -> Option<String> {
    let is_directed = matches!(tool, Tool::GithubActionSmaller | Tool::GithubActionBigger);
    let metrics = github_action::undirected(report);
    (is_directed && !metrics.is_empty()).then(|| {
        let metrics = metrics.join(", ");
        format!("left out, because nobody said which values are good: {metrics}")
    })
}
