//! The two sides of a comparison.

use serde::{Deserialize, Serialize};

/// Which side of a comparison something is of, where one name stands on both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// What is compared against: the earlier state.
    Baseline,
    /// What is compared, and what verdicts speak of.
    Candidate,
}

impl Side {
    /// The side in a word, such as for a label.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Candidate => "candidate",
        }
    }
}

/// A name that others share, with what tells it from them.
pub(crate) fn label(name: &str, revision: Option<&str>, side: Option<Side>) -> String {
    match (revision, side) {
        (Some(revision), _) => format!("{name}@{revision}"),
        (None, Some(Side::Baseline)) => format!("{name} (baseline)"),
        (None, _) => name.to_owned(),
    }
}
