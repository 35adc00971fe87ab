//! `--ignore-failure`.

use std::collections::BTreeSet;
use std::str::FromStr;

/// What stands for every kind of failure, in hyperfine too.
const ALL: &str = "all-non-zero";

/// Which failed runs do not end a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IgnoredFailures {
    /// Whatever status or signal ends a run, and its timeout.
    All,
    /// Those that exit with one of these.
    Codes(BTreeSet<i32>),
}

impl IgnoredFailures {
    /// Whether a run may end with this exit code; `None` where it was ended otherwise.
    pub(crate) fn covers(&self, code: Option<i32>) -> bool {
        match self {
            Self::All => true,
            Self::Codes(codes) => code.is_some_and(|code| codes.contains(&code)),
        }
    }
}

impl FromStr for IgnoredFailures {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == ALL {
            return Ok(Self::All);
        }
        let code = |code: &str| match code.trim().parse() {
            Ok(code @ 1..=255) => Ok(code),
            _ => Err(format!(
                "`{}` is no exit code of a failure: give numbers from 1 to 255, as in `-i=1,2`, or `-i` for all",
                code.escape_debug()
            )),
        };
        Ok(Self::Codes(
            text.split(',').map(code).collect::<Result<_, _>>()?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_that_are_given() {
        let some: IgnoredFailures = "1, 3".parse().unwrap();
        let covered = [Some(1), Some(2), Some(3), None].map(|code| some.covers(code));
        assert_eq!(covered, [true, false, true, false]);
        let all: IgnoredFailures = "all-non-zero".parse().unwrap();
        assert!(all.covers(Some(2)) && all.covers(None));
        for wrong in ["", "0", "256", "-1", "1,", "x"] {
            assert!(wrong.parse::<IgnoredFailures>().is_err(), "{wrong}");
        }
    }
}
