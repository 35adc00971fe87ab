//! `perfkit.toml`: found upwards from the working directory, checked whole.

mod check;
mod config_error;
mod raw;
mod rules;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::args::{Origin, Setting, Variable};
use crate::error::{Error, shown};

pub(crate) use rules::{
    Budget, Ceiling, CompareDefaults, GateRules, Limit, NumberKind, OnInconclusive, OnMissing,
    Regression, Scope, Waiver,
};

use config_error::{ConfigError, explain, explain_toml};
#[cfg(feature = "history")]
use raw::RawHistoryOnly;
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

    /// One that is not read from a file.
    pub(crate) fn of_text(text: String) -> Self {
        Self {
            path: Setting::new(FILE_NAME.into(), Origin::Default),
            text,
        }
    }

    /// What `perfkit compare` does unless told otherwise; the rules of a gate in
    /// the same file are not looked at.
    pub(crate) fn compare_defaults(&self) -> Result<CompareDefaults, Error> {
        self.checked(|raw: RawCompareOnly| raw.compare.check())
    }

    /// Where the history is kept; the rules of a gate are not looked at.
    #[cfg(feature = "history")]
    pub(crate) fn history_store(&self) -> Result<Option<String>, Error> {
        self.checked(|raw: RawHistoryOnly| raw.history.check())
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
    use perfkit::Metric;
    use perfkit::unit::Unit;

    use super::*;

    fn file(text: &str) -> ConfigFile {
        ConfigFile::of_text(text.to_owned())
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
            .map(|b| (b.statistic.name(), b.limit.value))
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
        assert_eq!(rules.regressions[0].limit, Limit::Share(0.03));
    }

    #[test]
    fn a_slowdown_is_a_percentage_of_any_size_and_says_so() {
        let rule =
            |text: &str| format!("[[regression]]\nbenchmark = \"*\"\nmax_slowdown = {text}\n");
        for (text, expected) in [("\"150%\"", 1.5), ("\"5 %\"", 0.05), ("\"0%\"", 0.0)] {
            let rules = rules(&rule(text));
            assert_eq!(rules.regressions[0].limit, Limit::Share(expected));
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
        assert_eq!(budget.bounds[0].metric, Some(Metric::named("layout_shift")));
        let bounds: Vec<_> = budget
            .bounds
            .iter()
            .map(|b| (b.limit.unit, b.limit.value))
            .collect();
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
