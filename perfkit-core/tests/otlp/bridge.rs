//! A provider of OpenTelemetry's SDK, with whose exports perfkit's go out.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc::TryRecvError;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::AggregationTemporality;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use perfkit::Monitor;
use perfkit::otlp::{Config, bridge};
use prost::Message as _;

use crate::collector::{Arrived, Collector, PATIENCE};

/// The exporter of such a program: it posts what the SDK measured.
#[derive(Debug)]
struct Theirs {
    endpoint: String,
    temporality: Temporality,
}

impl PushMetricExporter for Theirs {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let body = ExportMetricsServiceRequest::from(metrics).encode_to_vec();
        let address = self.endpoint.strip_prefix("http://").unwrap();
        let address = address.split('/').next().unwrap();
        let failed = |error: std::io::Error| OTelSdkError::InternalFailure(error.to_string());
        let mut stream = TcpStream::connect(address).map_err(failed)?;
        let head = format!(
            "POST /v1/metrics HTTP/1.1\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream
            .write_all(&[head.as_bytes(), &body].concat())
            .unwrap();
        stream.read_to_end(&mut Vec::new()).map_err(failed)?;
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        self.temporality
    }
}

fn provider(monitor: &Monitor, config: Config, theirs: Theirs) -> SdkMeterProvider {
    let exporter = bridge::beside_with(monitor, config, theirs).unwrap();
    let reader = PeriodicReader::builder(exporter).with_interval(Duration::from_secs(3600));
    let resource = Resource::builder_empty().with_service_name("shop");
    let resource = resource.with_attribute(KeyValue::new("shelf", 7));
    SdkMeterProvider::builder()
        .with_resource(resource.build())
        .with_reader(reader.build())
        .build()
}

/// The two requests of one export: theirs, and perfkit's.
fn both(collector: &Collector) -> (Arrived, Arrived) {
    let (one, other) = (collector.next(), collector.next());
    let is_ours = |arrived: &Arrived| arrived.find("perfkit.operation.duration").is_some();
    let (theirs, ours) = if is_ours(&one) {
        (other, one)
    } else {
        (one, other)
    };
    assert!(is_ours(&ours) && !is_ours(&theirs));
    let resource = |arrived: &Arrived| {
        let mut attributes = arrived.resource().attributes.clone();
        attributes.sort_by(|a, b| a.key.cmp(&b.key));
        attributes
    };
    assert_eq!(resource(&ours), resource(&theirs));
    let keys: Vec<_> = resource(&ours).into_iter().map(|found| found.key).collect();
    assert_eq!(keys, ["service.name", "shelf"]);
    (theirs, ours)
}

/// How many calls the histogram of durations has, and since when they are counted.
fn counted(arrived: &Arrived) -> (u64, AggregationTemporality) {
    match &arrived.metric("perfkit.operation.duration").data {
        Some(Data::ExponentialHistogram(found)) => {
            let counts = found.data_points.iter().map(|point| point.count);
            (counts.sum(), found.aggregation_temporality())
        }
        other => panic!("it is no histogram: {other:?}"),
    }
}

#[test]
fn each_export_of_a_provider_brings_perfkits_under_the_same_resource() {
    let expected = [
        (
            Temporality::Cumulative,
            AggregationTemporality::Cumulative,
            5,
        ),
        (Temporality::Delta, AggregationTemporality::Delta, 2),
    ];
    for (theirs, ours, second) in expected {
        let collector = Collector::start(vec![]);
        let monitor = Monitor::new();
        let exporter = Theirs {
            endpoint: collector.endpoint.clone(),
            temporality: theirs,
        };
        let config = Config {
            shutdown_timeout: PATIENCE,
            ..collector.config()
        };
        let provider = provider(&monitor, config, exporter);
        let orders = provider.meter("shop").u64_counter("orders").build();
        let work = |times: u64| {
            orders.add(times, &[]);
            (0..times).for_each(|_| monitor.measure("work", || ()));
        };
        work(3);
        provider.force_flush().unwrap();
        let (first, told) = both(&collector);
        assert_eq!(first.sums("orders").len(), 1);
        assert_eq!(counted(&told), (3, ours));
        work(2);
        provider.shutdown().unwrap();
        let (last, told) = both(&collector);
        assert_eq!(last.sums("orders")[0].1, second);
        assert_eq!(counted(&told), (second as u64, ours));
        drop(provider);
        assert_eq!(
            collector.arrived.try_recv().err(),
            Some(TryRecvError::Empty)
        );
    }
}

#[test]
fn a_collector_that_perfkit_does_not_reach_costs_the_provider_nothing_of_its_own() {
    let collector = Collector::start(vec![]);
    let monitor = Monitor::new();
    let exporter = Theirs {
        endpoint: collector.endpoint.clone(),
        temporality: Temporality::Cumulative,
    };
    let config = Config {
        // Nobody listens there.
        endpoint: "http://127.0.0.1:1/v1/metrics".to_owned(),
        shutdown_timeout: Duration::from_millis(20),
        ..collector.config()
    };
    let provider = provider(&monitor, config, exporter);
    monitor.measure("work", || ());
    provider
        .meter("shop")
        .u64_counter("orders")
        .build()
        .add(1, &[]);
    provider.force_flush().unwrap();
    provider.shutdown().unwrap();
    for _ in 0..2 {
        assert_eq!(collector.next().sums("orders")[0].1, 1);
    }
}
