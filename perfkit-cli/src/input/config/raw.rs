//! The configuration as it stands in the file: text with places.

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use toml::Spanned;
use toml::value::Datetime;

use super::rules::{OnInconclusive, OnMissing};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawConfig {
    pub(super) compare: RawCompare,
    pub(super) gate: RawGate,
    pub(super) history: RawHistory,
    pub(super) budget: Vec<Spanned<RawBudget>>,
    pub(super) regression: Vec<Spanned<RawRegression>>,
    pub(super) waiver: Vec<Spanned<RawWaiver>>,
}

/// The configuration for those who only want the defaults of `compare`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawCompareOnly {
    pub(super) compare: RawCompare,
    #[serde(rename = "gate")]
    _gate: IgnoredAny,
    #[serde(rename = "history")]
    _history: IgnoredAny,
    #[serde(rename = "budget")]
    _budget: IgnoredAny,
    #[serde(rename = "regression")]
    _regression: IgnoredAny,
    #[serde(rename = "waiver")]
    _waiver: IgnoredAny,
}

/// The configuration for those who only want to know where the history is.
#[cfg(feature = "history")]
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawHistoryOnly {
    pub(super) history: RawHistory,
    #[serde(rename = "compare")]
    _compare: IgnoredAny,
    #[serde(rename = "gate")]
    _gate: IgnoredAny,
    #[serde(rename = "budget")]
    _budget: IgnoredAny,
    #[serde(rename = "regression")]
    _regression: IgnoredAny,
    #[serde(rename = "waiver")]
    _waiver: IgnoredAny,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawCompare {
    pub(super) warmup: Option<u64>,
    pub(super) min_runs: Option<Spanned<u64>>,
    pub(super) max_runs: Option<Spanned<u64>>,
    pub(super) time: Option<Spanned<String>>,
    pub(super) shell: Option<String>,
    pub(super) confidence: Option<Spanned<RawShare>>,
    pub(super) indifference: Option<Spanned<RawShare>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawGate {
    pub(super) confidence: Option<Spanned<RawShare>>,
    pub(super) inconclusive: OnInconclusive,
    pub(super) missing: Option<OnMissing>,
    pub(super) stale: Option<OnMissing>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawHistory {
    pub(super) store: Option<Spanned<String>>,
}

/// A share as a number or as text with a percent sign.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum RawShare {
    Number(f64),
    Text(String),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawBudget {
    pub(super) operation: Option<Spanned<String>>,
    pub(super) benchmark: Option<Spanned<String>>,
    pub(super) counter: Option<Spanned<String>>,
    pub(super) gauge: Option<Spanned<String>>,
    pub(super) ratio: Option<Spanned<String>>,
    pub(super) metric: Option<Spanned<String>>,
    pub(super) mean: Option<Spanned<RawBound>>,
    pub(super) median: Option<Spanned<RawBound>>,
    pub(super) p95: Option<Spanned<RawBound>>,
    pub(super) p99: Option<Spanned<RawBound>>,
    pub(super) max: Option<Spanned<RawBound>>,
    pub(super) success_rate: Option<Spanned<RawBound>>,
    pub(super) error_rate: Option<Spanned<RawBound>>,
    pub(super) panics: Option<Spanned<RawBound>>,
    pub(super) cancellations: Option<Spanned<RawBound>>,
    pub(super) count_cancelled: Option<bool>,
    pub(super) throughput: Option<Spanned<RawBound>>,
    pub(super) peak_memory: Option<Spanned<RawBound>>,
    pub(super) total: Option<Spanned<RawBound>>,
    pub(super) per_second: Option<Spanned<RawBound>>,
    pub(super) value: Option<Spanned<RawBound>>,
    pub(super) min: Option<Spanned<RawBound>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawRegression {
    pub(super) operation: Option<Spanned<String>>,
    pub(super) benchmark: Option<Spanned<String>>,
    pub(super) metric: Option<Spanned<String>>,
    pub(super) max_slowdown: Option<Spanned<RawShare>>,
    pub(super) min_change: Option<Spanned<String>>,
    pub(super) max_allocations: Option<Spanned<RawShare>>,
    pub(super) max_allocated: Option<Spanned<RawShare>>,
    pub(super) max_instructions: Option<Spanned<RawShare>>,
    pub(super) max_cycles: Option<Spanned<RawShare>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawWaiver {
    pub(super) operation: Option<Spanned<String>>,
    pub(super) benchmark: Option<Spanned<String>>,
    pub(super) counter: Option<Spanned<String>>,
    pub(super) gauge: Option<Spanned<String>>,
    pub(super) ratio: Option<Spanned<String>>,
    pub(super) metric: Option<Spanned<String>>,
    pub(super) bound: Option<Spanned<String>>,
    pub(super) ceiling: Option<Spanned<RawShare>>,
    pub(super) until: Option<Spanned<Datetime>>,
    pub(super) reason: Option<Spanned<String>>,
}

/// `"< 100ms"`, or a table of a limit and the shares of it that warn.
pub(super) enum RawBound {
    Text(String),
    Levels(RawLevels),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLevels {
    pub(super) max: Option<Spanned<String>>,
    pub(super) min: Option<Spanned<String>>,
    pub(super) warn: Option<Spanned<String>>,
    pub(super) critical: Option<Spanned<String>>,
}

/// By hand, so that an error in the table is told at its own place.
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
