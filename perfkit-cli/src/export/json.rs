//! For programs: the report as it is.

use serde::Serialize;

use crate::error::Error;

use super::layout::{Layout, Named, only};

/// A report as JSON.
pub(super) fn render(reports: &[Named<'_>], _: Layout<'_>) -> Result<String, Error> {
    let json = only(reports)?.to_json();
    let json = json.map_err(|error| Error::data(error.to_string()))?;
    Ok(harmless(&json))
}

/// What is no report, in a form of its own.
pub(crate) fn write(value: &impl Serialize) -> Result<String, Error> {
    let json = serde_json::to_string_pretty(value);
    let json = json.map_err(|error| Error::data(error.to_string()))?;
    Ok(harmless(&json) + "\n")
}

/// What CI services take for a command, `##[` wherever in a line it stands, can only be
/// in a string, where its escaped form is the same.
fn harmless(json: &str) -> String {
    json.replace("##", "#\\u0023")
}
