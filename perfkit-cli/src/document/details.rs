//! What the verdicts rest on: the numbers, their distributions, how they were sampled.

use perfkit::Metric;
use perfkit::report::{Benchmark, Comparison, Report};

use crate::args::NumbersView;

use super::blocks::Document;
use super::counts;
use super::gate;
use super::histograms::{self, histograms};
use super::load;
use super::number_tables::{numbers, resources};
use super::operations;
use super::other_metrics;
use super::ranking::{in_rank_order, put_in_order};
use super::remarks::Detail;
use super::sampling::how_sampled;
use super::view::View;

/// Everything but verdicts, origin and remarks, for formats that show those apart.
pub(crate) fn details(report: &Report, numbers: &NumbersView) -> Document {
    let mut document = Document::default();
    load::verdicts(report, &mut document);
    if let Some(gate) = &report.gate {
        gate::findings(gate, &mut document);
    }
    let view = View {
        detail: Detail::Full,
        numbers,
    };
    measured(report, view, &mut document);
    if !report.operations.is_empty() {
        operations::describe(report, &mut document);
        load::operations(report, &mut document);
    }
    counts::describe(report, &mut document);
    document
}

/// What was measured of benchmarks, and how.
pub(super) fn measured(report: &Report, view: View<'_>, document: &mut Document) {
    let View {
        detail,
        numbers: of_numbers,
    } = view;
    if report.benchmarks.is_empty() && report.comparisons.is_empty() {
        return;
    }
    let has_time = |benchmark: &Benchmark| benchmark.metrics.contains_key(&Metric::WALL_TIME);
    let is_without_times = !report.benchmarks.iter().any(has_time);
    let further = other_metrics::table(&report.benchmarks, detail);
    let is_all_in_further = is_without_times && further.is_some();
    if !report.benchmarks.is_empty() && !is_all_in_further {
        document.table(numbers(report, of_numbers));
        let mut in_order = in_rank_order(report);
        put_in_order(&mut in_order, report, of_numbers.order, |row| row);
        if detail == Detail::Full {
            document.table(resources(&in_order, of_numbers));
        }
        let most = match detail {
            Detail::Full => histograms::MOST,
            Detail::Brief | Detail::Usual => histograms::USUAL,
        };
        // Those of several groups would not fit on one axis.
        if detail != Detail::Brief
            && have_one_baseline(&report.comparisons)
            && let Some(histograms) = histograms(in_order.into_iter(), most)
        {
            document.histograms(histograms);
        }
    }
    if let Some(further) = further {
        document.table(further);
    }
    load::describe(report, document);
    if let Some(sampling) = &report.sampling {
        document.sentence(how_sampled(sampling, &report.benchmarks));
    }
}

/// Whether all are compared with one and the same.
fn have_one_baseline(comparisons: &[Comparison]) -> bool {
    comparisons
        .windows(2)
        .all(|pair| pair[0].baseline == pair[1].baseline)
}
