//! The OpenTelemetry SDK 0.33: a histogram behind a periodic reader, recorded to
//! with two attributes. What is exported is thrown away.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ::opentelemetry::KeyValue;
use ::opentelemetry::metrics::{Histogram, MeterProvider};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, HistogramDataPoint, MetricData, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{SdkMeterProvider, Temporality};

use crate::work::body;

struct Recorder {
    provider: SdkMeterProvider,
    histogram: Histogram<f64>,
}

static RECORDER: LazyLock<Recorder> = LazyLock::new(|| {
    let provider = SdkMeterProvider::builder()
        .with_periodic_exporter(Nowhere)
        .build();
    let meter = provider.meter("overhead");
    Recorder {
        histogram: meter.f64_histogram("calls").with_unit("s").build(),
        provider,
    }
});

#[inline(never)]
pub(super) fn opentelemetry<const WORK: bool>(input: u64) -> u64 {
    let start = Instant::now();
    let output = body::<WORK>(input);
    let attributes = [
        KeyValue::new("http.request.method", "GET"),
        KeyValue::new("http.route", "/orders/{id}"),
    ];
    RECORDER
        .histogram
        .record(start.elapsed().as_secs_f64(), &attributes);
    output
}

/// An exporter that remembers how many calls the last export told of.
struct Nowhere;

static EXPORTED: AtomicU64 = AtomicU64::new(0);

impl PushMetricExporter for Nowhere {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let metrics = metrics.scope_metrics().flat_map(ScopeMetrics::metrics);
        for metric in metrics {
            if let AggregatedMetrics::F64(MetricData::Histogram(histogram)) = metric.data() {
                let calls = histogram.data_points().map(HistogramDataPoint::count).sum();
                EXPORTED.store(calls, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

pub(super) fn counted() -> u64 {
    match RECORDER.provider.force_flush() {
        Ok(()) => EXPORTED.load(Ordering::Relaxed),
        Err(_) => 0,
    }
}
