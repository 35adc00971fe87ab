//! The dashboard for Grafana.

use perfkit::prometheus::{MetricDescription, MetricType, metrics};
use serde_json::{Value, json};

use crate::expression::{QUANTILES, metric, quantile};

/// Which series a panel shows, by the dashboard's variables.
const SELECTOR: &str = r#"{job=~"$job", code_function_name=~"$operation"}"#;

/// Grafana chooses it by the interval of scrapes and the width of a panel.
const WINDOW: &str = "$__rate_interval";

const WIDTH: usize = 24;

const HEIGHT: usize = 8;

/// What a panel is before it has a place.
struct Panel {
    title: String,
    description: String,
    unit: &'static str,
    /// Where its axis begins; Grafana chooses where nothing is said.
    min: Option<u8>,
    targets: Vec<Value>,
}

pub(crate) fn dashboard() -> Value {
    let mut panels = vec![share_of_failures(), time_of_all_calls()];
    panels.extend(metrics().iter().map(panel));
    json!({
        "id": null,
        "uid": "perfkit-operations",
        "title": "perfkit: operations",
        "description": "What programs measure with perfkit, by operation.",
        "tags": ["perfkit"],
        "schemaVersion": 39,
        "version": 1,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": { "from": "now-1h", "to": "now" },
        "timepicker": {},
        "timezone": "",
        "annotations": { "list": [] },
        "links": [],
        "templating": { "list": variables() },
        "panels": panels.into_iter().enumerate().map(|(n, panel)| placed(n, panel)).collect::<Vec<_>>(),
    })
}

fn variables() -> [Value; 3] {
    let calls = &metric("perfkit_operation_calls_total").name;
    let of_labels = |name: &str, label: &str, query: String| {
        json!({
            "name": name,
            "label": label,
            "type": "query",
            "datasource": datasource(),
            "definition": query,
            "query": { "query": query, "refId": name },
            "refresh": 2,
            "sort": 1,
            "multi": true,
            "includeAll": true,
            "allValue": ".*",
            "current": { "selected": true, "text": ["All"], "value": ["$__all"] },
            "options": [],
            "hide": 0,
            "regex": "",
        })
    };
    [
        json!({
            "name": "datasource",
            "label": "Data source",
            "type": "datasource",
            "query": "prometheus",
            "current": {},
            "options": [],
            "refresh": 1,
            "hide": 0,
            "regex": "",
            "includeAll": false,
            "multi": false,
        }),
        of_labels("job", "Job", format!("label_values({calls}, job)")),
        of_labels(
            "operation",
            "Operation",
            format!("label_values({calls}{{job=~\"$job\"}}, code_function_name)"),
        ),
    ]
}

fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

/// Two panels to a row.
fn placed(number: usize, panel: Panel) -> Value {
    json!({
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.description,
        "datasource": datasource(),
        "gridPos": {
            "x": number % 2 * WIDTH / 2,
            "y": number / 2 * HEIGHT,
            "w": WIDTH / 2,
            "h": HEIGHT,
        },
        "fieldConfig": {
            "defaults": { "unit": panel.unit, "min": panel.min, "custom": { "fillOpacity": 8 } },
            "overrides": [],
        },
        "options": {
            "legend": { "displayMode": "table", "placement": "bottom", "calcs": ["mean", "max"] },
            "tooltip": { "mode": "multi", "sort": "desc" },
        },
        "targets": panel.targets,
    })
}

fn target(number: usize, expression: &str, legend: &str) -> Value {
    let reference = ["A", "B", "C"][number];
    json!({
        "refId": reference,
        "datasource": datasource(),
        "expr": expression,
        "legendFormat": legend,
        "editorMode": "code",
        "range": true,
    })
}

fn share_of_failures() -> Panel {
    let calls = &metric("perfkit_operation_calls_total").name;
    let rate = |outcome: &str| {
        let selector = SELECTOR.replace('}', &format!(", {outcome}}}"));
        format!("sum by (code_function_name) (rate({calls}{selector}[{WINDOW}]))")
    };
    let failed = rate(r#"perfkit_outcome=~"failure|panic""#);
    let all = rate(r#"perfkit_outcome!="cancelled""#);
    let expression = format!("{failed} / ({all} > 0)");
    Panel {
        title: "Share of calls that failed".to_owned(),
        description: "Calls that failed or panicked, among those that were not cancelled."
            .to_owned(),
        unit: "percentunit",
        min: Some(0),
        targets: vec![target(0, &expression, "{{code_function_name}}")],
    }
}

/// Where the time goes.
fn time_of_all_calls() -> Panel {
    let time = &metric("perfkit_operation_self_time_seconds_total").name;
    let expression =
        format!("topk(10, sum by (code_function_name) (rate({time}{SELECTOR}[{WINDOW}])))");
    Panel {
        title: "Where the time goes".to_owned(),
        description: "The ten operations with the most self time: 100 % is one call at a time, \
                      all the time."
            .to_owned(),
        unit: "percentunit",
        min: Some(0),
        targets: vec![target(0, &expression, "{{code_function_name}}")],
    }
}

fn panel(metric: &MetricDescription) -> Panel {
    let targets = match metric.metric_type {
        MetricType::Histogram => quantiles(metric),
        MetricType::Counter => {
            let (selector, labels) = (selector(metric), metric.labels.join(", "));
            let rate = format!(
                "sum by ({labels}) (rate({}{selector}[{WINDOW}]))",
                metric.name
            );
            vec![target(0, &rate, &legend(metric))]
        }
        _ => {
            let labels = metric.labels.join(", ");
            let sum = format!("sum by ({labels}) ({}{})", metric.name, selector(metric));
            vec![target(0, &sum, &legend(metric))]
        }
    };
    Panel {
        title: title(metric),
        description: format!("{}.", metric.help),
        unit: unit(metric),
        // What grows may shrink, too.
        min: (metric.metric_type != MetricType::Gauge).then_some(0),
        targets,
    }
}

/// A metric that is the program's, and one of counters or gauges, has no operation.
fn selector(metric: &MetricDescription) -> &'static str {
    match metric
        .labels
        .iter()
        .any(|label| label == "code_function_name")
    {
        true => SELECTOR,
        false => r#"{job=~"$job"}"#,
    }
}

fn quantiles(metric: &MetricDescription) -> Vec<Value> {
    let targets = QUANTILES
        .into_iter()
        .enumerate()
        .map(|(position, (word, number))| {
            let grouping = |more: &str| match more {
                "" => "by (code_function_name)".to_owned(),
                more => format!("by (code_function_name, {more})"),
            };
            let expression = quantile(metric, number, (SELECTOR, WINDOW), grouping);
            target(
                position,
                &expression,
                &format!("{{{{code_function_name}}}} {word}"),
            )
        });
    targets.collect()
}

fn legend(metric: &MetricDescription) -> String {
    match &metric.labels[..] {
        [] => "program".to_owned(),
        labels => {
            let labels = labels.iter().map(|label| format!("{{{{{label}}}}}"));
            labels.collect::<Vec<_>>().join(" ")
        }
    }
}

/// Of `perfkit_operation_self_time_seconds_total`: `Operation self time`, without what its unit
/// tells.
fn title(metric: &MetricDescription) -> String {
    let name = metric.name.trim_start_matches("perfkit_");
    let name = name.trim_end_matches("_total");
    let name = match &metric.unit {
        Some(unit) => name.trim_end_matches(unit.as_str()).trim_end_matches('_'),
        None => name,
    };
    // A gauge of shares has the unit in its name.
    let name = if name == "gauge" { "gauge_ratio" } else { name };
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn unit(metric: &MetricDescription) -> &'static str {
    match (metric.metric_type, metric.unit.as_deref()) {
        (MetricType::Histogram, Some("seconds")) => "s",
        (MetricType::Histogram | MetricType::Gauge, Some("bytes")) => "bytes",
        (MetricType::Histogram | MetricType::Gauge, Some("bytes_per_second")) => "Bps",
        (MetricType::Histogram | MetricType::Gauge, Some("per_second")) => "cps",
        (MetricType::Gauge, Some("seconds")) => "s",
        (MetricType::Gauge, Some("ratio")) => "percentunit",
        // Seconds in a second.
        (MetricType::Counter, Some("seconds")) => "percentunit",
        (MetricType::Counter, Some("bytes")) => "Bps",
        (MetricType::Counter, _) => "cps",
        _ => "short",
    }
}
