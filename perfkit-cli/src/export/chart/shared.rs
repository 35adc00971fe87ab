//! What several reports have in common: the same benchmarks, the same operations.

use std::collections::HashMap;
use std::path::Path;

use perfkit::report::{Benchmark, Side};
use perfkit::{OperationSnapshot, Report};

use crate::text::label;

/// Something that several reports have, by its name.
pub(crate) struct Shared<'a, T> {
    pub(crate) name: String,
    /// The reports that have it, by their number from 0, in their order.
    pub(crate) in_reports: Vec<(usize, &'a T)>,
}

/// The benchmarks of their own states that two reports or more have.
pub(crate) fn benchmarks<'a>(reports: &[&'a Report]) -> Vec<Shared<'a, Benchmark>> {
    shared(reports, |report| {
        let own = report.own_benchmarks();
        let keyed = own.map(|b| ((b.name.as_str(), b.program.as_deref()), b));
        keyed.collect()
    })
}

/// The operations that two reports or more have, those with most time first.
pub(crate) fn operations<'a>(reports: &[&'a Report]) -> Vec<Shared<'a, OperationSnapshot>> {
    let mut shared = shared(reports, |report| {
        let operations = report.operations.iter();
        let own = operations.filter(|operation| operation.side != Some(Side::Baseline));
        let timed = own.filter(|operation| !operation.is_of_values);
        timed.map(|o| ((o.name.as_str(), None), o)).collect()
    });
    let total = |shared: &Shared<'_, OperationSnapshot>| {
        let last = shared.in_reports.last();
        let time = last.and_then(|(_, operation)| operation.lifetime.execution_time());
        time.map_or(0.0, |time| time.sum)
    };
    shared.sort_by(|a, b| total(b).total_cmp(&total(a)));
    shared
}

/// What tells one from others of a report: its name, and its program where it has one.
type Key<'a> = (&'a str, Option<&'a str>);

fn shared<'a, T>(
    reports: &[&'a Report],
    keyed: impl Fn(&'a Report) -> Vec<(Key<'a>, &'a T)>,
) -> Vec<Shared<'a, T>> {
    let mut indices: HashMap<Key<'a>, usize> = HashMap::new();
    let mut found: Vec<Shared<'a, T>> = Vec::new();
    for (number, report) in reports.iter().enumerate() {
        for (key, one) in keyed(report) {
            let index = *indices.entry(key).or_insert(found.len());
            if index == found.len() {
                found.push(Shared {
                    name: label(key.0),
                    in_reports: Vec::new(),
                });
            }
            let known = &mut found[index].in_reports;
            if known.last().is_none_or(|(last, _)| *last != number) {
                known.push((number, one));
            }
        }
    }
    found.retain(|shared| shared.in_reports.len() > 1);
    found
}

/// Names of reports, without folders where these do not tell them apart.
pub(crate) fn short_names(files: &[&str]) -> Vec<String> {
    let short = |file: &&str| {
        let name = Path::new(file).file_stem();
        name.map_or_else(|| (*file).to_owned(), |n| n.to_string_lossy().into_owned())
    };
    let names: Vec<String> = files.iter().map(short).collect();
    let is_alone = |name: &String| names.iter().filter(|other| *other == name).count() == 1;
    match names.iter().all(is_alone) {
        true => names.iter().map(|name| label(name)).collect(),
        false => files.iter().map(|file| label(file)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use perfkit::report::Environment;

    use super::*;

    #[test]
    fn what_two_reports_have_is_shared() {
        let report = |names: &[&str]| {
            let mut report = Report::new(Environment::detect("mock"));
            report.benchmarks = names.iter().map(|name| Benchmark::new(*name)).collect();
            report
        };
        let (first, mut second) = (report(&["a", "b"]), report(&["c", "b"]));
        let third = report(&["b", "c"]);
        // What it was compared with is another state.
        second.benchmarks.push(Benchmark::new("a"));
        second.benchmarks[2].side = Some(Side::Baseline);
        let shared = benchmarks(&[&first, &second, &third]);
        let told = shared.iter().map(|one| {
            let numbers: Vec<usize> = one.in_reports.iter().map(|(number, _)| *number).collect();
            (one.name.as_str(), numbers)
        });
        let told: Vec<_> = told.collect();
        assert_eq!(told, [("b", vec![0, 1, 2]), ("c", vec![1, 2])]);
    }

    #[test]
    fn reports_are_named_by_their_files() {
        assert_eq!(short_names(&["a/v1.json", "b/v2.json"]), ["v1", "v2"]);
        assert_eq!(
            short_names(&["a/r.json", "b/r.json"]),
            ["a/r.json", "b/r.json"]
        );
    }
}
