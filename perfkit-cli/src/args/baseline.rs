//! `perfkit baseline`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};

/// Keep what was measured under a name, and compare with it on another day.
///
/// A baseline has one or more sessions: each time that something was measured and saved
/// under its name is one. Sessions differ from each other by more than the runs within
/// one, so several of them, of several days, tell smaller changes apart.
///
/// `perfkit gate REPORT --against NAME` and `perfkit compare REPORT --against NAME` use it.
/// Where both states can still be built, `--base REV` measures them in turn, which decides
/// better. Benchmark programs use the same place: `cargo bench -- --save-baseline NAME` keeps
/// the last session there, and `--baseline NAME` compares with all of them.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  perfkit baseline save main target/perfkit/benches/parse.json
  perfkit baseline list
  perfkit baseline show main
  perfkit baseline rm main
")]
pub(crate) struct BaselineArguments {
    #[command(subcommand)]
    pub(crate) action: BaselineAction,

    /// Where baselines are kept, one folder each [default: $PERFKIT_BASELINES, or
    /// perfkit/baselines in cargo's target folder].
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) baselines: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BaselineAction {
    /// Add each report to a baseline, as one session.
    #[command(before_help = "\
Example:
  perfkit baseline save main report.json
")]
    Save {
        /// The baseline, which need not exist yet.
        name: BaselineName,
        /// Reports of perfkit or another tool, each measured in a session of its own.
        #[arg(value_name = "REPORT", required = true)]
        reports: Vec<PathBuf>,
    },
    /// List the baselines.
    #[command(before_help = "Example:\n  perfkit baseline list\n")]
    List,
    /// Show the sessions of a baseline, and what each measured.
    #[command(before_help = "Example:\n  perfkit baseline show main\n")]
    Show {
        /// The baseline.
        name: BaselineName,
    },
    /// Remove a baseline with all of its sessions.
    #[command(before_help = "Example:\n  perfkit baseline rm main\n")]
    Rm {
        /// The baseline.
        name: BaselineName,
    },
}

/// The name of a baseline, which is also that of its folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BaselineName(String);

/// The most bytes of a name: file systems allow 255, and a name is never cut, so that no
/// two are one.
const LONGEST: usize = 100;

impl BaselineName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BaselineName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_plain = |c: char| c.is_alphanumeric() || "-_.+".contains(c);
        if text.is_empty() {
            return Err("a baseline has a name: use letters, digits and -_.+".to_owned());
        }
        if text.len() > LONGEST {
            return Err(format!(
                "the name has {} bytes, and a baseline's may have {LONGEST}",
                text.len()
            ));
        }
        if text.starts_with(['.', '-']) || !text.chars().all(is_plain) {
            return Err(
                "a baseline's name consists of letters, digits and -_.+, and begins with none of . and -"
                    .to_owned(),
            );
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for BaselineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_one_folder_and_of_no_other() {
        for good in [
            "main",
            "v1.2",
            "fast_math",
            "größer",
            "1+2",
            &"x".repeat(100),
        ] {
            assert_eq!(good.parse::<BaselineName>().unwrap().as_str(), good);
        }
        let long = "x".repeat(101);
        #[rustfmt::skip]
        let bad = ["", ".", "..", "../up", "a/b", "/etc", "a\\b", "-x", ".hidden", "a b", "a\nb", "a\0", "\u{1b}[31m", "a:b", "\u{202e}x", &long];
        for bad in bad {
            assert!(bad.parse::<BaselineName>().is_err(), "{bad:?}");
        }
    }
}
