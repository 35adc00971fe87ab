//! Absolute bounds, checked.

use std::ops::Range;

use perfkit::Metric;
use perfkit::budget::engine::{Bound, BoundKind, Statistic};
use toml::Spanned;

use crate::args::Share;
use crate::input::config::config_error::ConfigError;
use crate::input::config::raw::{RawBound, RawBudget};
use crate::input::config::rules::Budget;

use super::values::{UNITS, amount, scope, value};

pub(super) fn check_budget(raw: Spanned<RawBudget>) -> Result<Budget, ConfigError> {
    let span = raw.span();
    let raw = raw.into_inner();
    let scope = scope(raw.operation, raw.benchmark, span.clone())?;
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
    let metric = raw.metric.map(|name| Metric::named(name.get_ref()));
    let bounds = given.map(|(statistic, bound)| {
        let mut bound = check_bound(statistic, metric.as_ref(), bound)?;
        bound.counts_cancelled = raw.count_cancelled.unwrap_or(true);
        Ok(bound)
    });
    let bounds: Result<Vec<_>, _> = bounds.collect();
    let bounds = bounds?;
    if bounds.is_empty() {
        let names = Statistic::ALL.map(Statistic::name).join(", ");
        return Err(
            ConfigError::new(span, "this budget has no bound").help(format!("add one of {names}"))
        );
    }
    Ok(Budget { scope, bounds })
}

fn check_bound(
    statistic: Statistic,
    metric: Option<&Metric>,
    raw: Spanned<RawBound>,
) -> Result<Bound, ConfigError> {
    let span = raw.span();
    if metric.is_some() && !statistic.is_of_any_metric() {
        let message = format!("{} is not of a metric", statistic.name());
        return Err(ConfigError::new(span, message)
            .help("give it a [[budget]] of its own, without `metric`"));
    }
    match raw.into_inner() {
        RawBound::Text(text) => parse_bound(statistic, metric, &text, span),
        RawBound::Levels(levels) => {
            if statistic.kind() == BoundKind::Min && metric.is_none() {
                let message = format!("{} is better when higher: it has no max", statistic.name());
                return Err(ConfigError::new(span, message));
            }
            let limit = format!("<= {}", levels.max.get_ref());
            let mut bound = parse_bound(statistic, metric, &limit, levels.max.span())?;
            let share_of_limit = |level: Option<&Spanned<String>>| {
                let share = level.map(value::<Share>).transpose()?;
                Ok(share.map(|Share(share)| share * bound.limit.value))
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
    metric: Option<&Metric>,
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
    if given != kind && metric.is_none() {
        let better = match kind {
            BoundKind::Max => "lower",
            BoundKind::Min => "higher",
        };
        let message = format!("{} is better when {better}", statistic.name());
        return Err(
            ConfigError::new(span, message).help(format!("write \"{example} {}\"", value.trim()))
        );
    }
    let units = match metric {
        Some(_) => &UNITS,
        None => statistic.units(),
    };
    Ok(Bound {
        statistic,
        metric: metric.cloned(),
        counts_cancelled: true,
        kind: given,
        is_inclusive,
        limit: amount(value, units, span)?,
        warn: None,
        critical: None,
    })
}
