//! Which benchmarks of two revisions belong together.

use std::collections::{BTreeMap, BTreeSet};

use perfkit::bench::engine::GroupRun;
use perfkit::report::{Note, NoteCode, OneSided, Report};

use crate::revision::is_same_binary;

use super::search::Found;

/// The benchmarks of two revisions.
pub(super) struct Pairs<'a> {
    /// Those that both have, as they were and as they are.
    both: Vec<(&'a Found, &'a Found)>,
    only_in_baseline: Vec<&'a Found>,
    only_in_candidate: Vec<&'a Found>,
    /// The names that several programs of a revision have.
    shared: BTreeSet<&'a str>,
}

impl<'a> Pairs<'a> {
    /// Pairs what has one name. Where several programs have it, it is that of the same
    /// program.
    pub(super) fn between(base: &'a [Found], own: &'a [Found]) -> Self {
        let (before, after) = (by_name(base), by_name(own));
        let partner = |found: &Found| -> Option<usize> {
            let same_name = before.get(&*found.info.name)?;
            let is_of_program = |index: &&usize| base[**index].is_of_program_of(found);
            match (same_name.iter().find(is_of_program), &same_name[..]) {
                (Some(index), _) => Some(*index),
                // It was moved.
                (None, [index]) if after[&*found.info.name].len() == 1 => Some(*index),
                _ => None,
            }
        };
        let of_both = before.iter().chain(&after);
        let shared = of_both.filter(|(_, of_name)| of_name.len() > 1);
        let mut pairs = Self {
            both: Vec::new(),
            only_in_baseline: Vec::new(),
            only_in_candidate: Vec::new(),
            shared: shared.map(|(name, _)| *name).collect(),
        };
        let mut is_paired = vec![false; base.len()];
        for found in own {
            match partner(found) {
                None => pairs.only_in_candidate.push(found),
                Some(index) => {
                    is_paired[index] = true;
                    pairs.both.push((&base[index], found));
                }
            }
        }
        let gone = base
            .iter()
            .zip(is_paired)
            .filter(|(_, is_paired)| !is_paired);
        pairs.only_in_baseline.extend(gone.map(|(found, _)| found));
        pairs
    }

    /// Whether there are benchmarks that the earlier revision lacks.
    pub(super) fn is_any_new(&self) -> bool {
        !self.only_in_candidate.is_empty()
    }

    /// A group for each benchmark that both revisions have, of which one is called `base`.
    pub(super) fn groups(&self, base: &str) -> Vec<GroupRun> {
        let mut are_same = BTreeMap::new();
        let group = |(before, after): &(&Found, &Found)| {
            let name = &after.info.name;
            let mut group = GroupRun::against_the_first([
                (name.clone(), &before.program, &before.info),
                (name.clone(), &after.program, &after.info),
            ]);
            group.base_revision = Some(base.to_owned());
            let (before, target) = (&before.program.path, &after.target);
            let after = &after.program.path;
            let is_same = are_same
                .entry((before.clone(), after.clone()))
                .or_insert_with(|| is_same_binary(before, after));
            if *is_same {
                group.set.mark_one_program(target);
            }
            group
        };
        self.both.iter().map(group).collect()
    }

    /// Puts those that only one has into the report, with a note on each.
    pub(super) fn tell_unpaired(&self, base: &str, report: &mut Report) {
        let (gone, new) = (
            one_sided(&self.only_in_baseline),
            one_sided(&self.only_in_candidate),
        );
        let label = |one: &OneSided| one.label(self.shared.contains(&*one.name));
        for one in &gone {
            let message = format!("{} is gone: only {base} has it", label(one));
            report.notes.push(Note::info(NoteCode::Gone, message));
        }
        for one in &new {
            let message = format!("{} is new: {base} does not have it", label(one));
            report.notes.push(Note::info(NoteCode::New, message));
        }
        report.only_in_baseline = gone;
        report.only_in_candidate = new;
    }
}

/// The indices of those with each name.
fn by_name(found: &[Found]) -> BTreeMap<&str, Vec<usize>> {
    let mut by_name = BTreeMap::<_, Vec<_>>::new();
    for (index, found) in found.iter().enumerate() {
        by_name.entry(&*found.info.name).or_default().push(index);
    }
    by_name
}

fn one_sided(found: &[&Found]) -> Vec<OneSided> {
    let one = |found: &&Found| {
        let program = found.program.full_name();
        OneSided::new(&found.info.name, Some(&program))
    };
    let all: BTreeSet<OneSided> = found.iter().map(one).collect();
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use perfkit::bench::engine::{BenchmarkInfo, Program};
    use perfkit::report::Environment;

    use super::*;

    fn found(package: &str, target: &str, name: &str) -> Found {
        Found {
            package: package.to_owned(),
            target: target.to_owned(),
            program: Program {
                path: PathBuf::from(target),
                package: Some(package.to_owned()),
                directory: None,
                variables: Vec::new(),
            },
            info: BenchmarkInfo {
                name: name.to_owned(),
                ..BenchmarkInfo::default()
            },
        }
    }

    #[test]
    fn one_name_in_several_programs_is_not_mixed_up() {
        let base = [
            found("a", "x", "sum"),
            found("a", "y", "sum"),
            found("a", "x", "moved"),
            found("a", "x", "gone"),
        ];
        let own = [
            found("a", "y", "sum"),
            found("b", "x", "sum"),
            found("a", "x", "sum"),
            found("a", "z", "moved"),
            found("a", "z", "new"),
        ];
        let pairs = Pairs::between(&base, &own);
        let words =
            |found: &Found| format!("{}/{}/{}", found.package, found.target, found.info.name);
        let both = pairs
            .both
            .iter()
            .map(|(b, a)| format!("{} {}", words(b), words(a)));
        let both: Vec<String> = both.collect();
        assert_eq!(
            both,
            ["a/y/sum a/y/sum", "a/x/sum a/x/sum", "a/x/moved a/z/moved"]
        );
        let own: Vec<String> = pairs.only_in_candidate.iter().map(|f| words(f)).collect();
        assert_eq!(own, ["b/x/sum", "a/z/new"]);
        let gone: Vec<String> = pairs.only_in_baseline.iter().map(|f| words(f)).collect();
        assert_eq!(gone, ["a/x/gone"]);
        // What other programs have too is told with its program.
        let mut report = Report::new(Environment::detect("mock"));
        pairs.tell_unpaired("main", &mut report);
        let told: Vec<&str> = report.notes.iter().map(|note| &*note.message).collect();
        assert_eq!(
            told,
            [
                "gone is gone: only main has it",
                "new is new: main does not have it",
                "sum (b/x) is new: main does not have it",
            ]
        );
        let only = [
            OneSided::new("new", Some("a/z")),
            OneSided::new("sum", Some("b/x")),
        ];
        assert_eq!(report.only_in_candidate, only);
    }
}
