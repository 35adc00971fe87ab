//! What both files ask Prometheus for.

use perfkit::prometheus::{MetricDescription, metrics};

/// The quantiles of times that are shown and recorded, with their names.
pub(crate) const QUANTILES: [(&str, &str); 3] = [("p50", "0.5"), ("p95", "0.95"), ("p99", "0.99")];

/// Of a metric that is exposed; a name that is not fails.
pub(crate) fn metric(name: &str) -> &'static MetricDescription {
    metrics().iter().find(|metric| metric.name == name).unwrap()
}

/// A quantile of a histogram over some labels, which are chosen by `selector` and kept as
/// `grouping` says: of a native histogram where there is one, or else of the classic one.
pub(crate) fn quantile(
    histogram: &MetricDescription,
    quantile: &str,
    (selector, window): (&str, &str),
    grouping: impl Fn(&str) -> String,
) -> String {
    let name = &histogram.name;
    let (native, classic) = (grouping(""), grouping("le"));
    format!(
        "histogram_quantile({quantile}, sum {native} (rate({name}{selector}[{window}]))) or \
         histogram_quantile({quantile}, sum {classic} (rate({name}_bucket{selector}[{window}])))"
    )
}
