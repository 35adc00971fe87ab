//! The formats in which results are printed.

use clap::ValueEnum;

use crate::error::Error;

use super::environment;

/// How a result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Sentences and tables.
    #[default]
    Human,
    /// A report, as `perfkit report` and all others read it.
    Json,
    /// For pull requests and documents.
    Markdown,
    /// One line per metric.
    Csv,
    /// A page with charts, in one file that needs nothing else.
    Html,
}

impl Format {
    /// The flag's format, or that of `PERFKIT_FORMAT`, or the one for people.
    pub(crate) fn chosen(flag: Option<Self>) -> Result<Self, Error> {
        let Some(text) = environment::text("PERFKIT_FORMAT").filter(|_| flag.is_none()) else {
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
