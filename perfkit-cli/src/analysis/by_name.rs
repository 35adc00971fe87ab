//! What several reports have, found by its name without a search through all of it.

use perfkit::report::Report;

/// Things of reports, ordered by their names; those of one name as the reports have them.
#[derive(Clone)]
pub(super) struct ByName<'a, T> {
    ordered: Vec<Named<'a, T>>,
}

/// A thing with its name, and the number of the report that it is in.
#[derive(Clone)]
pub(super) struct Named<'a, T> {
    name: &'a str,
    report: usize,
    pub(super) thing: &'a T,
}

impl<'a, T> ByName<'a, T> {
    /// What a function finds in each report, with the names that another gives it.
    pub(super) fn of<I: Iterator<Item = &'a T>>(
        reports: &'a [Report],
        find: impl Fn(&'a Report) -> I,
        name: impl Fn(&'a T) -> &'a str,
    ) -> Self {
        let all = reports.iter().enumerate();
        let all = all.flat_map(|(report, found)| find(found).map(move |thing| (report, thing)));
        let named = all.map(|(report, thing)| Named {
            name: name(thing),
            report,
            thing,
        });
        let mut ordered: Vec<Named<'a, T>> = named.collect();
        ordered.sort_by_key(|named| named.name);
        Self { ordered }
    }

    /// All of a name, in the order of the reports.
    pub(super) fn named(&self, name: &str) -> &[Named<'a, T>] {
        let start = self.ordered.partition_point(|named| named.name < name);
        let rest = &self.ordered[start..];
        &rest[..rest.partition_point(|named| named.name == name)]
    }

    /// The first one of a name in each report of which a function says that it is meant.
    pub(super) fn first_of_each(
        &self,
        name: &str,
        is_it: impl Fn(&T) -> bool,
    ) -> impl Iterator<Item = &'a T> {
        let mut last = None;
        let meant = self.named(name).iter().filter(move |n| is_it(n.thing));
        let first = meant.filter(move |n| last.replace(n.report) != Some(n.report));
        first.map(|named| named.thing)
    }

    /// The first one of a name in the newest report that has it.
    pub(super) fn newest(&self, name: &str) -> Option<&'a T> {
        self.first_of_each(name, |_| true).last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use perfkit::report::{Benchmark, Environment};

    #[test]
    fn the_first_of_a_name_in_each_report_is_found() {
        let report = |names: &[(&str, &str)]| {
            let mut report = Report::new(Environment::detect("mock"));
            for (name, command) in names {
                let mut benchmark = Benchmark::new(*name);
                benchmark.command = Some((*command).to_owned());
                report.benchmarks.push(benchmark);
            }
            report
        };
        let reports = [
            report(&[("b", "1"), ("a", "2"), ("b", "3")]),
            report(&[("c", "4")]),
            report(&[("b", "5"), ("b", "6")]),
        ];
        let found = ByName::of(&reports, |r| r.benchmarks.iter(), |b| &b.name);
        let command = |b: &Benchmark| b.command.clone().unwrap();
        let all = found.named("b").iter().map(|n| command(n.thing));
        assert_eq!(all.collect::<Vec<_>>(), ["1", "3", "5", "6"]);
        let first = found.first_of_each("b", |_| true).map(command);
        assert_eq!(first.collect::<Vec<_>>(), ["1", "5"]);
        let later = found.first_of_each("b", |b| command(b).as_str() > "1");
        assert_eq!(later.map(command).collect::<Vec<_>>(), ["3", "5"]);
        assert_eq!(found.newest("b").map(command).unwrap(), "5");
        assert!(found.named("bb").is_empty() && found.newest("").is_none());
    }
}
