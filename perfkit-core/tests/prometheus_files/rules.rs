//! Recording rules and alerts.

use crate::expression::{QUANTILES, metric, quantile};

/// The windows over which budgets are spent.
const WINDOWS: [&str; 7] = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"];

/// How fast a budget may be spent, as a multiple of what lasts for 30 days: over a long
/// window, and over a short one, so that the alert ends soon after its cause. They are those
/// of the Site Reliability Workbook: 2 % of the budget in an hour, 5 % in six, 10 % in three
/// days.
const BURNS: [Burn; 4] = [
    Burn {
        factor: "14.4",
        windows: ("1h", "5m"),
        severity: "page",
    },
    Burn {
        factor: "6",
        windows: ("6h", "30m"),
        severity: "page",
    },
    Burn {
        factor: "3",
        windows: ("1d", "2h"),
        severity: "ticket",
    },
    Burn {
        factor: "1",
        windows: ("3d", "6h"),
        severity: "ticket",
    },
];

struct Burn {
    factor: &'static str,
    windows: (&'static str, &'static str),
    severity: &'static str,
}

/// What is promised of calls, and of which calls it is not kept.
struct Budget {
    objective: &'static str,
    share: &'static str,
    alert: &'static str,
    summary: &'static str,
    description: &'static str,
}

const FAILED_SHARE: &str = "operation:perfkit_failed_calls:ratio_rate";

const SLOW_SHARE: &str = "operation:perfkit_slow_calls:ratio_rate";

const BUDGETS: [Budget; 2] = [
    Budget {
        objective: "perfkit:success:objective",
        share: FAILED_SHARE,
        alert: "PerfkitErrorBudgetBurns",
        summary: "{{ $labels.code_function_name }} fails too often",
        description: "did not succeed",
    },
    Budget {
        objective: "perfkit:latency:objective",
        share: SLOW_SHARE,
        alert: "PerfkitLatencyBudgetBurns",
        summary: "{{ $labels.code_function_name }} is too slow",
        description: "took longer than 100 ms",
    },
];

/// A rule, with what is said before it.
pub(crate) struct Rule {
    comment: &'static str,
    kind: Kind,
    pub(crate) expression: String,
}

enum Kind {
    Record(String),
    Alert {
        name: String,
        /// Tells alerts of the same name apart.
        labels: Vec<(&'static str, &'static str)>,
        summary: String,
        description: String,
    },
}

impl Rule {
    fn record(name: impl Into<String>, expression: impl Into<String>) -> Self {
        Self {
            comment: "",
            kind: Kind::Record(name.into()),
            expression: expression.into(),
        }
    }

    fn after(mut self, comment: &'static str) -> Self {
        self.comment = comment;
        self
    }

    /// The name of what it records.
    pub(crate) fn recorded(&self) -> Option<&str> {
        match &self.kind {
            Kind::Record(name) => Some(name),
            Kind::Alert { .. } => None,
        }
    }
}

/// All rules, in the order of the file.
pub(crate) fn rules() -> Vec<Rule> {
    let mut rules = objectives();
    rules.extend(rates());
    for window in WINDOWS {
        rules.push(failed_share(window));
        rules.push(slow_share(window));
    }
    for budget in &BUDGETS {
        for burn in &BURNS {
            rules.push(burn_alert(budget, burn));
        }
    }
    rules.extend(other_alerts());
    rules
}

fn objectives() -> Vec<Rule> {
    vec![
        Rule::record("perfkit:success:objective", "vector(0.999)")
            .after("The share of calls that shall succeed. Change it to yours."),
        Rule::record("perfkit:latency:objective", "vector(0.99)").after(
            "The share of successful calls that shall take at most 100 ms. Where another time is\n\
             yours, put it for `0.1` below: it has to be a bound of the classic histogram.",
        ),
    ]
}

/// What is asked for again and again, and takes long to compute.
fn rates() -> impl Iterator<Item = Rule> {
    let calls = &metric("perfkit_operation_calls_total").name;
    let rate = Rule::record(
        "operation:perfkit_operation_calls:rate5m",
        format!("sum without (instance) (rate({calls}[5m]))"),
    );
    let histograms = [
        "perfkit_operation_duration_seconds",
        "perfkit_operation_failure_duration_seconds",
    ];
    let histograms = histograms.into_iter().map(metric);
    let quantiles = histograms.flat_map(|metric| {
        QUANTILES.map(|(word, number)| {
            // Which keeps `le` too.
            let grouping = |_: &str| "without (instance)".to_owned();
            let expression = quantile(metric, number, ("", "5m"), grouping);
            Rule::record(format!("operation:{}:{word}_5m", metric.name), expression)
        })
    });
    [rate].into_iter().chain(quantiles)
}

/// Calls whose caller gave up say nothing of either.
fn failed_share(window: &str) -> Rule {
    let calls = &metric("perfkit_operation_calls_total").name;
    let rate = |selector: &str| {
        format!("sum without (instance, perfkit_outcome) (rate({calls}{{{selector}}}[{window}]))")
    };
    let (failed, all) = (
        rate(r#"perfkit_outcome=~"failure|panic""#),
        rate(r#"perfkit_outcome!="cancelled""#),
    );
    let rule = Rule::record(
        format!("{FAILED_SHARE}{window}"),
        format!("{failed} / ({all} > 0)"),
    );
    match window {
        "5m" => rule.after(
            "The shares of calls that failed or panicked, among those that were not cancelled;\n\
             and of successful calls that were slow.",
        ),
        _ => rule,
    }
}

fn slow_share(window: &str) -> Rule {
    let times = &metric("perfkit_operation_duration_seconds").name;
    let native =
        format!("histogram_fraction(0, 0.1, sum without (instance) (rate({times}[{window}])))");
    let classic = format!(
        "sum without (instance, le) (rate({times}_bucket{{le=\"0.1\"}}[{window}])) / \
         (sum without (instance) (rate({times}_count[{window}])) > 0)"
    );
    Rule::record(
        format!("{SLOW_SHARE}{window}"),
        format!("1 - ({native} or {classic})"),
    )
}

/// Ten calls at least, so that one that fails at night wakes nobody.
fn burn_alert(budget: &Budget, burn: &Burn) -> Rule {
    let Burn {
        factor,
        windows: (long, short),
        severity,
    } = burn;
    let calls = &metric("perfkit_operation_calls_total").name;
    let (share, objective) = (budget.share, budget.objective);
    let burns = |window| format!("{share}{window} > {factor} * (1 - scalar({objective}))");
    let bad = format!(
        "{share}{long} * (sum without (instance, perfkit_outcome) (increase({calls}[{long}]))) >= 10"
    );
    Rule {
        comment: "",
        kind: Kind::Alert {
            name: budget.alert.to_owned(),
            labels: vec![("severity", severity), ("window", long)],
            summary: budget.summary.to_owned(),
            description: format!(
                "{{{{ $value | humanizePercentage }}}} of its calls in {long} {}: {factor} times \
                 what lasts for 30 days.",
                budget.description
            ),
        },
        expression: format!("{} and {} and {bad}", burns(long), burns(short)),
    }
}

fn other_alerts() -> Vec<Rule> {
    let calls = &metric("perfkit_operation_calls_total").name;
    let overflow = &metric("perfkit_operation_overflow_calls_total").name;
    let alert = |name: &str, summary: &str, description: &str, expression: String| Rule {
        comment: "",
        kind: Kind::Alert {
            name: name.to_owned(),
            labels: vec![("severity", "ticket")],
            summary: summary.to_owned(),
            description: description.to_owned(),
        },
        expression,
    };
    vec![
        alert(
            "PerfkitCallsPanicked",
            "{{ $labels.code_function_name }} panicked",
            "{{ $value | humanize }} calls panicked within an hour.",
            format!(
                "sum without (instance, perfkit_outcome) (increase({calls}{{perfkit_outcome=\"panic\"}}[1h])) > 0"
            ),
        ),
        alert(
            "PerfkitNamesOverflow",
            "{{ $labels.job }} has more names or labels than are kept apart",
            "{{ $value | humanize }} calls lost theirs within an hour. Labels may have values \
             without end, such as identifiers; or raise PERFKIT_MAX_OPERATIONS or \
             PERFKIT_MAX_LABEL_SETS.",
            format!("sum without (instance) (increase({overflow}[1h])) > 0"),
        ),
    ]
}

/// The file as it stands in the repository.
pub(crate) fn file() -> String {
    let mut text = "\
# Recording rules and alerts for programs that perfkit measures, for `rule_files` of
# Prometheus. Made of the table of metrics by perfkit-core/tests/prometheus_files/.
groups:
- name: perfkit
  rules:
"
    .to_owned();
    for rule in rules() {
        text += &yaml(&rule);
    }
    text
}

fn yaml(rule: &Rule) -> String {
    let mut text = match rule.comment {
        "" => String::new(),
        comment => format!("  # {}\n", comment.replace('\n', "\n  # ")),
    };
    let expression = &rule.expression;
    match &rule.kind {
        Kind::Record(name) => text += &format!("  - record: {name}\n    expr: {expression}\n"),
        Kind::Alert {
            name,
            labels,
            summary,
            description,
        } => {
            text += &format!("  - alert: {name}\n    expr: {expression}\n    labels:\n");
            for (key, value) in labels {
                text += &format!("      {key}: {value}\n");
            }
            text += &format!(
                "    annotations:\n      summary: '{summary}'\n      description: '{description}'\n"
            );
        }
    }
    text
}
