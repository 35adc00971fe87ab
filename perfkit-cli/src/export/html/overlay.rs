//! Several reports laid over each other: what they have in common, in charts of its own.

use perfkit::report::Benchmark;
use perfkit::{Metric, MetricSummary, OperationSnapshot, Report};

use crate::document::{Sentence, counted};
use crate::error::Error;
use crate::export::chart::shared::{self, Shared};
use crate::export::chart::{Across, Chart, Distribution, Percentiles};
use crate::export::layout::Named;
use crate::text::label;

use super::figures::FigureView;

/// Up to so many things have charts that stand open; of more, the first ones have charts,
/// all folded away.
const OPEN: usize = 3;
const MOST: usize = 20;

/// What several reports have in common.
pub(super) struct Overlay {
    pub(super) sentences: Vec<Sentence>,
    /// How medians went from report to report.
    pub(super) figures: Vec<FigureView>,
    /// One thing each.
    pub(super) single: Vec<SharedView>,
    pub(super) are_folded: bool,
    /// How many have no chart of their own.
    pub(super) left_out: usize,
}

/// A thing that several reports have.
pub(super) struct SharedView {
    pub(super) name: String,
    pub(super) figures: Vec<FigureView>,
}

impl Overlay {
    /// `None` of reports that have nothing in common.
    pub(super) fn of(reports: &[Named<'_>]) -> Result<Option<Self>, Error> {
        let files: Vec<&str> = reports.iter().map(|(file, _)| *file).collect();
        let names = shared::short_names(&files);
        let reports: Vec<&Report> = reports.iter().map(|(_, report)| *report).collect();
        let benchmarks = shared::benchmarks(&reports);
        let operations = shared::operations(&reports);
        let across = [
            Across::of("benchmark", &names, timed(&benchmarks, time_of_benchmark)),
            Across::of("operation", &names, timed(&operations, time_of_operation)),
        ];
        let mut overlay = Self {
            sentences: Vec::new(),
            figures: Vec::new(),
            single: Vec::new(),
            are_folded: false,
            left_out: 0,
        };
        for (index, (across, thing)) in across.iter().zip(["benchmark", "operation"]).enumerate() {
            let Some(across) = across else { continue };
            overlay.sentences.extend(largest(across, thing));
            let mut view = FigureView::of(across, &format!("across{index}"))?;
            view.is_named = true;
            overlay.figures.push(view);
        }
        let all = benchmarks.len() + operations.len();
        if overlay.figures.is_empty() {
            return Ok(None);
        }
        overlay.sentences.extend(no_verdict(&files));
        for (index, one) in benchmarks.iter().take(MOST).enumerate() {
            let named = one.in_reports.iter();
            let named = named.map(|(report, benchmark)| (names[*report].as_str(), *benchmark));
            let chart = Distribution::by_report(named);
            overlay.add(&one.name, chart.as_slice(), &format!("shared-b{index}"))?;
        }
        let rest = MOST.saturating_sub(overlay.single.len());
        for (index, one) in operations.iter().take(rest).enumerate() {
            let named = one.in_reports.iter();
            let named = named.map(|(report, operation)| (names[*report].as_str(), *operation));
            let charts = Percentiles::by_report(named);
            overlay.add(&one.name, &charts, &format!("shared-o{index}"))?;
        }
        overlay.are_folded = overlay.single.len() > OPEN;
        overlay.left_out = all - overlay.single.len();
        Ok(Some(overlay))
    }

    fn add<C: Chart>(&mut self, name: &str, charts: &[C], id: &str) -> Result<(), Error> {
        let views = charts.iter().enumerate();
        let views = views.map(|(part, chart)| FigureView::of(chart, &format!("{id}-{part}")));
        let figures = views.collect::<Result<Vec<_>, _>>()?;
        if !figures.is_empty() {
            let name = name.to_owned();
            self.single.push(SharedView { name, figures });
        }
        Ok(())
    }
}

/// What changed most, in a sentence.
fn largest(across: &Across, thing: &str) -> Option<Sentence> {
    let (name, ratio) = across.largest()?;
    let sentence = Sentence::plain("From the first report to the last, ").code(name);
    let share = match ratio {
        ratio if (0.995..1.005).contains(&ratio) => " takes as long as before".to_owned(),
        ratio => format!(" takes {ratio:.2} times as long"),
    };
    let rank = match across.len() {
        1 => ".".to_owned(),
        all => format!(
            ", the largest change of {} that several reports have.",
            counted(all as u64, thing)
        ),
    };
    Some(sentence.text(&share).text(&rank))
}

/// What the charts do not say.
fn no_verdict(files: &[&str]) -> Option<Sentence> {
    let sentence = Sentence::plain("Medians of different sessions are no verdict");
    Some(match files {
        [first, second] => {
            let command = format!("perfkit compare {} {}", label(first), label(second));
            sentence.text(": ").code(&command).text(" gives one.")
        }
        _ => sentence
            .text(": ")
            .code("perfkit compare")
            .text(" of two of the reports gives one."),
    })
}

/// The times that reports have of things.
fn timed<'a, T>(
    shared: &[Shared<'a, T>],
    time: fn(&'a T) -> Option<&'a MetricSummary>,
) -> Vec<(String, Vec<(usize, &'a MetricSummary)>)> {
    let of = |one: &Shared<'a, T>| {
        let in_reports = one.in_reports.iter();
        let timed = in_reports.filter_map(|(report, thing)| Some((*report, time(thing)?)));
        (one.name.clone(), timed.collect())
    };
    shared.iter().map(of).collect()
}

fn time_of_benchmark(benchmark: &Benchmark) -> Option<&MetricSummary> {
    let named = [Metric::WALL_TIME, Metric::EXECUTION_TIME];
    named
        .iter()
        .find_map(|metric| benchmark.metrics.get(metric))
}

fn time_of_operation(operation: &OperationSnapshot) -> Option<&MetricSummary> {
    operation.lifetime.metrics.get(&Metric::EXECUTION_TIME)
}
