//! Benchmarks of one name in several programs, told apart for people and for other tools.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use perfkit::Report;
use perfkit::report::Side;

/// The report, with the program behind each name that several programs of a side have.
pub(crate) fn named_apart(report: &Report) -> Cow<'_, Report> {
    let shared = shared_names(report);
    if shared.is_empty() {
        return Cow::Borrowed(report);
    }
    let name_program = |name: &mut String, program: Option<&str>| {
        if let Some(program) = program.filter(|_| shared.contains(name.as_str())) {
            *name = format!("{name} ({program})");
        }
    };
    let mut apart = report.clone();
    for benchmark in &mut apart.benchmarks {
        let program = benchmark.program.as_deref();
        name_program(&mut benchmark.name, program);
        let of_control = benchmark.control_of.iter_mut();
        of_control.for_each(|name| name_program(name, program));
    }
    for comparison in &mut apart.comparisons {
        let program = comparison.program.as_deref();
        name_program(&mut comparison.baseline, program);
        name_program(&mut comparison.candidate, program);
    }
    for finding in apart.gate.iter_mut().flat_map(|gate| &mut gate.findings) {
        name_program(&mut finding.subject, finding.program.as_deref());
    }
    Cow::Owned(apart)
}

/// The names that benchmarks of several programs have: those of one side, because one that was
/// moved is in another on each.
fn shared_names(report: &Report) -> BTreeSet<&str> {
    let mut programs: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for benchmark in &report.benchmarks {
        let of_name = programs
            .entry((&*benchmark.name, benchmark.side))
            .or_default();
        of_name.extend(benchmark.program.as_deref());
    }
    for (side, only) in [
        (Side::Baseline, &report.only_in_baseline),
        (Side::Candidate, &report.only_in_candidate),
    ] {
        for one in only {
            let of_name = programs.entry((&*one.name, Some(side))).or_default();
            of_name.extend(one.program.as_deref());
        }
    }
    for finding in report.gate.iter().flat_map(|gate| &gate.findings) {
        let of_name = programs.entry((&*finding.subject, None)).or_default();
        of_name.extend(finding.program.as_deref());
    }
    let shared = programs
        .into_iter()
        .filter(|(_, programs)| programs.len() > 1);
    shared.map(|((name, _), _)| name).collect()
}

#[cfg(test)]
mod tests {
    use perfkit::report::{Benchmark, Side};

    use super::*;

    fn report(benchmarks: &[(&str, &str, Side)]) -> Report {
        let mut report: Report = Report::from_snapshot(perfkit::Monitor::new().snapshot());
        report.benchmarks = benchmarks
            .iter()
            .map(|(name, program, side)| {
                let mut benchmark = Benchmark::new(*name);
                benchmark.program = Some((*program).to_owned());
                benchmark.side = Some(*side);
                benchmark
            })
            .collect();
        report
    }

    #[test]
    fn names_of_several_programs_have_the_program_behind_them() {
        let two = report(&[
            ("parse", "a/speed", Side::Candidate),
            ("parse", "b/speed", Side::Candidate),
            ("other", "b/speed", Side::Candidate),
        ]);
        let apart = named_apart(&two);
        let names: Vec<&str> = apart.benchmarks.iter().map(|b| b.name.as_str()).collect();
        assert_eq!(names, ["parse (a/speed)", "parse (b/speed)", "other"]);
        let moved = report(&[
            ("parse", "a/speed", Side::Baseline),
            ("parse", "b/speed", Side::Candidate),
        ]);
        assert!(matches!(named_apart(&moved), Cow::Borrowed(_)));
    }
}
