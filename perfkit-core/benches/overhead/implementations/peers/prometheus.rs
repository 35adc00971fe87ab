//! prometheus-client 0.25: a histogram with 20 buckets, from 10 ns to 5 ms.

use std::sync::LazyLock;
use std::time::Instant;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::work::body;

static HISTOGRAM: LazyLock<Histogram> =
    LazyLock::new(|| Histogram::new(exponential_buckets(10e-9, 2.0, 20)));

#[inline(never)]
pub(super) fn prometheus<const WORK: bool>(input: u64) -> u64 {
    let start = Instant::now();
    let output = body::<WORK>(input);
    HISTOGRAM.observe(start.elapsed().as_secs_f64());
    output
}

pub(super) fn counted() -> u64 {
    let mut registry = Registry::default();
    registry.register("calls", "Time of calls", HISTOGRAM.clone());
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => super::number_after(&text, "calls_count "),
        Err(_) => 0,
    }
}
