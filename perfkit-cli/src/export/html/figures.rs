//! Which charts a report gets: those that stand open, those that are folded
//! away, and how many are left out.

use perfkit::Report;
use perfkit::report::{Benchmark, Comparison};

use crate::document::{in_rank_order, is_time, most_striking_first, ranking};
use crate::error::Error;
use crate::export::chart::{
    Chart, Distribution, Forest, Order, OverParameter, Percentiles, Saturation, within_page,
};
use crate::text::label;

use super::table::TableView;

/// Up to so many groups of implementations have charts that stand open; of more
/// groups the first ones have charts, all folded away.
const OPEN_GROUPS: usize = 3;
const FOLDED_GROUPS: usize = 20;

/// How many comparisons stand in the first forest plot, and in each of those
/// that are folded away.
const SIZES: [usize; 3] = [40, 480, 480];

/// Up to so many comparisons keep their order, and metrics beside time are drawn.
const FEW: usize = 12;

/// All charts of a report.
pub(super) struct Figures {
    pub(super) open: Vec<Group>,
    pub(super) folded: Vec<Group>,
    /// Implementations with one baseline, and the comparisons of others or of other
    /// metrics.
    pub(super) ranking: Vec<FigureView>,
    /// Times and rates over the values of a parameter.
    pub(super) over_parameter: Vec<FigureView>,
    pub(super) forests: Vec<FigureView>,
    pub(super) percentiles: Vec<FigureView>,
    /// How many groups and how many comparisons are not drawn.
    pub(super) groups_left_out: usize,
    pub(super) comparisons_left_out: usize,
}

/// The charts of implementations that are compared with each other.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) distributions: Vec<FigureView>,
    pub(super) order: Option<FigureView>,
}

/// A chart on the page.
pub(super) struct FigureView {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) svg: String,
    pub(super) table: TableView,
    pub(super) is_folded: bool,
    /// Whether no heading above it says what it is.
    pub(super) is_named: bool,
}

impl Figures {
    /// `prefix` begins the ids of the charts.
    pub(super) fn of(report: &Report, prefix: &str) -> Result<Self, Error> {
        let all = groups(report);
        let mut drawn = Vec::new();
        for (index, group) in all.iter().take(FOLDED_GROUPS).enumerate() {
            drawn.extend(Group::of(group, &format!("{prefix}group{index}"))?);
        }
        let (open, folded) = if all.len() > OPEN_GROUPS {
            drawn.iter_mut().for_each(Group::name_figures);
            (Vec::new(), drawn)
        } else {
            (drawn, Vec::new())
        };
        let ranking = ranking(report);
        let compared = compared(report, ranking.is_some());
        let ranked = ranking.unwrap_or_default();
        let most: usize = SIZES.iter().sum();
        let left_out = |rows: usize| rows.saturating_sub(most);
        let percentiles = views(
            &Percentiles::parts(report),
            &format!("{prefix}chart-percentiles"),
        )?;
        let over_parameter = OverParameter::all(&report.benchmarks);
        let mut over_parameter = views(&over_parameter, &format!("{prefix}parameter"))?;
        for (index, figure) in over_parameter.iter_mut().enumerate() {
            figure.is_folded = false;
            figure.is_named = index > 0;
        }
        if let Some(saturation) = Saturation::of(report) {
            let figure = FigureView::of(&saturation, &format!("{prefix}saturation"))?;
            over_parameter.insert(0, figure);
        }
        Ok(Self {
            open,
            folded,
            over_parameter,
            ranking: views(
                &Forest::ranking(&ranked, &SIZES),
                &format!("{prefix}ranking"),
            )?,
            forests: views(
                &Forest::parts(&compared, &SIZES),
                &format!("{prefix}forest"),
            )?,
            percentiles,
            groups_left_out: all.len().saturating_sub(FOLDED_GROUPS),
            comparisons_left_out: left_out(ranked.len()) + left_out(compared.len()),
        })
    }

    pub(super) fn has_order(&self) -> bool {
        self.open.iter().any(|group| group.order.is_some())
    }
}

impl FigureView {
    pub(super) fn of(chart: &dyn Chart, id: &str) -> Result<Self, Error> {
        let title = chart.title();
        Ok(Self {
            svg: within_page(chart, id)?,
            description: chart.description(),
            table: TableView::of(chart.table(), &format!("{title}: numbers")),
            title,
            is_folded: false,
            is_named: false,
        })
    }
}

impl Group {
    fn of(benchmarks: &[&Benchmark], id: &str) -> Result<Option<Self>, Error> {
        let parts = Distribution::parts(benchmarks.iter().copied());
        if parts.is_empty() {
            return Ok(None);
        }
        let order = Order::of(benchmarks.iter().copied())
            .map(|chart| FigureView::of(&chart, &format!("{id}-order")))
            .transpose()?;
        Ok(Some(Self {
            name: group_name(benchmarks),
            distributions: views(&parts, &format!("{id}-distribution"))?,
            order,
        }))
    }
}

/// The name of what is compared with its earlier self, or of the first two.
fn group_name(benchmarks: &[&Benchmark]) -> String {
    if let [before, after] = benchmarks
        && before.name == after.name
    {
        return label(&before.name);
    }
    let first = benchmarks.iter().take(2);
    let names: Vec<String> = first.map(|b| label(&b.label())).collect();
    names.join(", ")
}

impl Group {
    /// Where different charts stand under one heading.
    fn name_figures(&mut self) {
        let figures = self.distributions.iter_mut().chain(&mut self.order);
        figures.for_each(|figure| figure.is_named = true);
    }
}

/// Implementations that belong on one axis: all that were measured together or have a
/// ranking, or the two sides of a comparison of saved reports.
fn groups(report: &Report) -> Vec<Vec<&Benchmark>> {
    if report.benchmarks.is_empty() {
        return Vec::new();
    }
    let are_together = report.sampling.is_some() || report.comparisons.is_empty();
    if are_together || ranking(report).is_some() {
        return vec![in_rank_order(report)];
    }
    let timed = sorted_comparisons(report);
    let pairs = timed.into_iter().filter_map(|comparison| {
        let baseline = report.baseline_of(comparison)?;
        Some(vec![baseline, report.candidate_of(comparison)?])
    });
    pairs.collect()
}

/// The comparisons of time, the most striking first where there are many.
fn sorted_comparisons(report: &Report) -> Vec<&Comparison> {
    let mut timed: Vec<&Comparison> = report
        .comparisons
        .iter()
        .filter(|comparison| is_time(&comparison.metric))
        .collect();
    if timed.len() > FEW {
        timed.sort_by(|a, b| most_striking_first(a, b));
    }
    timed
}

/// The comparisons without those that a ranking already shows.
fn compared(report: &Report, is_ranked: bool) -> Vec<&Comparison> {
    let mut rows = match report.comparisons.len() {
        0..=FEW => report.comparisons.iter().collect(),
        _ => sorted_comparisons(report),
    };
    rows.retain(|comparison| !(is_ranked && is_time(&comparison.metric)));
    rows
}

/// The parts of a chart, of which the first one stands open.
fn views<C: Chart>(parts: &[C], id: &str) -> Result<Vec<FigureView>, Error> {
    let view = |(index, part): (usize, &C)| {
        let mut view = FigureView::of(part, &format!("{id}{index}"))?;
        view.is_folded = index > 0;
        view.is_named = index == 0 && parts.len() > 1;
        Ok(view)
    };
    parts.iter().enumerate().map(view).collect()
}
