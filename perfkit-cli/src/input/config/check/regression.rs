//! Bounds relative to a baseline, checked.

use std::ops::Range;

use perfkit::Metric;
use perfkit::unit::Unit;
use toml::Spanned;

use crate::input::config::config_error::ConfigError;
use crate::input::config::raw::RawRegression;
use crate::input::config::rules::{Regression, Scope};

use super::values::{RawScope, UNITS, amount, limit, scope};

/// The rules that one table holds: one for each metric that it bounds.
pub(super) fn check_regression(
    raw: Spanned<RawRegression>,
) -> Result<Vec<Regression>, ConfigError> {
    let span = raw.span();
    let raw = raw.into_inner();
    let scope = scope(
        RawScope {
            operation: raw.operation,
            benchmark: raw.benchmark,
            ..RawScope::default()
        },
        span.clone(),
    )?;
    let metric = raw.metric.as_ref();
    let of_metric = metric.map(|name| Metric::named(name.get_ref()));
    let units = match metric {
        None => &[Unit::Nanoseconds][..],
        Some(_) => &UNITS,
    };
    let counts = [
        (raw.max_allocations, Metric::ALLOCATIONS, Unit::Count),
        (raw.max_allocated, Metric::ALLOCATED, Unit::Bytes),
        (raw.max_instructions, Metric::INSTRUCTIONS, Unit::Count),
        (raw.max_cycles, Metric::named("cycles"), Unit::Count),
    ];
    let other = counts.iter().find_map(|(limit, ..)| limit.as_ref());
    let other = other.map(Spanned::span);
    if let (Scope::Operation(_), Some(span)) = (&scope, other.or(metric.map(Spanned::span))) {
        let message = "operations are compared by their execution time alone";
        return Err(
            ConfigError::new(span, message).help("leave this out, or make the rule for benchmarks")
        );
    }
    let rule = |metric, limit, min_change| Regression {
        scope: scope.clone(),
        metric,
        limit,
        min_change,
    };
    let mut rules = Vec::new();
    match (&raw.max_slowdown, &raw.min_change) {
        (Some(max_slowdown), min_change) => {
            let least = |text: &Spanned<String>| amount(text.get_ref(), units, text.span());
            let min_change = min_change.as_ref().map(least).transpose()?;
            rules.push(rule(of_metric, limit(max_slowdown, units)?, min_change));
        }
        (None, Some(min_change)) => return Err(lacks_slowdown("min_change", min_change.span())),
        (None, None) => {
            if let Some(metric) = metric {
                return Err(lacks_slowdown("metric", metric.span()));
            }
        }
    }
    for (raw, metric, unit) in counts {
        if let Some(raw) = raw {
            rules.push(rule(Some(metric), limit(&raw, &[unit])?, None));
        }
    }
    if rules.is_empty() {
        let message = "this regression rule has no bound";
        return Err(ConfigError::new(span, message).help("add max_slowdown = \"3%\""));
    }
    Ok(rules)
}

fn lacks_slowdown(key: &str, span: Range<usize>) -> ConfigError {
    let message = format!("{key} is beside max_slowdown, which this rule lacks");
    ConfigError::new(span, message).help("add max_slowdown = \"3%\"")
}
