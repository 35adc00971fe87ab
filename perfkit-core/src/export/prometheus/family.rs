//! From operations to families of time series, which know no format.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::export::attributes::label_name;
use crate::export::metric_table::MetricInfo;
use crate::export::number_series::{Number, NumberSeries};
use crate::export::operation_series::{self, exemplars, series};
use crate::export::program_totals::{ProgramTotal, overflow_calls};
#[cfg(feature = "bench")]
use crate::export::result_gauges::gauges;
use crate::histogram::Histogram;
use crate::metric_summary::MetricSummary;
#[cfg(feature = "bench")]
use crate::report::Report;
use crate::snapshot::{Exemplar, OperationSnapshot};

#[cfg(feature = "bench")]
use super::catalogue::result_metrics;
use super::catalogue::{MetricDescription, metrics};
use super::label;
use super::subject::{Subject, labels_of};

/// A metric, and its series.
pub(super) struct Family<'a> {
    pub(super) metric: &'static MetricDescription,
    pub(super) series: Vec<Series<'a>>,
}

/// A time series' value at present.
pub(super) struct Series<'a> {
    /// Whose it is; `None` where it is the program's.
    pub(super) subject: Option<&'a Subject<'a>>,
    /// Labels beside those of the subject; their values are safe to show.
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: Value<'a>,
}

/// What a series tells, in the metric's own unit.
pub(super) enum Value<'a> {
    Whole(i64),
    Number(f64),
    Distribution(Distribution<'a>),
}

/// Values, and how often they occurred.
pub(super) struct Distribution<'a> {
    /// In perfkit's own unit; `None` of totals without a distribution, as in the report of
    /// another tool.
    pub(super) histogram: Option<Cow<'a, Histogram>>,
    /// How many of perfkit's own unit make one of the metric's.
    pub(super) per_unit: f64,
    pub(super) count: u64,
    pub(super) sum: f64,
    /// Single calls among them.
    pub(super) exemplars: Vec<Exemplar>,
}

impl Distribution<'_> {
    /// The latest of the single calls that took longer than one bound and no longer than the
    /// other, in nanoseconds.
    pub(super) fn exemplar_within(&self, above: u64, up_to: u64) -> Option<&Exemplar> {
        let is_within = |call: &&Exemplar| call.duration_ns <= up_to && call.duration_ns > above;
        let within = self.exemplars.iter().filter(is_within);
        within.max_by_key(|exemplar| exemplar.time)
    }
}

impl<'a> Distribution<'a> {
    fn of(summary: Option<&'a MetricSummary>, per_unit: f64) -> Self {
        let Some(summary) = summary else {
            return Self {
                histogram: Some(Cow::Owned(Histogram::new())),
                per_unit,
                count: 0,
                sum: 0.0,
                exemplars: Vec::new(),
            };
        };
        let histogram = summary.histogram.as_ref();
        Self {
            histogram: histogram.map(Cow::Borrowed),
            per_unit,
            count: histogram.map_or(summary.count, Histogram::count),
            sum: summary.sum.max(0.0) / per_unit,
            exemplars: Vec::new(),
        }
    }
}

/// All families that have a series.
pub(super) fn families<'a>(
    subjects: &'a [Subject<'a>],
    numbers: &[NumberSeries<'_>],
    totals: &[ProgramTotal],
) -> impl Iterator<Item = Family<'a>> {
    let operations = subjects.iter().map(|subject| &*subject.operation);
    let mut totals = totals.to_vec();
    totals.extend(overflow_calls(operations));
    let all = metrics().iter().map(move |metric| {
        let of_program = totals
            .iter()
            .filter(|(info, _)| info.name == metric.info.name);
        let of_program = of_program.map(|(info, total)| Series {
            subject: None,
            labels: Vec::new(),
            value: number(info, i64::try_from(*total).unwrap_or(i64::MAX)),
        });
        let of_operations = subjects
            .iter()
            .flat_map(|subject| series_of(metric.info, subject));
        Family {
            metric,
            series: of_operations
                .chain(of_numbers(metric.info, numbers))
                .chain(of_program)
                .collect(),
        }
    });
    all.filter(|family| !family.series.is_empty())
}

/// The families of a report's results.
#[cfg(feature = "bench")]
pub(super) fn result_families<'a>(report: &Report) -> Vec<Family<'a>> {
    let gauges = gauges(report);
    let all = result_metrics().iter().map(|metric| {
        let of_metric = gauges.iter().filter(|g| g.metric.name == metric.otlp_name);
        let series = of_metric.map(|gauge| {
            let labels = gauge.attributes.iter();
            let label = |(key, value): &(&str, String)| (label_name(key), label::visible(value));
            Series {
                subject: None,
                labels: labels.map(label).collect(),
                value: Value::Number(gauge.value),
            }
        });
        Family {
            metric,
            series: series.collect(),
        }
    });
    all.filter(|family| !family.series.is_empty()).collect()
}

/// The counters and gauges of a metric. Of those whose labels look alike when they are shown,
/// counters are one, and of gauges the last one stands there.
fn of_numbers<'a>(info: &'static MetricInfo, numbers: &[NumberSeries<'_>]) -> Vec<Series<'a>> {
    let mut by_labels = BTreeMap::<Vec<(String, String)>, Number>::new();
    for series in numbers.iter().filter(|series| series.metric == info) {
        let labels = labels_of(series.attributes.clone());
        match (by_labels.get_mut(&labels), series.value) {
            (Some(Number::Count(sum)), Number::Count(more)) => *sum = sum.saturating_add(more),
            (_, value) => drop(by_labels.insert(labels, value)),
        }
    }
    let series = by_labels.into_iter().map(|(labels, value)| Series {
        subject: None,
        labels,
        value: match value {
            Number::Count(count) => number(info, i64::try_from(count).unwrap_or(i64::MAX)),
            Number::Level(level) => Value::Number(level / info.per_unit()),
        },
    });
    series.collect()
}

fn series_of<'a>(info: &'static MetricInfo, subject: &'a Subject<'a>) -> Vec<Series<'a>> {
    let operation: &'a OperationSnapshot = &subject.operation;
    // Kinds of errors that look alike when they are shown are one.
    let mut by_label = BTreeMap::<Option<(String, String)>, operation_series::Value<'a>>::new();
    for series in series(info, operation) {
        let label = series.attribute;
        let label = label.map(|(key, value)| (label_name(key), label::visible(value)));
        match (by_label.get_mut(&label), series.value) {
            (Some(operation_series::Value::Sum(sum)), operation_series::Value::Sum(more)) => {
                *sum = sum.saturating_add(more);
            }
            (_, value) => drop(by_label.insert(label, value)),
        }
    }
    let series = by_label.into_iter().map(|(label, value)| Series {
        subject: Some(subject),
        labels: label.into_iter().collect(),
        value: match value {
            operation_series::Value::Sum(sum) => number(info, sum),
            operation_series::Value::Distribution(summary) => Value::Distribution(Distribution {
                exemplars: exemplars(info, operation).copied().collect(),
                ..Distribution::of(summary, info.per_unit())
            }),
        },
    });
    series.collect()
}

fn number<'a>(info: &MetricInfo, value: i64) -> Value<'a> {
    match info.per_unit() {
        1.0 => Value::Whole(value),
        per_unit => Value::Number(value as f64 / per_unit),
    }
}
