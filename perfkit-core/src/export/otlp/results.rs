//! From the results of a report to OTLP messages.

use opentelemetry_proto::tonic::metrics::v1::{
    Gauge as GaugeData, Metric, metric::Data, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;

use crate::export::metric_table::OF_RESULTS;
use crate::export::result_gauges::Gauge;

use super::attributes::attribute;
use super::convert::{LARGEST_REQUEST, Request, message, metric_of};
use super::points::{Period, number_point};

/// Requests that together carry all gauges, each within the collectors' limit.
pub(super) fn requests(gauges: &[Gauge], period: Period, resource: &Resource) -> Vec<Request> {
    if gauges.is_empty() {
        return Vec::new();
    }
    let message = message(resource, metrics(gauges, period));
    if message.encoded_len() > LARGEST_REQUEST && gauges.len() > 1 {
        let (first, second) = gauges.split_at(gauges.len() / 2);
        let mut halves = requests(first, period, resource);
        halves.extend(requests(second, period, resource));
        return halves;
    }
    vec![Request {
        bytes: message.encode_to_vec(),
        data_points: gauges.len() as u64,
        operations: 0..0,
        numbers: 0..0,
        has_totals: false,
    }]
}

fn metrics(gauges: &[Gauge], period: Period) -> Vec<Metric> {
    let metrics = OF_RESULTS.iter().filter_map(|info| {
        let of_metric = gauges.iter().filter(|gauge| gauge.metric.name == info.name);
        let points = of_metric.map(|gauge| {
            let attributes = gauge.attributes.iter();
            let attributes = attributes.map(|(key, value)| attribute(key, value));
            let value = number_data_point::Value::AsDouble(gauge.value);
            number_point(value, attributes.collect(), period)
        });
        let data_points: Vec<_> = points.collect();
        let is_any = !data_points.is_empty();
        is_any.then(|| metric_of(info, Data::Gauge(GaugeData { data_points })))
    });
    metrics.collect()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::export::metric_table::BENCHMARK_TIME;

    #[test]
    fn many_results_are_split_and_none_is_lost() {
        let gauge = |number: u32| Gauge {
            metric: &BENCHMARK_TIME,
            attributes: vec![("perfkit.benchmark", format!("{number:0900}"))],
            value: 1.0,
        };
        let gauges: Vec<_> = (0..9000).map(gauge).collect();
        let period = Period::new(UNIX_EPOCH, UNIX_EPOCH);
        let requests = requests(&gauges, period, &Resource::default());
        assert!(requests.len() > 1);
        let is_small = |request: &Request| request.bytes.len() <= LARGEST_REQUEST;
        assert!(requests.iter().all(is_small));
        let points: u64 = requests.iter().map(|request| request.data_points).sum();
        assert_eq!(points, 9000);
    }
}
