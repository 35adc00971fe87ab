//! The files in `examples/prometheus/`: rules, alerts and a dashboard, made of the table of
//! metrics. `PERFKIT_GOLDEN=overwrite cargo test -p perfkit-core --features prometheus --test
//! prometheus_files` writes them anew, and a look at the difference is the review.
//!
//! Where `PERFKIT_TEST_PROMTOOL` and `PERFKIT_TEST_PROMETHEUS` name these programs, they
//! check and evaluate the files; without them those tests say so and do nothing, unless
//! `PERFKIT_TEST_REQUIRE_ALL` is set.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

#[global_allocator]
static ALLOCATOR: perfkit::CountingAllocator = perfkit::CountingAllocator::system();

mod dashboard;
mod expression;
#[path = "../real_prometheus/mod.rs"]
mod real_prometheus;
#[path = "../required/mod.rs"]
mod required;
mod rules;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use perfkit::Monitor;
use perfkit::prometheus::{self, metrics};
use perfkit::unit::Unit;
use serde_json::Value;

use real_prometheus::Prometheus;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/prometheus")
}

fn is_golden(name: &str, text: &str) {
    let path = folder().join(name);
    if std::env::var("PERFKIT_GOLDEN").is_ok_and(|value| value == "overwrite") {
        fs::write(&path, text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "{} is not what it would be now",
        path.display()
    );
}

#[test]
fn files_are_those_of_the_table_of_metrics() {
    is_golden("perfkit.rules.yml", &rules::file());
    let dashboard = serde_json::to_string_pretty(&dashboard::dashboard()).unwrap();
    is_golden("perfkit.dashboard.json", &(dashboard + "\n"));
}

const LABELS: [&str; 2] = ["perfkit_outcome", "perfkit_name"];

/// Every name in a text that begins as those of perfkit do.
fn names(text: &str) -> BTreeSet<&str> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let words = text.split(|c| !is_of_name(c));
    let names = words.filter(|word| {
        (word.contains("perfkit_") || word.starts_with("perfkit:")) && !LABELS.contains(word)
    });
    names.collect()
}

#[test]
fn every_name_in_the_files_is_exposed_or_recorded() {
    let rules = rules::rules();
    let recorded: BTreeSet<&str> = rules.iter().filter_map(rules::Rule::recorded).collect();
    let mut known = recorded.clone();
    let mut classic = BTreeSet::new();
    for metric in metrics() {
        known.insert(metric.name.as_str());
        for suffix in ["bucket", "count", "sum"] {
            classic.insert(format!("{}_{suffix}", metric.name));
        }
    }
    known.extend(classic.iter().map(String::as_str));
    let dashboard = dashboard::dashboard();
    let expressions = rules.iter().map(|rule| rule.expression.clone());
    let expressions: Vec<String> = expressions.chain(expressions_of(&dashboard)).collect();
    let used: BTreeSet<&str> = expressions.iter().flat_map(|text| names(text)).collect();
    let unknown: Vec<_> = used.difference(&known).collect();
    assert!(unknown.is_empty(), "{unknown:?}");

    // And every metric has its panel.
    let shown: Vec<String> = expressions_of(&dashboard).collect();
    for metric in metrics() {
        let is_shown = shown.iter().any(|text| text.contains(&metric.name));
        assert!(is_shown, "{}", metric.name);
    }
}

fn panels(dashboard: &Value) -> &[Value] {
    dashboard["panels"].as_array().unwrap()
}

/// The queries of a dashboard, with values in place of its variables.
fn expressions_of(dashboard: &Value) -> impl Iterator<Item = String> {
    let targets = panels(dashboard)
        .iter()
        .filter_map(|p| p["targets"].as_array());
    targets.flatten().map(|target| {
        let expression = target["expr"].as_str().unwrap();
        expression
            .replace("$__rate_interval", "1m")
            .replace("$job", ".*")
            .replace("$operation", ".*")
    })
}

#[test]
fn the_dashboard_has_what_grafana_needs() {
    let dashboard = dashboard::dashboard();
    for key in [
        "title",
        "uid",
        "schemaVersion",
        "time",
        "templating",
        "panels",
    ] {
        assert!(!dashboard[key].is_null(), "{key}");
    }
    assert!(dashboard["uid"].as_str().unwrap().len() <= 40);
    // Grafana gives it one: that of another dashboard would be overwritten.
    assert!(dashboard["id"].is_null());
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let names: Vec<_> = variables.iter().map(|variable| &variable["name"]).collect();
    assert_eq!(names, ["datasource", "job", "operation"]);
    let mut ids = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for panel in panels(&dashboard) {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}");
        let place = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(place("w") > 0 && place("x") + place("w") <= 24, "{title}");
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(taken.insert((x, y)), "{title} lies on another panel");
            }
        }
        if panel["type"] == "row" {
            continue;
        }
        assert!(
            panel["description"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
        assert!(
            panel["fieldConfig"]["defaults"]["unit"].is_string(),
            "{title}"
        );
        let targets = panel["targets"].as_array().unwrap();
        let references: BTreeSet<_> = targets
            .iter()
            .map(|t| t["refId"].as_str().unwrap())
            .collect();
        assert!(
            !targets.is_empty() && references.len() == targets.len(),
            "{title}"
        );
        for source in targets.iter().chain([panel]).map(|of| &of["datasource"]) {
            assert_eq!(source["uid"], "${datasource}", "{title}");
        }
    }
}

/// What promtool says, where there is one.
fn promtool(arguments: &[&str], file: &Path) {
    let Some(program) = std::env::var_os("PERFKIT_TEST_PROMTOOL") else {
        return required::skip("PERFKIT_TEST_PROMTOOL names no promtool");
    };
    let output = Command::new(program)
        .args(arguments)
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn promtool_understands_the_rules_and_they_do_what_their_tests_expect() {
    promtool(
        &["check", "rules", "--lint-fatal"],
        &folder().join("perfkit.rules.yml"),
    );
    promtool(&["test", "rules"], &folder().join("perfkit.rules.test.yml"));
}

#[test]
fn promtool_understands_the_configuration_for_the_lesson() {
    promtool(&["check", "config"], &folder().join("prometheus.yml"));
}

#[test]
fn promtool_understands_every_query_of_the_dashboard() {
    let mut rules = "groups:\n- name: dashboard\n  rules:\n".to_owned();
    for (number, expression) in expressions_of(&dashboard::dashboard()).enumerate() {
        let expression = expression.replace('\'', "''");
        rules += &format!("  - record: query_{number}\n    expr: '{expression}'\n");
    }
    let name = format!("perfkit-dashboard-{}.yml", std::process::id());
    let file = std::env::temp_dir().join(name);
    fs::write(&file, rules).unwrap();
    let checked = std::panic::catch_unwind(|| promtool(&["check", "rules"], &file));
    fs::remove_file(&file).unwrap();
    checked.unwrap();
}

#[test]
fn a_real_prometheus_answers_every_query_of_the_dashboard() {
    let server = prometheus::serve("127.0.0.1:0").unwrap();
    let Some(prometheus) = Prometheus::start(server.address()) else {
        return;
    };
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Everything that can be told grows all the time.
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                grow();
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let answered = std::panic::catch_unwind(|| {
            let is_told = |expression: &String| !untold().any(|name| expression.contains(name));
            for expression in expressions_of(&dashboard::dashboard()).filter(is_told) {
                assert!(!prometheus.query(&expression).is_empty());
            }
        });
        is_over.store(true, Ordering::Relaxed);
        answered.unwrap();
    });
}

/// The metrics of features that this test runs without.
fn untold() -> impl Iterator<Item = &'static str> {
    let is_untold = |name: &str| {
        name.starts_with("process.") && !cfg!(feature = "process")
            || name.starts_with("perfkit.value.") && !cfg!(feature = "metrics")
    };
    let untold = metrics()
        .iter()
        .filter(move |metric| is_untold(metric.otlp_name));
    untold.map(|metric| metric.name.as_str())
}

#[perfkit::measure(name = "work", sample = 2)]
fn sampled() {}

/// One value of each unit.
#[cfg(feature = "metrics")]
fn hand_over() {
    use metrics::{Unit, describe_gauge, describe_histogram, gauge, histogram};

    metrics::with_local_recorder(&perfkit::metrics::Recorder::new(), || {
        describe_gauge!("age", Unit::Seconds, "");
        gauge!("age").set(3.0);
        for (name, unit) in [
            ("size", Unit::Bytes),
            ("number", Unit::Count),
            ("rate", Unit::CountPerSecond),
            ("data rate", Unit::KilobitsPerSecond),
            ("share", Unit::Percent),
        ] {
            describe_histogram!(name, unit, "");
            histogram!(name).record(8.0);
        }
        histogram!("score").record(8.0);
    });
}

/// One call of each kind.
fn grow() {
    sampled();
    let monitor = Monitor::global();
    let measured = monitor.operation("work").cpu().memory();
    measured.clone().items(3).measure(|| ());
    measured.bytes(3).measure(|| ());
    monitor.operation("work").start().fail("refused", "no");
    monitor.measure("deep", || monitor.measure("deep", || ()));
    let mut polled = Box::pin(monitor.measure_async("waits", async {}));
    let mut context = Context::from_waker(Waker::noop());
    assert!(polled.as_mut().poll(&mut context).is_ready());
    count();
    #[cfg(feature = "metrics")]
    hand_over();
}

/// A counter and a gauge of each unit.
fn count() {
    for unit in [
        Unit::Nanoseconds,
        Unit::Bytes,
        Unit::Count,
        Unit::PerSecond,
        Unit::BytesPerSecond,
        Unit::Ratio,
        Unit::Score,
    ] {
        let name = format!("{unit:?}");
        perfkit::counter(&name).unit(unit).increment();
        perfkit::gauge(&name).unit(unit).add(1.0);
    }
}
