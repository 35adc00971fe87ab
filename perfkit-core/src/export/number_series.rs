//! What counters and gauges are in an export, which knows no format.

use std::borrow::Cow;

use crate::snapshot::{CounterSnapshot, GaugeSnapshot};

use super::attributes::attributes_of_number;
use super::metric_table::{MetricInfo, OF_NUMBERS, Source};

/// A counter or a gauge.
pub(super) struct NumberSeries<'a> {
    pub(super) metric: &'static MetricInfo,
    pub(super) attributes: Vec<(Cow<'a, str>, &'a str)>,
    pub(super) value: Number,
}

/// In perfkit's own units: nanoseconds where it is a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Count(u64),
    Level(f64),
}

/// Those that have a value.
pub(super) fn number_series<'a>(
    counters: &'a [CounterSnapshot],
    gauges: &'a [GaugeSnapshot],
) -> Vec<NumberSeries<'a>> {
    let counters = counters.iter().filter_map(|counter| {
        let labelled = counter.labelled.as_ref();
        Some(NumberSeries {
            metric: metric_of(Source::Counter(counter.unit))?,
            attributes: attributes_of_number(&counter.name, labelled, counter.is_overflow),
            value: Number::Count(counter.lifetime.total),
        })
    });
    let gauges = gauges.iter().filter_map(|gauge| {
        let labelled = gauge.labelled.as_ref();
        Some(NumberSeries {
            metric: metric_of(Source::Gauge(gauge.unit))?,
            attributes: attributes_of_number(&gauge.name, labelled, gauge.is_overflow),
            value: Number::Level(gauge.value?),
        })
    });
    counters.chain(gauges).collect()
}

/// The metric of a source. A counter of anything but bytes and times is of things.
fn metric_of(source: Source) -> Option<&'static MetricInfo> {
    let find = |source| OF_NUMBERS.iter().find(|metric| metric.source == source);
    find(source).or_else(|| match source {
        Source::Counter(_) => find(Source::Counter(crate::unit::Unit::Count)),
        _ => None,
    })
}

#[cfg(all(test, feature = "record"))]
mod tests {
    use super::*;
    use crate::monitor::Monitor;
    use crate::unit::Unit;

    #[test]
    fn every_unit_has_a_metric() {
        let monitor = Monitor::new();
        let units = [
            (Unit::Nanoseconds, "time"),
            (Unit::Bytes, "size"),
            (Unit::Count, "things"),
            (Unit::PerSecond, "rate"),
            (Unit::BytesPerSecond, "throughput"),
            (Unit::Ratio, "ratio"),
            (Unit::Score, "score"),
        ];
        for (unit, name) in units {
            let _ = monitor.counter(name).unit(unit);
            monitor.gauge(name).unit(unit).set(1.0);
        }
        let snapshot = monitor.snapshot();
        let found = number_series(&snapshot.counters, &snapshot.gauges);
        assert_eq!(found.len(), 2 * units.len());
        for series in found {
            let name = series.attributes[0].1;
            let expected = match series.value {
                Number::Level(_) => format!("perfkit.level.{name}"),
                Number::Count(_) if name == "time" || name == "size" => {
                    format!("perfkit.counted.{name}")
                }
                Number::Count(_) => "perfkit.counted.things".to_owned(),
            };
            assert_eq!(series.metric.name, expected);
        }
    }
}
