//! From the text of the configuration to its values.

use std::ops::Range;
use std::str::FromStr;

use perfkit::Metric;
use perfkit::unit::Unit;
use toml::Spanned;
use wildmatch::WildMatch;

use crate::args::{Confidence, RunCount, Share, TimeSpan};

use super::config_error::ConfigError;
use super::raw::{RawBound, RawBudget, RawCompare, RawConfig, RawRegression, RawShare};
use super::rules::{
    Bound, BoundKind, Budget, CompareDefaults, GateRules, Regression, Scope, Statistic,
};

impl RawConfig {
    /// Turns text into values; the first error ends it.
    pub(super) fn check(self) -> Result<GateRules, ConfigError> {
        let defaults = GateRules::default();
        let confidence: Option<Confidence> = self.gate.confidence.map(share).transpose()?;
        let budgets: Result<_, _> = self.budget.into_iter().map(check_budget).collect();
        let regressions: Result<_, _> = self.regression.into_iter().map(check_regression).collect();
        self.compare.check()?;
        Ok(GateRules {
            confidence: confidence.map_or(defaults.confidence, |level| level.0),
            inconclusive: self.gate.inconclusive,
            missing: self.gate.missing,
            budgets: budgets?,
            regressions: regressions?,
        })
    }
}

impl RawCompare {
    pub(super) fn check(self) -> Result<CompareDefaults, ConfigError> {
        Ok(CompareDefaults {
            warmup: self.warmup,
            min_runs: self.min_runs.map(run_count).transpose()?,
            max_runs: self.max_runs.map(run_count).transpose()?,
            time: self.time.as_ref().map(duration).transpose()?,
            shell: self.shell,
            confidence: self.confidence.map(share).transpose()?,
            indifference: self.indifference.map(indifference).transpose()?,
        })
    }
}

fn run_count(runs: Spanned<u64>) -> Result<RunCount, ConfigError> {
    let span = runs.span();
    let checked = RunCount::try_from(runs.into_inner());
    checked.map_err(|message| ConfigError::new(span, message))
}

/// A share, given as a number or as text.
fn share<T: FromStr<Err = String>>(raw: Spanned<RawShare>) -> Result<T, ConfigError> {
    let span = raw.span();
    value(&Spanned::new(span, share_text(raw.get_ref())))
}

fn indifference(raw: Spanned<RawShare>) -> Result<Share, ConfigError> {
    let text = percentage(&raw)?;
    value(&Spanned::new(raw.span(), text))
}

/// A duration, which states its unit.
fn duration(text: &Spanned<String>) -> Result<TimeSpan, ConfigError> {
    if text.get_ref().trim().parse::<f64>().is_ok() {
        let message = format!("`{}` does not state its unit", text.get_ref());
        let help = format!("write \"{}s\"", text.get_ref().trim());
        return Err(ConfigError::new(text.span(), message).help(help));
    }
    value(text)
}

/// A value that is read as it is on the command line.
fn value<T: FromStr<Err = String>>(text: &Spanned<String>) -> Result<T, ConfigError> {
    let parsed = text.get_ref().parse();
    parsed.map_err(|message| ConfigError::new(text.span(), message))
}

fn share_text(raw: &RawShare) -> String {
    match raw {
        RawShare::Number(number) => number.to_string(),
        RawShare::Text(text) => text.clone(),
    }
}

/// The text of a share that says that it is one: `5` and `1.05` may be read as 5 % or as
/// five times.
fn percentage(raw: &Spanned<RawShare>) -> Result<String, ConfigError> {
    let text = share_text(raw.get_ref());
    if text.trim_end().ends_with('%') {
        return Ok(text);
    }
    let number: Option<f64> = text.trim().parse().ok();
    let example = match number {
        Some(number) if number >= 2.0 => format!("{number}%"),
        Some(number) if number > 1.0 => format!("{}%", percent(number - 1.0)),
        Some(number) if number > 0.0 => format!("{}%", percent(number)),
        _ => "5%".to_owned(),
    };
    let message = format!("`{text}` does not say that it is a percentage");
    Err(ConfigError::new(raw.span(), message).help(format!("write \"{example}\"")))
}

/// A share in percent, without the digits that binary fractions add.
fn percent(share: f64) -> f64 {
    (share * 1e8).round() / 1e6
}

fn check_budget(raw: Spanned<RawBudget>) -> Result<Budget, ConfigError> {
    let span = raw.span();
    let raw = raw.into_inner();
    let scope = check_scope(raw.operation, raw.benchmark, span.clone())?;
    let given = [
        (Statistic::Mean, raw.mean),
        (Statistic::Percentile(0.5), raw.median),
        (Statistic::Percentile(0.95), raw.p95),
        (Statistic::Percentile(0.99), raw.p99),
        (Statistic::Max, raw.max),
        (Statistic::SuccessRate, raw.success_rate),
        (Statistic::ErrorRate, raw.error_rate),
        (Statistic::Panics, raw.panics),
        (Statistic::Cancellations, raw.cancellations),
        (Statistic::Throughput, raw.throughput),
        (Statistic::PeakMemory, raw.peak_memory),
    ];
    let given = given
        .into_iter()
        .filter_map(|(statistic, bound)| Some((statistic, bound?)));
    let is_of_metric = raw.metric.is_some();
    let bounds: Result<Vec<_>, _> = given
        .map(|(statistic, bound)| check_bound(statistic, is_of_metric, bound))
        .collect();
    let bounds = bounds?;
    if bounds.is_empty() {
        return Err(ConfigError::new(span, "this budget has no bound").help(
            "add one of mean, median, p95, p99, max, success_rate, error_rate, panics, cancellations, throughput, peak_memory",
        ));
    }
    Ok(Budget {
        scope,
        metric: raw.metric.map(|name| Metric::named(name.get_ref())),
        counts_cancelled: raw.count_cancelled.unwrap_or(true),
        bounds,
    })
}

fn check_regression(raw: Spanned<RawRegression>) -> Result<Regression, ConfigError> {
    let span = raw.span();
    let raw = raw.into_inner();
    let scope = check_scope(raw.operation, raw.benchmark, span.clone())?;
    if let (Scope::Operation(_), Some(metric)) = (&scope, &raw.metric) {
        let message = "operations are compared by their execution time alone";
        return Err(ConfigError::new(metric.span(), message)
            .help("leave `metric` out, or make the rule for benchmarks"));
    }
    let Some(max_slowdown) = raw.max_slowdown else {
        return Err(ConfigError::new(span, "this regression rule has no bound")
            .help("add max_slowdown = \"3%\""));
    };
    let text = percentage(&max_slowdown)?;
    let wrong = |message: String| ConfigError::new(max_slowdown.span(), message);
    let parsed = Unit::Ratio
        .parse(&text)
        .map_err(|error| wrong(error.to_string()))?;
    if parsed < 0.0 {
        return Err(wrong(format!("`{text}` is negative")));
    }
    Ok(Regression {
        scope,
        metric: raw.metric.map(|name| Metric::named(name.get_ref())),
        max_slowdown: parsed,
    })
}

fn check_scope(
    operation: Option<Spanned<String>>,
    benchmark: Option<Spanned<String>>,
    rule: Range<usize>,
) -> Result<Scope, ConfigError> {
    match (operation, benchmark) {
        (Some(pattern), None) => Ok(Scope::Operation(WildMatch::new(pattern.get_ref()))),
        (None, Some(pattern)) => Ok(Scope::Benchmark(WildMatch::new(pattern.get_ref()))),
        (Some(_), Some(benchmark)) => Err(ConfigError::new(
            benchmark.span(),
            "a rule is for operations or for benchmarks, not for both",
        )),
        (None, None) => Err(
            ConfigError::new(rule, "this rule does not say what it is for")
                .help("add operation = \"*\" or benchmark = \"*\""),
        ),
    }
}

/// Everything that a value of a metric may be given in.
const UNITS: [Unit; 6] = [
    Unit::Nanoseconds,
    Unit::Bytes,
    Unit::PerSecond,
    Unit::BytesPerSecond,
    Unit::Score,
    Unit::Ratio,
];

fn check_bound(
    statistic: Statistic,
    is_of_metric: bool,
    raw: Spanned<RawBound>,
) -> Result<Bound, ConfigError> {
    let span = raw.span();
    if is_of_metric && !statistic.is_of_any_metric() {
        let message = format!("{} is not of a metric", statistic.name());
        return Err(ConfigError::new(span, message)
            .help("give it a [[budget]] of its own, without `metric`"));
    }
    match raw.into_inner() {
        RawBound::Text(text) => parse_bound(statistic, is_of_metric, &text, span),
        RawBound::Levels(levels) => {
            if statistic.kind() == BoundKind::Min && !is_of_metric {
                let message = format!("{} is better when higher: it has no max", statistic.name());
                return Err(ConfigError::new(span, message));
            }
            let limit = format!("<= {}", levels.max.get_ref());
            let mut bound = parse_bound(statistic, is_of_metric, &limit, levels.max.span())?;
            let share_of_limit = |level: Option<&Spanned<String>>| {
                let share = level.map(value::<Share>).transpose()?;
                Ok(share.map(|Share(share)| share * bound.limit))
            };
            let warn = share_of_limit(levels.warn.as_ref())?;
            let critical = share_of_limit(levels.critical.as_ref())?;
            (bound.warn, bound.critical) = (warn, critical);
            Ok(bound)
        }
    }
}

fn parse_bound(
    statistic: Statistic,
    is_of_metric: bool,
    text: &str,
    span: Range<usize>,
) -> Result<Bound, ConfigError> {
    let kind = statistic.kind();
    let example = match kind {
        BoundKind::Max => "<",
        BoundKind::Min => ">=",
    };
    let operators = [
        ("<=", BoundKind::Max, true),
        (">=", BoundKind::Min, true),
        ("<", BoundKind::Max, false),
        (">", BoundKind::Min, false),
    ];
    let trimmed = text.trim();
    let found = operators
        .into_iter()
        .find_map(|(sign, given, inclusive)| Some((trimmed.strip_prefix(sign)?, given, inclusive)));
    let Some((value, given, is_inclusive)) = found else {
        let message = "a bound begins with <, <=, > or >=";
        return Err(ConfigError::new(span, message).help(format!("write \"{example} {trimmed}\"")));
    };
    if given != kind && !is_of_metric {
        let better = match kind {
            BoundKind::Max => "lower",
            BoundKind::Min => "higher",
        };
        let message = format!("{} is better when {better}", statistic.name());
        return Err(
            ConfigError::new(span, message).help(format!("write \"{example} {}\"", value.trim()))
        );
    }
    let units = if is_of_metric {
        &UNITS
    } else {
        statistic.units()
    };
    let mut parsed = units.iter().map(|unit| (unit.parse(value), *unit));
    let first_error = parsed.clone().find_map(|(value, _)| value.err());
    let value = value.trim();
    let Some((Ok(limit), unit)) = parsed.find(|(value, _)| value.is_ok()) else {
        let message = match first_error {
            Some(error) if !is_of_metric => error.to_string(),
            _ => {
                format!("`{value}` is no value with a unit such as 100ms, 2MiB, 99%, 500/s or 0.1")
            }
        };
        return Err(ConfigError::new(span, message));
    };
    if limit < 0.0 {
        return Err(ConfigError::new(span, format!("`{value}` is negative")));
    }
    if unit == Unit::Ratio && limit > 1.0 {
        let error = ConfigError::new(span, format!("`{value}` is more than 100 %"));
        return Err(if value.ends_with('%') {
            error
        } else {
            error.help(format!("write `{value}%`"))
        });
    }
    Ok(Bound {
        statistic,
        kind: given,
        is_inclusive,
        limit,
        unit,
        warn: None,
        critical: None,
    })
}
