//! Settings from the environment: what a flag does not say, a variable may.

use std::str::FromStr;

use crate::error::Error;

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
