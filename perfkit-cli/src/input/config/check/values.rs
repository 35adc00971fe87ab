//! Values of the configuration: from their text, with the place where they stand.

use std::ops::Range;
use std::str::FromStr;

use perfkit::budget::engine::Amount;
use perfkit::unit::Unit;
use toml::Spanned;
use wildmatch::WildMatch;

use crate::args::{RunCount, TimeSpan};
use crate::input::config::config_error::ConfigError;
use crate::input::config::raw::RawShare;
use crate::input::config::rules::{Limit, NumberKind, Scope};

/// Everything that a value of a metric may be given in.
pub(super) const UNITS: [Unit; 6] = [
    Unit::Nanoseconds,
    Unit::Bytes,
    Unit::PerSecond,
    Unit::BytesPerSecond,
    Unit::Score,
    Unit::Ratio,
];

pub(super) fn run_count(runs: Spanned<u64>) -> Result<RunCount, ConfigError> {
    let span = runs.span();
    let checked = RunCount::try_from(runs.into_inner());
    checked.map_err(|message| ConfigError::new(span, message))
}

/// A share, given as a number or as text.
pub(super) fn share<T: FromStr<Err = String>>(raw: Spanned<RawShare>) -> Result<T, ConfigError> {
    let span = raw.span();
    value(&Spanned::new(span, share_text(raw.get_ref())))
}

/// A duration, which states its unit.
pub(super) fn duration(text: &Spanned<String>) -> Result<TimeSpan, ConfigError> {
    if text.get_ref().trim().parse::<f64>().is_ok() {
        let message = format!("`{}` does not state its unit", text.get_ref());
        let help = format!("write \"{}s\"", text.get_ref().trim());
        return Err(ConfigError::new(text.span(), message).help(help));
    }
    value(text)
}

/// A value that is read as it is on the command line.
pub(super) fn value<T: FromStr<Err = String>>(text: &Spanned<String>) -> Result<T, ConfigError> {
    let parsed = text.get_ref().parse();
    parsed.map_err(|message| ConfigError::new(text.span(), message))
}

pub(super) fn share_text(raw: &RawShare) -> String {
    match raw {
        RawShare::Number(number) => number.to_string(),
        RawShare::Text(text) => text.clone(),
    }
}

/// The text of a share that says that it is one: `5` and `1.05` may be read as 5 % or as
/// five times.
pub(super) fn percentage(raw: &Spanned<RawShare>) -> Result<String, ConfigError> {
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

/// By how much something may be worse: `5%` of what it was, or `+2ms`.
pub(super) fn limit(raw: &Spanned<RawShare>, units: &[Unit]) -> Result<Limit, ConfigError> {
    let text = share_text(raw.get_ref());
    let is_share = text.trim_end().ends_with('%');
    if let Some(more) = text.trim().strip_prefix('+')
        && !is_share
    {
        return amount(more, units, raw.span()).map(Limit::Amount);
    }
    let is_counted = !is_share && units == [Unit::Count];
    let text = percentage(raw).map_err(|error| match is_counted {
        true => error.help(format!("write \"+{text}\", or a percentage")),
        false => error,
    })?;
    let wrong = |message: String| ConfigError::new(raw.span(), message);
    let share = Unit::Ratio.parse(&text);
    let share = share.map_err(|error| wrong(error.to_string()))?;
    if share < 0.0 {
        return Err(wrong(format!("`{text}` is negative")));
    }
    Ok(Limit::Share(share))
}

/// A value with a unit, of those that it may have.
pub(super) fn amount(
    text: &str,
    units: &[Unit],
    span: Range<usize>,
) -> Result<Amount, ConfigError> {
    let mut parsed = units.iter().map(|unit| (unit.parse(text), *unit));
    let first_error = parsed.clone().find_map(|(value, _)| value.err());
    let text = text.trim();
    let Some((Ok(value), unit)) = parsed.find(|(value, _)| value.is_ok()) else {
        let message = match first_error {
            Some(error) if units != UNITS => error.to_string(),
            _ => {
                format!("`{text}` is no value with a unit such as 100ms, 2MiB, 99%, 500/s or 0.1")
            }
        };
        return Err(ConfigError::new(span, message));
    };
    if value < 0.0 {
        return Err(ConfigError::new(span, format!("`{text}` is negative")));
    }
    if unit == Unit::Ratio && value > 1.0 {
        let error = ConfigError::new(span, format!("`{text}` is more than 100 %"));
        return Err(if text.ends_with('%') {
            error
        } else {
            error.help(format!("write `{text}%`"))
        });
    }
    Ok(Amount { value, unit })
}

/// What a rule says that it is for.
#[derive(Default)]
pub(super) struct RawScope {
    pub(super) operation: Option<Spanned<String>>,
    pub(super) benchmark: Option<Spanned<String>>,
    pub(super) counter: Option<Spanned<String>>,
    pub(super) gauge: Option<Spanned<String>>,
    pub(super) ratio: Option<Spanned<String>>,
}

/// What a rule is for.
pub(super) fn scope(raw: RawScope, rule: Range<usize>) -> Result<Scope, ConfigError> {
    type Make = fn(WildMatch) -> Scope;
    let given: [(Option<Spanned<String>>, Make); 5] = [
        (raw.operation, Scope::Operation),
        (raw.benchmark, Scope::Benchmark),
        (raw.counter, |name| Scope::Number(NumberKind::Counter, name)),
        (raw.gauge, |name| Scope::Number(NumberKind::Gauge, name)),
        (raw.ratio, |name| Scope::Number(NumberKind::Ratio, name)),
    ];
    let given = given
        .into_iter()
        .filter_map(|(pattern, make)| Some((pattern?, make)));
    let mut given = given.map(|(pattern, make)| {
        let span = pattern.span();
        (span, make(WildMatch::new(pattern.get_ref())))
    });
    let Some((_, scope)) = given.next() else {
        return Err(
            ConfigError::new(rule, "this rule does not say what it is for")
                .help("add operation = \"*\" or benchmark = \"*\""),
        );
    };
    match given.next() {
        None => Ok(scope),
        Some((span, other)) => Err(ConfigError::new(
            span,
            format!(
                "a rule is for {}s or for {}s, not for both",
                scope.word(),
                other.word()
            ),
        )),
    }
}
