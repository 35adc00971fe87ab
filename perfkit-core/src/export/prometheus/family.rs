//! From operations to families of time series, which know no format.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::histogram::Histogram;
use crate::metric_summary::MetricSummary;
use crate::recorder::Quantity;
use crate::unit::{NS_PER_SECOND, Unit};

use super::catalogue::{METRICS, MetricDescription, Source};
use super::label;
use super::subject::Subject;

/// A metric, and its series.
pub(super) struct Family<'a> {
    pub(super) metric: &'static MetricDescription,
    pub(super) series: Vec<Series<'a>>,
}

/// A time series' value at present.
pub(super) struct Series<'a> {
    /// Whose it is; `None` where it is the program's.
    pub(super) subject: Option<&'a Subject<'a>>,
    /// A label beside those of the subject; its value is safe to show.
    pub(super) label: Option<(&'static str, String)>,
    pub(super) value: Value<'a>,
}

/// What a series tells.
pub(super) enum Value<'a> {
    Count(u64),
    Number(f64),
    Distribution(Distribution<'a>),
}

/// Times, and how often they occurred.
pub(super) struct Distribution<'a> {
    /// In nanoseconds; `None` of totals without a distribution, as in the report of
    /// another tool.
    pub(super) histogram: Option<Cow<'a, Histogram>>,
    pub(super) count: u64,
    pub(super) sum_seconds: f64,
}

impl<'a> From<Option<&'a MetricSummary>> for Distribution<'a> {
    fn from(summary: Option<&'a MetricSummary>) -> Self {
        let Some(summary) = summary else {
            return Self {
                histogram: Some(Cow::Owned(Histogram::new())),
                count: 0,
                sum_seconds: 0.0,
            };
        };
        let histogram = summary.histogram.as_ref();
        Self {
            histogram: histogram.map(Cow::Borrowed),
            count: histogram.map_or(summary.count, Histogram::count),
            sum_seconds: summary.sum.max(0.0) / NS_PER_SECOND,
        }
    }
}

/// All families that have a series.
pub(super) fn families<'a>(subjects: &'a [Subject<'a>]) -> impl Iterator<Item = Family<'a>> {
    let all = METRICS.iter().map(|metric| Family {
        metric,
        series: series(metric.source, subjects),
    });
    all.filter(|family| !family.series.is_empty())
}

fn series<'a>(source: Source, subjects: &'a [Subject<'a>]) -> Vec<Series<'a>> {
    match source {
        Source::OverflowCalls => overflow_calls(subjects).into_iter().collect(),
        Source::Calls => subjects.iter().flat_map(calls).collect(),
        Source::Errors => subjects.iter().flat_map(errors).collect(),
        _ => {
            let value = |subject| Some((subject, value(source, subject)?));
            let values = subjects.iter().filter_map(value);
            let series = values.map(|(subject, value)| Series {
                subject: Some(subject),
                label: None,
                value,
            });
            series.collect()
        }
    }
}

/// What an operation's one series says; `None` where it has none.
fn value<'a>(source: Source, subject: &'a Subject<'a>) -> Option<Value<'a>> {
    let operation = &*subject.operation;
    let lifetime = &operation.lifetime;
    Some(match source {
        // One that never succeeded has an empty distribution.
        Source::ExecutionTime => (!operation.is_of_values)
            .then(|| Value::Distribution(lifetime.execution_time().into()))?,
        // Of those that have any: the same buckets, so that both add up to the time of all
        // calls.
        Source::FailureTime => Value::Distribution(Some(lifetime.failure_time()?).into()),
        Source::UntimedCalls if operation.untimed_calls > 0 => {
            Value::Count(operation.untimed_calls)
        }
        // Zero is told too: the gauge would stand still where it was.
        Source::CallsInFlight if !operation.is_of_values => Value::Count(operation.calls_in_flight),
        Source::Total(quantity) => {
            let summary = lifetime.metrics.get(&quantity.metric())?;
            // A file may claim what no counter can be.
            Value::Number(summary.sum.max(0.0) / divisor(quantity))
        }
        _ => return None,
    })
}

/// From a quantity's unit to that of its metric.
fn divisor(quantity: Quantity) -> f64 {
    match quantity.unit() {
        Unit::Nanoseconds => NS_PER_SECOND,
        _ => 1.0,
    }
}

/// Every outcome is told, also before it first occurs: a counter that appears at 1 has no
/// increase that Prometheus could see.
fn calls<'a>(subject: &'a Subject<'a>) -> impl Iterator<Item = Series<'a>> {
    let calls = subject.operation.lifetime.calls;
    let by_outcome = [
        ("success", calls.success),
        ("failure", calls.failure),
        ("panic", calls.panic),
        ("cancelled", calls.cancelled),
    ];
    by_outcome.into_iter().map(|(outcome, count)| Series {
        subject: Some(subject),
        label: Some(("outcome", outcome.to_owned())),
        value: Value::Count(count),
    })
}

fn errors<'a>(subject: &'a Subject<'a>) -> impl Iterator<Item = Series<'a>> {
    let mut by_kind = BTreeMap::<String, u64>::new();
    for error in &subject.operation.errors {
        let count = by_kind.entry(label::visible(&error.kind)).or_default();
        *count = count.saturating_add(error.count);
    }
    by_kind.into_iter().map(|(kind, count)| Series {
        subject: Some(subject),
        label: Some(("error_type", kind)),
        value: Value::Count(count),
    })
}

/// Told from the start, so that the first of them is an increase.
fn overflow_calls<'a>(subjects: &'a [Subject<'a>]) -> Option<Series<'a>> {
    if subjects.is_empty() {
        return None;
    }
    let operations = subjects.iter().map(|subject| &*subject.operation);
    let overflow = operations.filter(|operation| operation.is_overflow);
    let calls = overflow.map(|operation| operation.lifetime.calls.total());
    Some(Series {
        subject: None,
        label: None,
        value: Value::Count(calls.fold(0, u64::saturating_add)),
    })
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::MetricType;
    use super::*;

    #[test]
    fn names_are_what_their_types_and_units_ask_for() {
        for metric in METRICS {
            let of_counter = metric.name.strip_suffix("_total");
            let is_counter = metric.metric_type == MetricType::Counter;
            assert_eq!(of_counter.is_some(), is_counter, "{}", metric.name);
            let name = of_counter.unwrap_or(metric.name);
            assert!(name.ends_with(metric.unit.unwrap_or("")), "{name}");
            assert!(metric.help.ends_with('.'), "{name}");
            if let Source::Total(quantity) = metric.source {
                assert!(name.contains(quantity.metric().name()), "{name}");
                let unit = match quantity.unit() {
                    Unit::Nanoseconds => Some("seconds"),
                    Unit::Bytes => Some("bytes"),
                    _ => None,
                };
                assert_eq!(metric.unit, unit, "{name}");
            }
        }
    }

    #[test]
    fn every_quantity_is_told_that_says_something() {
        let told = |quantity| {
            let is_told = |metric: &MetricDescription| match metric.source {
                Source::Total(of) => of == quantity,
                _ => false,
            };
            METRICS.iter().any(is_told)
        };
        for quantity in Quantity::ALL {
            // Those of time are histograms, and sums of growth say nothing.
            let is_total = !matches!(
                quantity,
                Quantity::ExecutionTime
                    | Quantity::FailureTime
                    | Quantity::NetGrowth
                    | Quantity::PeakGrowth
            );
            assert_eq!(told(quantity), is_total, "{quantity:?}");
        }
    }
}
