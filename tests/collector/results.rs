//! The results of a saved report arrive over OTLP, and are those of its text for Prometheus.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::metrics::v1::{metric::Data, number_data_point};
use perfkit::Report;

use super::{Arrived, collector};
use crate::support::{Answer, Folder, workspace};

/// A golden report, with the branch that it was measured on.
fn folder(name: &str) -> Folder {
    let folder = Folder::new();
    let text = std::fs::read(workspace().join("tests/golden").join(name)).unwrap();
    let mut report = Report::from_json(&text).unwrap();
    report.environment.git.as_mut().unwrap().branch = Some("main".to_owned());
    report.save(folder.path("report.json")).unwrap();
    folder
}

/// The gauges by their names and labels in Prometheus.
fn gauges(arrived: &Arrived) -> BTreeMap<String, f64> {
    let mut gauges = BTreeMap::new();
    for metric in &arrived.message.resource_metrics[0].scope_metrics[0].metrics {
        let Some(Data::Gauge(gauge)) = &metric.data else {
            panic!("{} is no gauge", metric.name)
        };
        let name = metric.name.replace('.', "_");
        let name = match metric.unit.as_str() {
            "s" => name + "_seconds",
            "By" => name + "_bytes",
            _ => name,
        };
        for point in &gauge.data_points {
            let labels = point.attributes.iter().map(|attribute| {
                let value = attribute.value.clone().unwrap().value.unwrap();
                let opentelemetry_proto::tonic::common::v1::any_value::Value::StringValue(value) =
                    value
                else {
                    panic!("{value:?}")
                };
                let value = value.replace('\\', r"\\").replace('"', r#"\""#);
                format!("{}=\"{value}\"", attribute.key.replace('.', "_"))
            });
            let labels = labels.collect::<Vec<_>>().join(",");
            let Some(number_data_point::Value::AsDouble(value)) = point.value else {
                panic!("{:?}", point.value)
            };
            let series = format!("{name}{{{labels}}}");
            assert!(gauges.insert(series.clone(), value).is_none(), "{series}");
        }
    }
    gauges
}

fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        (series.to_owned(), value.parse().unwrap())
    });
    pairs.collect()
}

#[test]
fn the_results_of_a_report_arrive_with_commit_branch_and_verdict() {
    for (name, verdict) in [
        ("two.json", r#"perfkit_verdict="slower""#),
        ("gate.json", r#"perfkit_verdict="fail""#),
    ] {
        let folder = folder(name);
        let (endpoint, arrived) = collector(vec![]);
        let mut export = folder.perfkit(["export", "report.json", "--to", "otlp"]);
        export.env("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &endpoint);
        let answer = Answer::of(export).exits_with(0);
        let gauges = gauges(&arrived.recv().unwrap());
        answer.says(&format!("{} data points were accepted", gauges.len()));
        let text = folder.run(["export", "report.json", "--to", "prometheus"]);
        assert_eq!(gauges, samples(&text.exits_with(0).stdout));

        let revision = r#"vcs_ref_head_revision="0123456789abcdef0123456789abcdef01234567",vcs_ref_head_name="main""#;
        assert!(gauges.keys().all(|series| series.contains(revision)));
        assert!(
            gauges.keys().any(|series| series.contains(verdict)),
            "{gauges:?}"
        );
    }
}
