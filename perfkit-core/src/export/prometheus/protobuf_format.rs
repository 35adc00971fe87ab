//! Prometheus' protobuf format, the one that has native histograms.
//!
//! The messages are those of `io.prometheus.client`, published in
//! <https://github.com/prometheus/client_model>, each `MetricFamily` after its length.

use std::time::UNIX_EPOCH;

use crate::export::number_series::NumberSeries;
use crate::export::program_totals::ProgramTotal;
use crate::snapshot::{Exemplar, OperationSnapshot};

use super::bounds::BucketBounds;
use super::catalogue::MetricType;
use super::family::{Distribution, Family, Series, Value, families};
use super::native::{SCHEMA, ZERO_THRESHOLD, native_buckets};
use super::subject::subjects;

/// The media type, for the `Content-Type` of an HTTP answer.
pub(super) const CONTENT_TYPE: &str = "application/vnd.google.protobuf; \
    proto=io.prometheus.client.MetricFamily; encoding=delimited";

pub(super) fn render(
    operations: &[OperationSnapshot],
    numbers: &[NumberSeries<'_>],
    totals: &[ProgramTotal],
) -> Vec<u8> {
    let subjects = subjects(operations);
    let mut page = Vec::new();
    for family in families(&subjects, numbers, totals) {
        let bounds = BucketBounds::of(family.metric.info.per_unit());
        let message = family_message(&bounds, &family);
        varint(&mut page, message.0.len() as u64);
        page.extend(message.0);
    }
    page
}

fn family_message(bounds: &BucketBounds, family: &Family<'_>) -> Message {
    let metric = family.metric;
    let mut message = Message::default();
    message.text(1, &metric.name);
    message.text(2, metric.help);
    message.integer(
        3,
        match metric.metric_type {
            MetricType::Counter => 0,
            MetricType::Gauge => 1,
            MetricType::Histogram => 4,
        },
    );
    for series in &family.series {
        message.message(4, &metric_message(bounds, metric.metric_type, series));
    }
    // Unit is its fifth field; readers from before 2023 pass over it.
    message.text(5, metric.unit.as_deref().unwrap_or(""));
    message
}

fn metric_message(bounds: &BucketBounds, metric_type: MetricType, series: &Series<'_>) -> Message {
    let mut message = Message::default();
    let labels = series.subject.iter().flat_map(|subject| &subject.labels);
    for (key, value) in labels {
        message.message(1, &label_message(key, value));
    }
    for (key, value) in &series.labels {
        message.message(1, &label_message(key, value));
    }
    let of_number = if metric_type == MetricType::Gauge {
        2
    } else {
        3
    };
    match &series.value {
        Value::Whole(number) => message.message(of_number, &number_message(*number as f64)),
        Value::Number(number) => message.message(of_number, &number_message(*number)),
        Value::Distribution(values) => message.message(7, &histogram_message(bounds, values)),
    }
    message
}

fn label_message(key: &str, value: &str) -> Message {
    let mut message = Message::default();
    message.text(1, key);
    message.text(2, value);
    message
}

fn number_message(value: f64) -> Message {
    let mut message = Message::default();
    message.double(1, value);
    message
}

/// With the classic buckets, of which a reader without native histograms makes use.
fn histogram_message(bounds: &BucketBounds, values: &Distribution<'_>) -> Message {
    let mut message = Message::default();
    message.integer(1, values.count);
    message.double(2, values.sum);
    let Some(histogram) = &values.histogram else {
        return message;
    };
    let mut before = 0;
    for (bound, count) in bounds.cumulative(histogram) {
        let mut bucket = Message::default();
        bucket.integer(1, count);
        bucket.double(2, bound.value);
        if let Some(exemplar) = values.exemplar_within(before, bound.own) {
            bucket.message(3, &exemplar_message(exemplar, values.per_unit));
        }
        message.message(3, &bucket);
        before = bound.own;
    }
    let native = native_buckets(histogram, values.per_unit);
    message.integer(5, zigzag(SCHEMA.into()));
    message.double(6, ZERO_THRESHOLD);
    message.integer(7, native.zeros);
    for &(offset, length) in &native.spans {
        let mut span = Message::default();
        span.integer(1, zigzag(offset.into()));
        span.integer(2, length.into());
        message.message(12, &span);
    }
    let mut deltas = Vec::new();
    for &delta in &native.deltas {
        varint(&mut deltas, zigzag(delta));
    }
    message.bytes(13, &deltas);
    message
}

fn exemplar_message(exemplar: &Exemplar, per_unit: f64) -> Message {
    let mut message = Message::default();
    message.message(
        1,
        &label_message("trace_id", &exemplar.trace.trace_id_hex()),
    );
    message.message(1, &label_message("span_id", &exemplar.trace.span_id_hex()));
    message.double(2, exemplar.duration_ns as f64 / per_unit);
    let at = exemplar.time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut time = Message::default();
    time.integer(1, at.as_secs());
    time.integer(2, at.subsec_nanos().into());
    message.message(3, &time);
    message
}

/// A message so far: fields, each after its number and its wire type.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn key(&mut self, field: u32, wire_type: u32) {
        varint(&mut self.0, u64::from(field << 3 | wire_type));
    }

    fn integer(&mut self, field: u32, value: u64) {
        self.key(field, 0);
        varint(&mut self.0, value);
    }

    fn double(&mut self, field: u32, value: f64) {
        self.key(field, 1);
        self.0.extend(value.to_le_bytes());
    }

    fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.key(field, 2);
        varint(&mut self.0, bytes.len() as u64);
        self.0.extend(bytes);
    }

    /// Nothing where it is empty, which is what readers take it for.
    fn text(&mut self, field: u32, text: &str) {
        if !text.is_empty() {
            self.bytes(field, text.as_bytes());
        }
    }

    fn message(&mut self, field: u32, message: &Self) {
        self.bytes(field, &message.0);
    }
}

/// Seven bits to a byte, the lowest first; all but the last byte have the eighth set.
fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Numbers of small magnitude are small, whatever their sign.
fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_those_of_the_specification() {
        let encoded = |value| {
            let mut bytes = Vec::new();
            varint(&mut bytes, value);
            bytes
        };
        assert_eq!(encoded(0), [0]);
        assert_eq!(encoded(150), [0x96, 0x01]);
        assert_eq!(encoded(u64::MAX).len(), 10);
        assert_eq!([0, -1, 1, -2].map(zigzag), [0, 1, 2, 3]);
        assert_eq!([i64::MAX, i64::MIN].map(zigzag), [u64::MAX - 1, u64::MAX]);
    }
}
