//! What is claimed of a pattern.

use std::fmt;

/// A gain that the notes on performance practice claim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// Its words: `6x`, `60 % less`.
    pub text: &'static str,
    /// The same as a factor: six times as fast, or a sixth as much.
    pub times: f64,
}

/// Claims are round numbers: nine tenths of one are enough.
const ENOUGH: f64 = 0.9;

impl Claim {
    /// Whether a gain between these factors bears it out.
    #[must_use]
    pub fn judge(&self, low: f64, high: f64) -> Shown {
        let wanted = self.times * ENOUGH;
        if low >= wanted {
            Shown::Yes
        } else if high < wanted {
            Shown::No
        } else {
            Shown::Undecided
        }
    }
}

/// Whether a claim showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The whole interval reaches it.
    Yes,
    /// No part of the interval does.
    No,
    /// Part of the interval does.
    Undecided,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "shows",
            Self::No => "does not show",
            Self::Undecided => "undecided",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_decides_whether_a_claim_shows() {
        let claim = Claim {
            text: "6x",
            times: 6.0,
        };
        assert_eq!(claim.judge(5.9, 6.1), Shown::Yes);
        assert_eq!(claim.judge(2.4, 2.6), Shown::No);
        assert_eq!(claim.judge(5.0, 7.0), Shown::Undecided);
    }
}
