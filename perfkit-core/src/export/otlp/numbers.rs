//! From counters and gauges to OTLP messages.

use std::ops::Range;

use opentelemetry_proto::tonic::metrics::v1::{
    Gauge as GaugeData, Metric, NumberDataPoint, metric::Data, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;

use crate::export::metric_table::{Kind, MetricInfo, OF_NUMBERS};
use crate::export::number_series::{Number, NumberSeries};

use super::attributes::sent_attributes;
use super::convert::{Form, LARGEST_REQUEST, Request, in_unit, message, metric_of};
use super::growth::Ledger;
use super::points::{Period, data_point_count, number_point, sum_of};

/// A counter or a gauge at an instant.
pub(super) struct NumberReading<'a> {
    series: NumberSeries<'a>,
    /// What was added to a counter that was told before, and since when, in nanoseconds since
    /// 1970.
    added: Option<(u64, u64)>,
}

impl<'a> NumberReading<'a> {
    pub(super) fn new(series: NumberSeries<'a>, ledger: &Ledger) -> Self {
        let added = match series.value {
            Number::Count(total) => ledger.read_total(&key(&series), total),
            Number::Level(_) => None,
        };
        Self { series, added }
    }

    /// It arrived as it was at a moment.
    pub(super) fn arrived(&self, ledger: &mut Ledger, until: u64) {
        if let Number::Count(total) = self.series.value {
            ledger.total_arrived(key(&self.series), total, until);
        }
    }
}

fn key(series: &NumberSeries<'_>) -> String {
    format!("{} {:?}", series.metric.name, series.attributes)
}

/// Requests that together carry all of them, each within the collectors' limit.
pub(super) fn requests(
    readings: &[NumberReading<'_>],
    period: Period,
    form: &Form,
    resource: &Resource,
) -> Vec<Request> {
    let requests = Requests {
        readings,
        period,
        form,
        resource,
    };
    requests.of(0..readings.len())
}

struct Requests<'a> {
    readings: &'a [NumberReading<'a>],
    period: Period,
    form: &'a Form,
    resource: &'a Resource,
}

impl Requests<'_> {
    fn of(&self, numbers: Range<usize>) -> Vec<Request> {
        let metrics = OF_NUMBERS
            .iter()
            .filter_map(|info| self.metric(info, &numbers));
        let metrics: Vec<_> = metrics.collect();
        let data_points = metrics.iter().map(data_point_count).sum();
        if data_points == 0 {
            return Vec::new();
        }
        let message = message(self.resource, metrics);
        if message.encoded_len() > LARGEST_REQUEST && numbers.len() > 1 {
            let middle = numbers.start + numbers.len() / 2;
            let mut halves = self.of(numbers.start..middle);
            halves.extend(self.of(middle..numbers.end));
            return halves;
        }
        vec![Request {
            bytes: message.encode_to_vec(),
            data_points,
            operations: 0..0,
            numbers,
            has_totals: false,
        }]
    }

    fn metric(&self, info: &'static MetricInfo, numbers: &Range<usize>) -> Option<Metric> {
        let readings = self.readings[numbers.clone()].iter();
        let readings = readings.filter(|reading| reading.series.metric == info);
        let points: Vec<_> = readings.filter_map(|reading| self.point(reading)).collect();
        if points.is_empty() {
            return None;
        }
        let data = match info.kind {
            Kind::Gauge => Data::Gauge(GaugeData {
                data_points: points,
            }),
            kind => sum_of(points, true, self.form.is_delta(kind)),
        };
        Some(metric_of(info, data))
    }

    /// Nothing where only what was added is told, and nothing was.
    fn point(&self, reading: &NumberReading<'_>) -> Option<NumberDataPoint> {
        let NumberSeries {
            metric,
            attributes,
            value,
        } = &reading.series;
        let is_delta = self.form.is_delta(metric.kind);
        let (value, start) = match (*value, reading.added) {
            (Number::Count(_), Some((added, since))) if is_delta => (Number::Count(added), since),
            (value, _) => (value, self.period.start),
        };
        if is_delta && value == Number::Count(0) {
            return None;
        }
        let value = match value {
            Number::Count(count) => in_unit(metric, i64::try_from(count).unwrap_or(i64::MAX)),
            Number::Level(level) => number_data_point::Value::AsDouble(level / metric.per_unit()),
        };
        let period = Period {
            start,
            ..self.period
        };
        let attributes = sent_attributes(attributes.clone());
        Some(number_point(value, attributes, period))
    }
}

#[cfg(all(test, feature = "record"))]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::export::number_series::number_series;
    use crate::export::otlp::config::Config;
    use crate::monitor::Monitor;

    #[test]
    fn many_numbers_are_split_and_none_is_lost() {
        let monitor = Monitor::builder().max_operations(20_000).build();
        for number in 0..9000 {
            monitor.counter(&format!("{number:0900}")).increment();
        }
        let snapshot = monitor.snapshot();
        let series = number_series(&snapshot.counters, &snapshot.gauges);
        let ledger = Ledger::default();
        let readings: Vec<_> = series
            .into_iter()
            .map(|series| NumberReading::new(series, &ledger))
            .collect();
        let period = Period::new(UNIX_EPOCH, UNIX_EPOCH);
        let form = Form::of(&Config::default());
        let requests = requests(&readings, period, &form, &Resource::default());
        assert!(requests.len() > 1);
        let mut next = 0;
        for request in &requests {
            assert!(request.bytes.len() <= LARGEST_REQUEST);
            assert_eq!(request.numbers.start, next);
            next = request.numbers.end;
        }
        let points: u64 = requests.iter().map(|request| request.data_points).sum();
        assert_eq!((next, points), (9000, 9000));
    }
}
