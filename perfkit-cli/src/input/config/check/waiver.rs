//! Waivers, checked.

use perfkit::Metric;
use perfkit::budget::engine::Statistic;
use perfkit::unit::Unit;
use toml::Spanned;
use toml::value::{Date, Datetime};

use crate::args::most_similar;
use crate::input::config::config_error::ConfigError;
use crate::input::config::raw::{RawShare, RawWaiver};
use crate::input::config::rules::{Ceiling, Scope, Waiver};

use super::budget::units_of;
use super::values::{RawScope, UNITS, amount, limit, scope, share_text};

pub(super) fn check_waiver(raw: Spanned<RawWaiver>) -> Result<Waiver, ConfigError> {
    let span = raw.span();
    let raw = raw.into_inner();
    let scope = scope(
        RawScope {
            operation: raw.operation,
            benchmark: raw.benchmark,
            counter: raw.counter,
            gauge: raw.gauge,
            ratio: raw.ratio,
        },
        span.clone(),
    )?;
    let lacks = |key: &str, example: &str| {
        let message = format!("this waiver has no {key}");
        ConfigError::new(span.clone(), message).help(format!("add {key} = {example}"))
    };
    let until = raw.until.ok_or_else(|| lacks("until", "2027-01-31"))?;
    let reason = raw.reason.ok_or_else(|| lacks("reason", "\"…\""))?;
    if reason.get_ref().trim().is_empty() {
        return Err(ConfigError::new(reason.span(), "a waiver has a reason"));
    }
    let ceiling = raw.ceiling.ok_or_else(|| lacks("ceiling", "\"10%\""))?;
    let is_of_metric = raw.metric.is_some();
    let ceiling = check_ceiling(&scope, raw.bound.as_ref(), is_of_metric, &ceiling)?;
    if let (Scope::Number(..), Ceiling::Regression(_)) = (&scope, ceiling) {
        return Err(lacks("bound", "\"value\""));
    }
    Ok(Waiver {
        scope,
        metric: raw.metric.map(|name| Metric::named(name.get_ref())),
        ceiling,
        until: date(&until)?,
        reason: reason.into_inner(),
    })
}

fn check_ceiling(
    scope: &Scope,
    bound: Option<&Spanned<String>>,
    is_of_metric: bool,
    ceiling: &Spanned<RawShare>,
) -> Result<Ceiling, ConfigError> {
    let Some(bound) = bound else {
        let units = if is_of_metric {
            &UNITS[..]
        } else {
            &[Unit::Nanoseconds]
        };
        return limit(ceiling, units).map(Ceiling::Regression);
    };
    let all = scope.statistics().iter().copied();
    let named = |statistic: &Statistic| statistic.name() == *bound.get_ref();
    let Some(statistic) = all.clone().find(named) else {
        let message = format!("`{}` is no bound of a budget", bound.get_ref());
        let error = ConfigError::new(bound.span(), message);
        let names: Vec<String> = all.map(Statistic::name).collect();
        let similar = most_similar(bound.get_ref(), names.iter().map(String::as_str));
        return Err(match similar {
            Some(name) => error.help(format!("did you mean `{name}`?")),
            None => error.help(format!("it is one of {}", names.join(", "))),
        });
    };
    let units = match is_of_metric {
        true => &UNITS,
        false => units_of(scope, statistic),
    };
    let text = share_text(ceiling.get_ref());
    amount(&text, units, ceiling.span()).map(|limit| Ceiling::Bound(statistic, limit))
}

fn date(until: &Spanned<Datetime>) -> Result<Date, ConfigError> {
    match until.get_ref() {
        Datetime {
            date: Some(date),
            time: None,
            offset: None,
        } => Ok(*date),
        _ => {
            let message = "a waiver ends with a day";
            Err(ConfigError::new(until.span(), message).help("write until = 2027-01-31"))
        }
    }
}
