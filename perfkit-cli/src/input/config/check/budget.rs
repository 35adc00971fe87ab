//! Absolute bounds, checked.

use std::ops::Range;

use perfkit::Metric;
use toml::Spanned;

use crate::args::Share;
use crate::input::config::config_error::ConfigError;
use crate::input::config::raw::{RawBound, RawBudget};
use crate::input::config::rules::{Bound, BoundKind, Budget, Statistic};

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
    let is_of_metric = raw.metric.is_some();
    let bounds: Result<Vec<_>, _> = given
        .map(|(statistic, bound)| check_bound(statistic, is_of_metric, bound))
        .collect();
    let bounds = bounds?;
    if bounds.is_empty() {
        let names = Statistic::ALL.map(Statistic::name).join(", ");
        return Err(
            ConfigError::new(span, "this budget has no bound").help(format!("add one of {names}"))
        );
    }
    Ok(Budget {
        scope,
        metric: raw.metric.map(|name| Metric::named(name.get_ref())),
        counts_cancelled: raw.count_cancelled.unwrap_or(true),
        bounds,
    })
}

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
    Ok(Bound {
        statistic,
        kind: given,
        is_inclusive,
        limit: amount(value, units, span)?,
        warn: None,
        critical: None,
    })
}
