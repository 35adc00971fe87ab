//! A share of the benchmarks, so that several jobs measure all of them.

use std::fmt;
use std::str::FromStr;

use crate::text::fnv_1a;

/// The most jobs that benchmarks are shared among.
const MOST: u32 = 1000;

/// One of several shares of all benchmarks, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) number: u32,
    pub(crate) of: u32,
}

impl Shard {
    /// Whether a benchmark is in this share. That depends on its name alone, and not on
    /// which others there are: each is in one share, also where jobs see others of them.
    pub(crate) fn holds(self, name: &str) -> bool {
        hash(name) % u64::from(self.of) == u64::from(self.number - 1)
    }
}

/// The low bits of the hash alone would share names that differ in a digit unevenly: they
/// are mixed as MurmurHash 3 ends.
fn hash(name: &str) -> u64 {
    let mut hash = fnv_1a(name.as_bytes());
    for factor in [0xFF51_AFD7_ED55_8CCD, 0xC4CE_B9FE_1A85_EC53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/');
        let numbers = numbers.and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
        match numbers {
            Some((number, of)) if (1..=of).contains(&number) && of <= MOST => {
                Ok(Self { number, of })
            }
            _ => Err(format!(
                "`{}` is no share such as 1/3, with at most {MOST} shares",
                text.escape_debug()
            )),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_name_is_in_one_share(name in ".*", of in 1..=MOST) {
            let holds = |number| Shard { number, of }.holds(&name);
            prop_assert_eq!((1..=of).filter(|number| holds(*number)).count(), 1);
        }

        #[test]
        fn what_is_printed_is_read(of in 1..=MOST, number in 1..=MOST) {
            let shard = Shard { number, of };
            prop_assert_eq!(shard.to_string().parse().ok(), (number <= of).then_some(shard));
        }
    }

    #[test]
    fn names_that_differ_in_a_digit_are_shared_evenly() {
        for of in [2, 3, 4, 8] {
            let mut counts = vec![0; of as usize];
            for name in (0..800).map(|n| format!("sort/{n}")) {
                let is_here = |number: &u32| {
                    Shard {
                        number: *number,
                        of,
                    }
                    .holds(&name)
                };
                counts[(1..=of).find(is_here).unwrap() as usize - 1] += 1;
            }
            let even = 800 / of;
            let is_even = |count: &u32| (even * 3 / 4..=even * 5 / 4).contains(count);
            assert!(counts.iter().all(is_even), "{counts:?}");
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in [
            "", "1", "0/3", "4/3", "1/0", "1/1001", "a/b", "-1/3", "1/3/5", "1 / 3",
        ] {
            assert!(
                text.parse::<Shard>().unwrap_err().contains("no share"),
                "{text}"
            );
        }
    }
}
