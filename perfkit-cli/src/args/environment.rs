//! Settings from the environment: what a flag does not say, a variable may.

use std::str::FromStr;

use clap::ValueEnum;

use crate::error::Error;

use super::other::Format;

/// The text of a variable; one that is empty counts as not set.
pub(crate) fn text(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    let value = value.to_string_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}

/// The value of a variable.
pub(crate) fn value<T: FromStr>(name: &str) -> Result<Option<T>, Error>
where
    T::Err: std::fmt::Display,
{
    let parse = |text: String| {
        text.parse()
            .map_err(|error| Error::usage(format!("the variable {name}: {error}")))
    };
    text(name).map(parse).transpose()
}

impl Format {
    /// The flag's format, or that of `PERFKIT_FORMAT`, or the one for people.
    pub(crate) fn chosen(flag: Option<Self>) -> Result<Self, Error> {
        let Some(text) = text("PERFKIT_FORMAT").filter(|_| flag.is_none()) else {
            return Ok(flag.unwrap_or_default());
        };
        Self::from_str(&text, true).map_err(|_| {
            let text = text.escape_debug();
            Error::usage(format!(
                "the variable PERFKIT_FORMAT: `{text}` is no format"
            ))
            .hint("the formats are human, json, markdown, csv and html")
        })
    }
}
