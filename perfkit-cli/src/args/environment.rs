//! The environment variables that perfkit reads.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

use super::similar::most_similar;

/// An environment variable that perfkit reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Variable(&'static str);

impl Variable {
    pub(crate) const BASELINES: Self = Self("PERFKIT_BASELINES");
    pub(crate) const COLOR: Self = Self("PERFKIT_COLOR");
    pub(crate) const CONFIDENCE: Self = Self("PERFKIT_CONFIDENCE");
    pub(crate) const CONFIG: Self = Self("PERFKIT_CONFIG");
    pub(crate) const FORMAT: Self = Self("PERFKIT_FORMAT");
    pub(crate) const HISTORY: Self = Self("PERFKIT_HISTORY");
    pub(crate) const INDIFFERENCE: Self = Self("PERFKIT_INDIFFERENCE");
    pub(crate) const MAX_RUNS: Self = Self("PERFKIT_MAX_RUNS");
    pub(crate) const MIN_RUNS: Self = Self("PERFKIT_MIN_RUNS");
    pub(crate) const SHELL: Self = Self("PERFKIT_SHELL");
    pub(crate) const TIME: Self = Self("PERFKIT_TIME");
    pub(crate) const WARMUP: Self = Self("PERFKIT_WARMUP");

    /// Those by which the user says how this program works.
    const SETTINGS: [Self; 12] = [
        Self::BASELINES,
        Self::COLOR,
        Self::CONFIDENCE,
        Self::CONFIG,
        Self::FORMAT,
        Self::HISTORY,
        Self::INDIFFERENCE,
        Self::MAX_RUNS,
        Self::MIN_RUNS,
        Self::SHELL,
        Self::TIME,
        Self::WARMUP,
    ];

    /// Those that instrumented programs read.
    const OF_PROGRAMS: [Self; 9] = [
        Self("PERFKIT_LAST_CALLS"),
        Self("PERFKIT_LAST_PERIOD"),
        Self("PERFKIT_MAX_LABEL_SETS"),
        Self("PERFKIT_MAX_OPERATIONS"),
        Self("PERFKIT_MEMORY_BUDGET"),
        Self("PERFKIT_OTLP_PROXY"),
        Self("PERFKIT_REPORT"),
        Self("PERFKIT_REPORT_EVERY"),
        Self("PERFKIT_SIGNALS"),
    ];

    pub(crate) fn name(self) -> &'static str {
        self.0
    }

    /// Those of the settings that have a value in the environment.
    pub(crate) fn all_set() -> impl Iterator<Item = Self> {
        let is_set = |variable: &Self| text(variable.name()).is_some();
        Self::SETTINGS.into_iter().filter(is_set)
    }
}

/// A variable that looks as if it were for perfkit and is not.
pub(crate) struct UnknownVariable {
    pub(crate) name: String,
    /// The one that was probably meant.
    pub(crate) similar: Option<&'static str>,
}

/// The variables of the environment that begin with `PERFKIT_` and that nothing reads.
pub(crate) fn unknown_variables() -> Vec<UnknownVariable> {
    let known = || {
        let known = Variable::SETTINGS.iter().chain(&Variable::OF_PROGRAMS);
        known.map(|variable| variable.name())
    };
    let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    let is_unknown =
        |name: &String| name.starts_with("PERFKIT_") && known().all(|known| known != name);
    let mut unknown: Vec<String> = names.filter(is_unknown).collect();
    unknown.sort();
    let described = unknown.into_iter().map(|name| UnknownVariable {
        similar: most_similar(&name, known()),
        name,
    });
    described.collect()
}

/// The text of a variable; one that is empty counts as not set.
pub(crate) fn text(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    let value = value.to_string_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}

/// The value of a variable.
pub(super) fn value<T>(variable: Variable) -> Result<Option<T>, Error>
where
    T: FromStr<Err: fmt::Display>,
{
    let parse = |text: String| {
        let name = variable.name();
        text.parse()
            .map_err(|error| Error::usage(format!("the variable {name}: {error}")))
    };
    text(variable.name()).map(parse).transpose()
}
