//! For programs: the report as it is.

use crate::error::Error;

use super::layout::{Layout, Named, only};

/// A report as JSON. What CI services take for a command, `##[` wherever in a
/// line it stands, can only be in a string, where its escaped form is the same.
pub(super) fn render(reports: &[Named<'_>], _: Layout) -> Result<String, Error> {
    let json = only(reports)?.to_json();
    let json = json.map_err(|error| Error::data(error.to_string()))?;
    Ok(json.replace("##", "#\\u0023"))
}
