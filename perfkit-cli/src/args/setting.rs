//! The value of a setting, and where it came from.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

use super::environment::{self, Variable};

/// Where the value of a setting came from: the first of these that says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    CommandLine,
    Environment(Variable),
    /// The configuration, `perfkit.toml`.
    File,
    Default,
}

impl Origin {
    /// Whether what this says counts more than what the other says.
    pub(crate) fn is_nearer_than(self, other: Self) -> bool {
        let distance = |origin| match origin {
            Self::CommandLine => 0,
            Self::Environment(_) => 1,
            Self::File => 2,
            Self::Default => 3,
        };
        distance(self) < distance(other)
    }
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

impl<T> Setting<T> {
    pub(crate) fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// The value of a flag, else of a variable, else of the configuration; `None`
    /// where none of them has one.
    ///
    /// A variable that cannot be read is an error even where a flag is given.
    pub(crate) fn find(
        flag: Option<T>,
        variable: Variable,
        file: Option<T>,
    ) -> Result<Option<Self>, Error>
    where
        T: FromStr<Err: fmt::Display>,
    {
        let sources = [
            (flag, Origin::CommandLine),
            (environment::value(variable)?, Origin::Environment(variable)),
            (file, Origin::File),
        ];
        let mut given = sources
            .into_iter()
            .filter_map(|(value, origin)| Some(Self::new(value?, origin)));
        Ok(given.next())
    }

    /// The setting, or the default where there is none.
    pub(crate) fn or(setting: Option<Self>, default: T) -> Self {
        setting.unwrap_or(Self::new(default, Origin::Default))
    }

    /// The same setting with its value in another form.
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting::new(change(self.value), self.origin)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CommandLine => "command line",
            Self::Environment(variable) => variable.name(),
            Self::File => "perfkit.toml",
            Self::Default => "default",
        })
    }
}
