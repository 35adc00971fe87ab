//! Which benchmarks of two revisions belong together.

use std::collections::BTreeMap;

use perfkit::bench::engine::GroupRun;
use perfkit::report::{Note, NoteCode, Report};

use crate::revision::is_same_binary;

use super::search::Found;

/// The benchmarks of two revisions.
pub(super) struct Pairs<'a> {
    /// Those that both have, as they were and as they are.
    both: Vec<(&'a Found, &'a Found)>,
    only_in_baseline: Vec<&'a Found>,
    only_in_candidate: Vec<&'a Found>,
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
        let mut pairs = Self {
            both: Vec::new(),
            only_in_baseline: Vec::new(),
            only_in_candidate: Vec::new(),
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
        for name in names(&self.only_in_baseline) {
            let message = format!("{name} is gone: only {base} has it");
            report.notes.push(Note::info(NoteCode::Gone, message));
        }
        for name in names(&self.only_in_candidate) {
            let message = format!("{name} is new: {base} does not have it");
            report.notes.push(Note::info(NoteCode::New, message));
        }
        report.only_in_baseline = names(&self.only_in_baseline);
        report.only_in_candidate = names(&self.only_in_candidate);
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

fn names(found: &[&Found]) -> Vec<String> {
    let mut names: Vec<String> = found.iter().map(|found| found.info.name.clone()).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use perfkit::bench::engine::{BenchmarkInfo, Program};

    use super::*;

    fn found(package: &str, target: &str, name: &str) -> Found {
        Found {
            package: package.to_owned(),
            target: target.to_owned(),
            program: Program {
                path: PathBuf::new(),
                package: None,
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
        assert_eq!(names(&pairs.only_in_baseline), ["gone"]);
    }
}
