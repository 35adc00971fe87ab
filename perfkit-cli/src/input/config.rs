//! `perfkit.toml`: found upwards from the working directory, checked whole.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use perfkit::unit::Unit;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use toml::Spanned;
use wildmatch::WildMatch;

use crate::args::{Confidence, Share, TimeSpan};
use crate::error::Error;

use super::config_error::{Mistake, explain, explain_toml};

/// The name of the configuration file.
const FILE_NAME: &str = "perfkit.toml";

/// The largest configuration that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// A configuration whose every value was understood.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) compare: CompareDefaults,
    pub(crate) rules: Rules,
}

/// What `perfkit compare` does unless told otherwise.
#[derive(Debug, Default)]
pub(crate) struct CompareDefaults {
    pub(crate) warmup: Option<u64>,
    pub(crate) min_runs: Option<u64>,
    pub(crate) max_runs: Option<u64>,
    pub(crate) time: Option<Duration>,
    pub(crate) shell: Option<String>,
    pub(crate) confidence: Option<f64>,
    pub(crate) indifference: Option<f64>,
}

/// What `perfkit gate` holds reports against.
#[derive(Debug)]
pub(crate) struct Rules {
    /// How sure a decision must be, on each side.
    pub(crate) confidence: f64,
    pub(crate) inconclusive: Inconclusive,
    pub(crate) budgets: Vec<Budget>,
    pub(crate) regressions: Vec<Regression>,
}

/// What a rule that cannot be decided does to the gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Inconclusive {
    #[default]
    Pass,
    Fail,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            confidence: 0.99,
            inconclusive: Inconclusive::Pass,
            budgets: Vec::new(),
            regressions: Vec::new(),
        }
    }
}

/// Which operations or benchmarks a rule is for.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Operation(WildMatch),
    Benchmark(WildMatch),
}

/// Absolute bounds.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) subject: Subject,
    pub(crate) bounds: Vec<Bound>,
}

/// One absolute bound.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) quantity: Quantity,
    pub(crate) direction: Direction,
    /// Whether the bound itself is still allowed.
    pub(crate) is_inclusive: bool,
    /// In base units.
    pub(crate) limit: f64,
    pub(crate) unit: Unit,
    /// Beyond this value, still within the bound, there is a warning.
    pub(crate) warn: Option<f64>,
    /// Beyond this value, still within the bound, it is called critical.
    pub(crate) critical: Option<f64>,
}

/// Which side of its limit a value must stay on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Below,
    Above,
}

/// What a bound is on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Quantity {
    Mean,
    Percentile(f64),
    Max,
    SuccessRate,
    Throughput,
    PeakMemory,
}

impl Quantity {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Mean => "mean".to_owned(),
            Self::Percentile(0.5) => "median".to_owned(),
            Self::Percentile(quantile) => format!("p{}", quantile * 100.0),
            Self::Max => "max".to_owned(),
            Self::SuccessRate => "success_rate".to_owned(),
            Self::Throughput => "throughput".to_owned(),
            Self::PeakMemory => "peak_memory".to_owned(),
        }
    }

    fn direction(self) -> Direction {
        match self {
            Self::SuccessRate | Self::Throughput => Direction::Above,
            _ => Direction::Below,
        }
    }

    fn units(self) -> &'static [Unit] {
        match self {
            Self::SuccessRate => &[Unit::Ratio],
            Self::Throughput => &[Unit::PerSecond, Unit::BytesPerSecond],
            Self::PeakMemory => &[Unit::Bytes],
            _ => &[Unit::Nanoseconds],
        }
    }
}

/// A bound relative to a baseline.
#[derive(Debug)]
pub(crate) struct Regression {
    pub(crate) subject: Subject,
    /// The largest tolerated slowdown: 0.03 for 3 %.
    pub(crate) max_slowdown: f64,
}

impl Config {
    /// The named file, or the nearest one upwards; `None` if there is none.
    pub(crate) fn find(named: Option<&Path>) -> Result<Option<(PathBuf, Self)>, Error> {
        let path = match named {
            Some(path) => path.to_owned(),
            None => match nearest()? {
                Some(path) => path,
                None => return Ok(None),
            },
        };
        let read = |error: std::io::Error| {
            Error::usage(format!("cannot read {}: {error}", path.display()))
        };
        let size = std::fs::metadata(&path).map_err(read)?.len();
        if size > LARGEST {
            return Err(Error::usage(format!(
                "{} is larger than 1 MiB",
                path.display()
            )));
        }
        let text = std::fs::read_to_string(&path).map_err(read)?;
        let config = Self::parse(&text, &path.display().to_string())?;
        Ok(Some((path, config)))
    }

    /// Reads a configuration; `path` is only for messages.
    pub(crate) fn parse(text: &str, path: &str) -> Result<Self, Error> {
        let raw: RawConfig =
            toml::from_str(text).map_err(|error| Error::usage(explain_toml(&error, text, path)))?;
        raw.check()
            .map_err(|mistake| Error::usage(explain(&mistake, text, path)))
    }
}

fn nearest() -> Result<Option<PathBuf>, Error> {
    let here = std::env::current_dir()
        .map_err(|error| Error::usage(format!("the working directory is gone: {error}")))?;
    let candidates = here.ancestors().map(|folder| folder.join(FILE_NAME));
    Ok(candidates.into_iter().find(|path| path.is_file()))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawConfig {
    compare: RawCompare,
    gate: RawGate,
    budget: Vec<Spanned<RawBudget>>,
    regression: Vec<Spanned<RawRegression>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawCompare {
    warmup: Option<u64>,
    min_runs: Option<u64>,
    max_runs: Option<u64>,
    time: Option<Spanned<String>>,
    shell: Option<String>,
    confidence: Option<Spanned<RawShare>>,
    indifference: Option<Spanned<RawShare>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawGate {
    confidence: Option<Spanned<RawShare>>,
    inconclusive: Inconclusive,
}

/// A share as a number or as text with a percent sign.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawShare {
    Number(f64),
    Text(String),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawBudget {
    operation: Option<Spanned<String>>,
    benchmark: Option<Spanned<String>>,
    mean: Option<Spanned<RawBound>>,
    median: Option<Spanned<RawBound>>,
    p95: Option<Spanned<RawBound>>,
    p99: Option<Spanned<RawBound>>,
    max: Option<Spanned<RawBound>>,
    success_rate: Option<Spanned<RawBound>>,
    throughput: Option<Spanned<RawBound>>,
    peak_memory: Option<Spanned<RawBound>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawRegression {
    operation: Option<Spanned<String>>,
    benchmark: Option<Spanned<String>>,
    max_slowdown: Option<Spanned<String>>,
}

/// `"< 100ms"`, or a table of a limit and the shares of it that warn.
enum RawBound {
    Text(String),
    Levels(RawLevels),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLevels {
    max: Spanned<String>,
    warn: Option<Spanned<String>>,
    critical: Option<Spanned<String>>,
}

/// By hand, so that a mistake in the table is told at its own place.
impl<'de> Deserialize<'de> for RawBound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BoundVisitor;
        impl<'de> Visitor<'de> for BoundVisitor {
            type Value = RawBound;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a bound such as \"< 100ms\", or { max = \"…\", warn = \"80%\" }")
            }

            fn visit_str<E>(self, text: &str) -> Result<RawBound, E> {
                Ok(RawBound::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawBound, A::Error> {
                RawLevels::deserialize(MapAccessDeserializer::new(map)).map(RawBound::Levels)
            }
        }
        deserializer.deserialize_any(BoundVisitor)
    }
}

impl RawConfig {
    fn check(self) -> Result<Config, Mistake> {
        let defaults = Rules::default();
        let confidence = match &self.gate.confidence {
            Some(given) => confidence(given)?,
            None => defaults.confidence,
        };
        let budgets: Result<_, _> = self.budget.into_iter().map(check_budget).collect();
        let regressions: Result<_, _> = self.regression.into_iter().map(check_regression).collect();
        Ok(Config {
            compare: self.compare.check()?,
            rules: Rules {
                confidence,
                inconclusive: self.gate.inconclusive,
                budgets: budgets?,
                regressions: regressions?,
            },
        })
    }
}

impl RawCompare {
    fn check(self) -> Result<CompareDefaults, Mistake> {
        let time = self.time.as_ref().map(|time| {
            let parsed: Result<TimeSpan, String> = time.get_ref().parse();
            parsed
                .map(|span| span.0)
                .map_err(|error| Mistake::new(time.span(), error))
        });
        let indifference = self.indifference.as_ref().map(share);
        Ok(CompareDefaults {
            warmup: self.warmup,
            min_runs: self.min_runs,
            max_runs: self.max_runs,
            time: time.transpose()?,
            shell: self.shell,
            confidence: self.confidence.as_ref().map(confidence).transpose()?,
            indifference: indifference.transpose()?,
        })
    }
}

fn share(raw: &Spanned<RawShare>) -> Result<f64, Mistake> {
    let text = share_text(raw.get_ref());
    let parsed: Result<Share, String> = text.parse();
    parsed
        .map(|share| share.0)
        .map_err(|error| Mistake::new(raw.span(), error))
}

fn confidence(raw: &Spanned<RawShare>) -> Result<f64, Mistake> {
    let text = share_text(raw.get_ref());
    let parsed: Result<Confidence, String> = text.parse();
    parsed
        .map(|level| level.0)
        .map_err(|error| Mistake::new(raw.span(), error))
}

fn share_text(raw: &RawShare) -> String {
    match raw {
        RawShare::Number(number) => number.to_string(),
        RawShare::Text(text) => text.clone(),
    }
}

fn check_budget(raw: Spanned<RawBudget>) -> Result<Budget, Mistake> {
    let span = raw.span();
    let raw = raw.into_inner();
    let subject = check_subject(raw.operation, raw.benchmark, span.clone())?;
    let given = [
        (Quantity::Mean, raw.mean),
        (Quantity::Percentile(0.5), raw.median),
        (Quantity::Percentile(0.95), raw.p95),
        (Quantity::Percentile(0.99), raw.p99),
        (Quantity::Max, raw.max),
        (Quantity::SuccessRate, raw.success_rate),
        (Quantity::Throughput, raw.throughput),
        (Quantity::PeakMemory, raw.peak_memory),
    ];
    let given = given
        .into_iter()
        .filter_map(|(quantity, bound)| Some((quantity, bound?)));
    let bounds: Result<Vec<_>, _> = given
        .map(|(quantity, bound)| check_bound(quantity, bound))
        .collect();
    let bounds = bounds?;
    if bounds.is_empty() {
        return Err(Mistake::new(span, "this budget has no bound").help(
            "add one of mean, median, p95, p99, max, success_rate, throughput, peak_memory",
        ));
    }
    Ok(Budget { subject, bounds })
}

fn check_regression(raw: Spanned<RawRegression>) -> Result<Regression, Mistake> {
    let span = raw.span();
    let raw = raw.into_inner();
    let subject = check_subject(raw.operation, raw.benchmark, span.clone())?;
    let Some(max_slowdown) = raw.max_slowdown else {
        return Err(Mistake::new(span, "this regression rule has no bound")
            .help("add max_slowdown = \"3%\""));
    };
    let parsed: Result<Share, String> = max_slowdown.get_ref().parse();
    let parsed = parsed.map_err(|error| Mistake::new(max_slowdown.span(), error))?;
    Ok(Regression {
        subject,
        max_slowdown: parsed.0,
    })
}

fn check_subject(
    operation: Option<Spanned<String>>,
    benchmark: Option<Spanned<String>>,
    rule: Range<usize>,
) -> Result<Subject, Mistake> {
    match (operation, benchmark) {
        (Some(pattern), None) => Ok(Subject::Operation(WildMatch::new(pattern.get_ref()))),
        (None, Some(pattern)) => Ok(Subject::Benchmark(WildMatch::new(pattern.get_ref()))),
        (Some(_), Some(benchmark)) => Err(Mistake::new(
            benchmark.span(),
            "a rule is for operations or for benchmarks, not for both",
        )),
        (None, None) => Err(Mistake::new(rule, "this rule does not say what it is for")
            .help("add operation = \"*\" or benchmark = \"*\"")),
    }
}

fn check_bound(quantity: Quantity, raw: Spanned<RawBound>) -> Result<Bound, Mistake> {
    let span = raw.span();
    match raw.into_inner() {
        RawBound::Text(text) => parse_bound(quantity, &text, span),
        RawBound::Levels(levels) => {
            if quantity.direction() == Direction::Above {
                let message = format!("{} is better when higher: it has no max", quantity.name());
                return Err(Mistake::new(span, message));
            }
            let limit = format!("<= {}", levels.max.get_ref());
            let mut bound = parse_bound(quantity, &limit, levels.max.span())?;
            let share_of_limit = |level: Option<&Spanned<String>>| {
                level.map(|level| {
                    let parsed: Result<Share, String> = level.get_ref().parse();
                    parsed
                        .map(|share| share.0 * bound.limit)
                        .map_err(|error| Mistake::new(level.span(), error))
                })
            };
            let warn = share_of_limit(levels.warn.as_ref()).transpose()?;
            let critical = share_of_limit(levels.critical.as_ref()).transpose()?;
            (bound.warn, bound.critical) = (warn, critical);
            Ok(bound)
        }
    }
}

fn parse_bound(quantity: Quantity, text: &str, span: Range<usize>) -> Result<Bound, Mistake> {
    let direction = quantity.direction();
    let example = match direction {
        Direction::Below => "<",
        Direction::Above => ">=",
    };
    let operators = [
        ("<=", Direction::Below, true),
        (">=", Direction::Above, true),
        ("<", Direction::Below, false),
        (">", Direction::Above, false),
    ];
    let trimmed = text.trim();
    let found = operators
        .into_iter()
        .find_map(|(sign, side, inclusive)| Some((trimmed.strip_prefix(sign)?, side, inclusive)));
    let Some((value, side, is_inclusive)) = found else {
        let message = "a bound begins with <, <=, > or >=";
        return Err(Mistake::new(span, message).help(format!("write \"{example} {trimmed}\"")));
    };
    if side != direction {
        let better = match direction {
            Direction::Below => "lower",
            Direction::Above => "higher",
        };
        let message = format!("{} is better when {better}", quantity.name());
        return Err(
            Mistake::new(span, message).help(format!("write \"{example} {}\"", value.trim()))
        );
    }
    let mut parsed = quantity
        .units()
        .iter()
        .map(|unit| (unit.parse(value), *unit));
    let first_error = parsed.clone().find_map(|(value, _)| value.err());
    let Some((Ok(limit), unit)) = parsed.find(|(value, _)| value.is_ok()) else {
        let message = first_error.map_or_else(String::new, |error| error.to_string());
        return Err(Mistake::new(span, message));
    };
    Ok(Bound {
        quantity,
        direction,
        is_inclusive,
        limit,
        unit,
        warn: None,
        critical: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Rules {
        Config::parse(text, "perfkit.toml").unwrap().rules
    }

    fn complaint(text: &str) -> String {
        Config::parse(text, "perfkit.toml")
            .unwrap_err()
            .message()
            .to_owned()
    }

    #[test]
    fn budgets_have_bounds_in_base_units() {
        let rules = rules(
            r#"
            [gate]
            confidence = "95%"
            inconclusive = "fail"
            [[budget]]
            operation = "checkout::*"
            p95 = "< 100ms"
            success_rate = ">= 99.99%"
            throughput = ">= 100k/s"
            peak_memory = { max = "300MB", warn = "80%", critical = "90%" }
            [[regression]]
            benchmark = "*"
            max_slowdown = "3%"
            "#,
        );
        assert_eq!(
            (rules.confidence, rules.inconclusive),
            (0.95, Inconclusive::Fail)
        );
        let bounds = &rules.budgets[0].bounds;
        let limits: Vec<_> = bounds
            .iter()
            .map(|b| (b.quantity.name(), b.limit))
            .collect();
        let limits: Vec<_> = limits
            .iter()
            .map(|(name, limit)| (name.as_str(), *limit))
            .collect();
        assert_eq!(
            limits,
            [
                ("p95", 100e6),
                ("success_rate", 0.9999),
                ("throughput", 100e3),
                ("peak_memory", 300e6)
            ]
        );
        assert_eq!(
            (bounds[3].warn, bounds[3].critical),
            (Some(240e6), Some(270e6))
        );
        assert_eq!(rules.regressions[0].max_slowdown, 0.03);
    }

    #[test]
    fn an_unknown_key_is_shown_with_a_suggestion() {
        let text = complaint("[[budget]]\noperation = \"*\"\np59 = \"< 1s\"\n");
        assert!(text.contains("unknown field `p59`"), "{text}");
        assert!(text.contains("perfkit.toml:3:1"), "{text}");
        assert!(text.contains("^^^"), "{text}");
        assert!(text.contains("did you mean `p95`?"), "{text}");
    }

    #[test]
    fn a_wrong_unit_is_shown_at_its_place() {
        let text = complaint("[[budget]]\noperation = \"*\"\np95 = \"< 100mss\"\n");
        assert!(text.contains("`100mss` is not a duration"), "{text}");
        assert!(text.contains("perfkit.toml:3:7"), "{text}");
    }

    #[test]
    fn bounds_that_make_no_sense_are_refused() {
        let with = |line: &str| complaint(&format!("[[budget]]\noperation = \"*\"\n{line}\n"));
        assert!(with("p95 = \"100ms\"").contains("begins with <"));
        assert!(with("p95 = \"> 100ms\"").contains("better when lower"));
        assert!(with("success_rate = \"< 99%\"").contains("better when higher"));
        assert!(with("p95 = 100").contains("a bound such as"));
        assert!(
            with("peak_memory = { max = \"1MB\", wran = \"80%\" }")
                .contains("did you mean `warn`?")
        );
        assert!(with("").contains("has no bound"));
        assert!(complaint("[[budget]]\np95 = \"< 1s\"\n").contains("does not say what it is for"));
        assert!(complaint("[[regression]]\nbenchmark = \"*\"\n").contains("max_slowdown"));
        assert!(complaint("[gate]\nconfidence = 2\n").contains("not between 0 and 100 %"));
        assert!(complaint("[gate\n").contains("perfkit.toml:1:"));
    }
}
