//! `perfkit.toml`: found upwards from the working directory, checked whole.

mod check;
mod config_error;
mod raw;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use perfkit::Metric;
use perfkit::unit::Unit;
use serde::Deserialize;
use wildmatch::WildMatch;

use crate::args::{Confidence, Origin, RunCount, Setting, Share, TimeSpan, Variable};
use crate::error::{Error, shown};

use config_error::{ConfigError, explain, explain_toml};
use raw::{RawCompareOnly, RawConfig};

/// The name of the configuration file.
const FILE_NAME: &str = "perfkit.toml";

/// The largest configuration that is read.
const LARGEST_BYTES: u64 = 1 << 20;

/// The configuration's file, as text.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    /// Where it is, and what named it; the default is the nearest one upwards.
    pub(crate) path: Setting<PathBuf>,
    text: String,
}

/// What `perfkit compare` does unless told otherwise.
#[derive(Debug, Default)]
pub(crate) struct CompareDefaults {
    pub(crate) warmup: Option<u64>,
    pub(crate) min_runs: Option<RunCount>,
    pub(crate) max_runs: Option<RunCount>,
    pub(crate) time: Option<TimeSpan>,
    pub(crate) shell: Option<String>,
    pub(crate) confidence: Option<Confidence>,
    pub(crate) indifference: Option<Share>,
}

/// What `perfkit gate` holds reports against.
#[derive(Clone, Debug)]
pub(crate) struct GateRules {
    /// How sure a decision must be, on each side.
    pub(crate) confidence: f64,
    pub(crate) inconclusive: OnInconclusive,
    /// What happens where something is gone; by default it fails where a rule names
    /// it, and warns where a pattern would match it.
    pub(crate) missing: Option<OnMissing>,
    pub(crate) budgets: Vec<Budget>,
    pub(crate) regressions: Vec<Regression>,
}

impl GateRules {
    /// The budgets alone.
    pub(crate) fn without_regressions(&self) -> Self {
        Self {
            regressions: Vec::new(),
            ..self.clone()
        }
    }

    /// The regressions alone.
    pub(crate) fn without_budgets(&self) -> Self {
        Self {
            budgets: Vec::new(),
            ..self.clone()
        }
    }
}

/// What a rule that cannot be decided does to the gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnInconclusive {
    #[default]
    Pass,
    Fail,
}

impl Default for GateRules {
    fn default() -> Self {
        Self {
            confidence: 0.99,
            inconclusive: OnInconclusive::Pass,
            missing: None,
            budgets: Vec::new(),
            regressions: Vec::new(),
        }
    }
}

/// Which operations or benchmarks a rule is for.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    Operation(WildMatch),
    Benchmark(WildMatch),
}

impl Scope {
    fn pattern(&self) -> &WildMatch {
        match self {
            Self::Operation(pattern) | Self::Benchmark(pattern) => pattern,
        }
    }

    /// Whether the rule is for what has this name.
    pub(crate) fn matches(&self, name: &str) -> bool {
        self.pattern().matches(name)
    }

    /// Whether it is a name, and no pattern.
    pub(crate) fn is_literal(&self) -> bool {
        !self.to_string().contains(['*', '?'])
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pattern().fmt(f)
    }
}

/// What a rule does to the gate that is for something which only the baseline has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnMissing {
    Pass,
    Warn,
    Fail,
}

/// Absolute bounds.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    pub(crate) scope: Scope,
    /// The metric that mean, percentiles and maximum are of, instead of the time.
    pub(crate) metric: Option<Metric>,
    pub(crate) bounds: Vec<Bound>,
}

/// One absolute bound.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) statistic: Statistic,
    pub(crate) kind: BoundKind,
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
pub(crate) enum BoundKind {
    /// The limit is the largest value.
    Max,
    /// The limit is the smallest value.
    Min,
}

/// What a bound is on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Statistic {
    Mean,
    Percentile(f64),
    Max,
    SuccessRate,
    Throughput,
    PeakMemory,
}

impl Statistic {
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

    fn kind(self) -> BoundKind {
        match self {
            Self::SuccessRate | Self::Throughput => BoundKind::Min,
            _ => BoundKind::Max,
        }
    }

    /// Whether it can be had of any metric.
    fn is_of_any_metric(self) -> bool {
        !matches!(
            self,
            Self::SuccessRate | Self::Throughput | Self::PeakMemory
        )
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
#[derive(Clone, Debug)]
pub(crate) struct Regression {
    pub(crate) scope: Scope,
    /// The metric that is compared instead of the time; of benchmarks only.
    pub(crate) metric: Option<Metric>,
    /// The largest tolerated slowdown, or worsening of the metric: 0.03 for 3 %.
    pub(crate) max_slowdown: f64,
}

impl ConfigFile {
    /// The file that a flag names, or `PERFKIT_CONFIG`, or else the nearest one
    /// upwards; `None` if there is none.
    pub(crate) fn find(flag: Option<&Path>) -> Result<Option<Self>, Error> {
        let named = Setting::find(flag.map(Path::to_owned), Variable::CONFIG, None)?;
        let nearest = || Some(Setting::new(nearest()?, Origin::Default));
        let Some(path) = named.or_else(nearest) else {
            return Ok(None);
        };
        let text = read(&path.value)?;
        Ok(Some(Self { path, text }))
    }

    /// What `perfkit compare` does unless told otherwise; the rules of a gate in
    /// the same file are not looked at.
    pub(crate) fn compare_defaults(&self) -> Result<CompareDefaults, Error> {
        self.checked(|raw: RawCompareOnly| raw.compare.check())
    }

    /// The rules of a gate, when everything in the file was understood.
    pub(crate) fn rules(&self) -> Result<GateRules, Error> {
        self.checked(RawConfig::check)
    }

    fn checked<'de, Raw: Deserialize<'de>, T>(
        &'de self,
        check: impl FnOnce(Raw) -> Result<T, ConfigError>,
    ) -> Result<T, Error> {
        let path = self.path.value.display().to_string();
        let raw = toml::Deserializer::parse(&self.text)
            .and_then(Raw::deserialize)
            .map_err(|error| Error::usage(explain_toml(&error, &self.text, &path)))?;
        check(raw).map_err(|error| Error::usage(explain(&error, &self.text, &path)))
    }
}

fn read(path: &Path) -> Result<String, Error> {
    let failed =
        |error: std::io::Error| Error::usage(format!("cannot read {}: {error}", shown(path)));
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    file.take(LARGEST_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(failed)?;
    if text.len() as u64 > LARGEST_BYTES {
        return Err(Error::usage(format!(
            "{} is larger than 1 MiB",
            shown(path)
        )));
    }
    Ok(text)
}

fn nearest() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let candidates = here.ancestors().map(|folder| folder.join(FILE_NAME));
    candidates.into_iter().find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> ConfigFile {
        ConfigFile {
            path: Setting::new("perfkit.toml".into(), Origin::Default),
            text: text.to_owned(),
        }
    }

    fn rules(text: &str) -> GateRules {
        file(text).rules().unwrap()
    }

    fn complaint(text: &str) -> String {
        file(text).rules().unwrap_err().message().to_owned()
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
            (0.95, OnInconclusive::Fail)
        );
        let bounds = &rules.budgets[0].bounds;
        let limits: Vec<_> = bounds
            .iter()
            .map(|b| (b.statistic.name(), b.limit))
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
    fn a_slowdown_is_a_percentage_of_any_size_and_says_so() {
        let rule =
            |text: &str| format!("[[regression]]\nbenchmark = \"*\"\nmax_slowdown = {text}\n");
        for (text, expected) in [("\"150%\"", 1.5), ("\"5 %\"", 0.05), ("\"0%\"", 0.0)] {
            let rules = rules(&rule(text));
            assert_eq!(rules.regressions[0].max_slowdown, expected);
        }
        for (text, meant) in [
            ("5", "5%"),
            ("1.05", "5%"),
            ("\"1.05\"", "5%"),
            ("0.03", "3%"),
        ] {
            let told = complaint(&rule(text));
            assert!(
                told.contains("does not say that it is a percentage"),
                "{told}"
            );
            assert!(told.contains(&format!("write \"{meant}\"")), "{told}");
        }
        assert!(complaint("[compare]\nindifference = 0.5\n").contains("write \"50%\""));
        assert!(complaint("[compare]\ntime = \"10\"\n").contains("write \"10s\""));
    }

    #[test]
    fn a_budget_may_be_for_any_metric() {
        let rules = rules(
            "[[budget]]\nbenchmark = \"*\"\nmetric = \"layout_shift\"\nmax = \"< 0.1\"\nmean = \">= 2 MiB\"\n",
        );
        let budget = &rules.budgets[0];
        assert_eq!(budget.metric, Some(Metric::named("layout_shift")));
        let bounds: Vec<_> = budget.bounds.iter().map(|b| (b.unit, b.limit)).collect();
        assert_eq!(bounds, [(Unit::Bytes, 2_097_152.0), (Unit::Score, 0.1)]);
        let with = |line: &str| {
            complaint(&format!(
                "[[budget]]\nbenchmark = \"*\"\nmetric = \"x\"\n{line}\n"
            ))
        };
        assert!(with("success_rate = \">= 99%\"").contains("is not of a metric"));
        assert!(with("p95 = \"< 5 bananas\"").contains("is no value with a unit"));
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
        let of_operations =
            "[[regression]]\noperation = \"*\"\nmetric = \"cycles\"\nmax_slowdown = \"1%\"\n";
        assert!(complaint(of_operations).contains("by their execution time alone"));
        assert!(complaint("[gate]\nconfidence = 2\n").contains("write `2%`"));
        assert!(with("success_rate = \">= 99.99\"").contains("write `99.99%`"));
        assert!(with("success_rate = \">= 101%\"").contains("more than 100 %"));
        assert!(with("mean = \"< -1ms\"").contains("is negative"));
        assert!(with("max = \"< 0,5ms\"").contains("`0,5ms` is not a duration"));
        assert!(complaint("[compare]\nmax_runs = 0\n").contains("at least 1"));
        assert!(complaint("[gate\n").contains("perfkit.toml:1:"));
    }
}
