//! Of which bench program a benchmark is.

use std::collections::BTreeSet;

use super::benchmark::Benchmark;
use super::one_sided::OneSided;

impl Benchmark {
    /// Whether it is of this program, as far as both are known.
    #[must_use]
    pub fn may_be_of(&self, program: Option<&str>) -> bool {
        let both = self.program.as_deref().zip(program);
        both.is_none_or(|(own, program)| is_one_program(own, program))
    }

    /// The program that it is of, among those that are known; `None` where it may be of
    /// several, or of none.
    #[must_use]
    pub fn program_among<'a>(&self, known: &BTreeSet<&'a str>) -> Option<&'a str> {
        let known = known.iter().copied();
        // A program without its package is one with it that is known too.
        let is_named_whole = |program: &str| {
            let mut others = known.clone();
            program.contains('/')
                || !others.any(|other| other != program && is_one_program(other, program))
        };
        let may_be = |program: &&str| self.may_be_of(Some(program));
        let mut found = known.clone().filter(may_be).filter(|p| is_named_whole(p));
        found.next().filter(|_| found.next().is_none())
    }
}

impl OneSided {
    /// Whether both may be one, as far as their programs are known.
    #[must_use]
    pub fn may_be(&self, other: &Self) -> bool {
        let mut programs = self.program.iter().zip(&other.program);
        self.name == other.name && programs.all(|(own, other)| is_one_program(own, other))
    }
}

/// Whether two names may be of one program: of a program that was not started by cargo, the
/// package is not known.
fn is_one_program(one: &str, other: &str) -> bool {
    match (one.split_once('/'), other.split_once('/')) {
        (Some((_, name)), None) => name == other,
        (None, Some((_, name))) => name == one,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_its_package_is_the_one_with_it_that_is_known() {
        for (own, known, expected) in [
            (Some("x"), &["x"][..], Some("x")),
            (Some("x"), &["x", "a/x"], Some("a/x")),
            (Some("a/x"), &["x", "a/x"], Some("a/x")),
            (Some("x"), &["x", "a/x", "b/x"], None),
            (Some("b/x"), &["x", "a/x", "b/x"], Some("b/x")),
            (Some("x"), &["x", "a/y"], Some("x")),
            (None, &["a/x"], Some("a/x")),
            (None, &["x", "a/x"], Some("a/x")),
            (None, &["a/x", "a/y"], None),
            (None, &[], None),
        ] {
            let mut benchmark = Benchmark::new("parse");
            benchmark.program = own.map(str::to_owned);
            let known: BTreeSet<&str> = known.iter().copied().collect();
            let found = benchmark.program_among(&known);
            assert_eq!(found, expected, "{own:?} among {known:?}");
        }
    }
}
