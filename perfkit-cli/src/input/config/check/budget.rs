//! Absolute bounds, checked.

use std::ops::Range;

use perfkit::Metric;
use perfkit::budget::engine::{Bound, BoundKind, Statistic};
use perfkit::unit::Unit;
use toml::Spanned;

use crate::args::Share;
use crate::input::config::config_error::ConfigError;
use crate::input::config::raw::{RawBound, RawBudget, RawLevels};
use crate::input::config::rules::{Budget, NumberKind, Scope};

use super::values::{RawScope, UNITS, amount, scope, value};

/// A ratio may be of a part, as `95%`, or of anything, as `1.5`.
const RATIO_UNITS: [Unit; 2] = [Unit::Score, Unit::Ratio];

pub(super) fn check_budget(raw: Spanned<RawBudget>) -> Result<Budget, ConfigError> {
    let span = raw.span();
    let raw = raw.into_inner();
    let of = RawScope {
        operation: raw.operation,
        benchmark: raw.benchmark,
        counter: raw.counter,
        gauge: raw.gauge,
        ratio: raw.ratio,
    };
    let scope = scope(of, span.clone())?;
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
        (Statistic::Total, raw.total),
        (Statistic::PerSecond, raw.per_second),
        (Statistic::Value, raw.value),
        (Statistic::Min, raw.min),
    ];
    let given = given
        .into_iter()
        .filter_map(|(statistic, bound)| Some((statistic, bound?)));
    if let (Scope::Number(kind, _), Some(metric)) = (&scope, &raw.metric) {
        let message = format!("a {} has no metrics", kind.word());
        return Err(ConfigError::new(metric.span(), message).help("leave `metric` out"));
    }
    let metric = raw.metric.map(|name| Metric::named(name.get_ref()));
    let rule = Rule {
        scope: &scope,
        metric: metric.as_ref(),
    };
    let bounds = given.map(|(statistic, bound)| {
        let mut bound = rule.check_bound(statistic, bound)?;
        bound.counts_cancelled = raw.count_cancelled.unwrap_or(true);
        Ok(bound)
    });
    let bounds: Result<Vec<_>, _> = bounds.collect();
    let bounds = bounds?;
    if bounds.is_empty() {
        let help = format!("add one of {}", rule.names());
        return Err(ConfigError::new(span, "this budget has no bound").help(help));
    }
    Ok(Budget { scope, bounds })
}

/// What a bound may be given in.
pub(super) fn units_of(scope: &Scope, statistic: Statistic) -> &'static [Unit] {
    match (scope, statistic) {
        (_, Statistic::PerSecond) => &[Unit::PerSecond, Unit::BytesPerSecond],
        (Scope::Number(NumberKind::Ratio, _), _) => &RATIO_UNITS,
        (Scope::Number(..), _) => &UNITS,
        (Scope::Operation(_) | Scope::Benchmark(_), statistic) => statistic.units(),
    }
}

/// What the bounds of a budget are for.
struct Rule<'a> {
    scope: &'a Scope,
    metric: Option<&'a Metric>,
}

impl Rule<'_> {
    fn names(&self) -> String {
        let names = self.scope.statistics().iter().map(|one| one.name());
        names.collect::<Vec<_>>().join(", ")
    }

    /// Whether high values may be good as well as low ones.
    fn has_any_direction(&self) -> bool {
        self.metric.is_some() || matches!(self.scope, Scope::Number(..))
    }

    fn check_bound(
        &self,
        statistic: Statistic,
        raw: Spanned<RawBound>,
    ) -> Result<Bound, ConfigError> {
        let span = raw.span();
        if !self.scope.statistics().contains(&statistic) {
            let (name, of) = (statistic.name(), self.scope.word());
            let message = format!("{name} is no bound on {of}s");
            let help = format!("a budget of {of}s has {}", self.names());
            return Err(ConfigError::new(span, message).help(help));
        }
        if self.metric.is_some() && !statistic.is_of_any_metric() {
            let message = format!("{} is not of a metric", statistic.name());
            return Err(ConfigError::new(span, message)
                .help("give it a [[budget]] of its own, without `metric`"));
        }
        match raw.into_inner() {
            RawBound::Text(text) => self.parse_bound(statistic, &text, span),
            RawBound::Levels(levels) => self.check_levels(statistic, &levels, span),
        }
    }

    fn check_levels(
        &self,
        statistic: Statistic,
        levels: &RawLevels,
        span: Range<usize>,
    ) -> Result<Bound, ConfigError> {
        let name = statistic.name();
        let (given, kind) = match (&levels.max, &levels.min) {
            (Some(max), None) => (max, BoundKind::Max),
            (None, Some(min)) => (min, BoundKind::Min),
            (None, None) => {
                let message = format!("{name} has no limit");
                return Err(ConfigError::new(span, message).help("add max or min"));
            }
            (Some(_), Some(min)) => {
                let message = format!("{name} has both max and min");
                return Err(ConfigError::new(min.span(), message)
                    .help("give one of them a [[budget]] of its own"));
            }
        };
        if statistic.kind() != kind && !self.has_any_direction() {
            let message = match kind {
                BoundKind::Max => format!("{name} is better when higher: it has no max"),
                BoundKind::Min => format!("{name} is better when lower: it has no min"),
            };
            return Err(ConfigError::new(span, message));
        }
        let sign = match kind {
            BoundKind::Max => "<=",
            BoundKind::Min => ">=",
        };
        let limit = format!("{sign} {}", given.get_ref());
        let mut bound = self.parse_bound(statistic, &limit, given.span())?;
        let level = |level: Option<&Spanned<String>>| {
            let share = level.map(value::<Share>).transpose()?;
            Ok(share.map(|Share(share)| bound.at_used_share(share)))
        };
        let (warn, critical) = (
            level(levels.warn.as_ref())?,
            level(levels.critical.as_ref())?,
        );
        (bound.warn, bound.critical) = (warn, critical);
        Ok(bound)
    }

    fn parse_bound(
        &self,
        statistic: Statistic,
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
        let found = operators.into_iter().find_map(|(sign, given, inclusive)| {
            Some((trimmed.strip_prefix(sign)?, given, inclusive))
        });
        let Some((value, given, is_inclusive)) = found else {
            let message = "a bound begins with <, <=, > or >=";
            return Err(
                ConfigError::new(span, message).help(format!("write \"{example} {trimmed}\""))
            );
        };
        if given != kind && !self.has_any_direction() {
            let better = match kind {
                BoundKind::Max => "lower",
                BoundKind::Min => "higher",
            };
            let message = format!("{} is better when {better}", statistic.name());
            let help = format!("write \"{example} {}\"", value.trim());
            return Err(ConfigError::new(span, message).help(help));
        }
        let units = match self.metric {
            Some(_) => &UNITS,
            None => units_of(self.scope, statistic),
        };
        let mut limit = amount(value, units, span)?;
        if matches!(self.scope, Scope::Number(NumberKind::Ratio, _)) && limit.value <= 1.0 {
            limit.unit = Unit::Ratio;
        }
        Ok(Bound {
            statistic,
            metric: self.metric.cloned(),
            counts_cancelled: true,
            kind: given,
            is_inclusive,
            limit,
            warn: None,
            critical: None,
        })
    }
}
