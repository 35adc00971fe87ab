//! What the formats of other tools have in common.

use serde_json::Value;

use crate::error::Error;

/// A report that has nothing of what a format is for.
pub(super) fn lacks(what: &str) -> Error {
    Error::data(format!(
        "the report was not exported: the report has no {what}"
    ))
}

/// JSON that may also be pasted into a page: names hold no tags.
pub(super) fn json_text(value: &Value) -> String {
    format!("{value:#}\n").replace('<', "\\u003c")
}
