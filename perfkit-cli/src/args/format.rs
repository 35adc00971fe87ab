//! The formats in which results are printed.

use std::str::FromStr;

use clap::ValueEnum;

use crate::error::Error;

use super::environment::Variable;
use super::setting::Setting;

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
    /// For documents in AsciiDoc.
    Asciidoc,
    /// For documents in Emacs's Org mode.
    Orgmode,
    /// The chart alone, as SVG.
    Svg,
    /// The same as PNG.
    Png,
}

impl Format {
    /// The flag's format, or that of `PERFKIT_FORMAT`, or the one for people.
    pub(crate) fn chosen(flag: Option<Self>) -> Result<Setting<Self>, Error> {
        let given = Setting::find(flag, Variable::FORMAT, None)?;
        Ok(Setting::or(given, Self::default()))
    }

    /// Whether it has tables for people, rather than values or a picture.
    pub(crate) fn has_tables(self) -> bool {
        !matches!(self, Self::Json | Self::Csv | Self::Svg | Self::Png)
    }

    /// What it is called on the command line.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known =
            "the formats are human, json, markdown, csv, html, asciidoc, orgmode, svg and png";
        let unknown = |_| format!("`{}` is no format: {known}", text.escape_debug());
        <Self as ValueEnum>::from_str(text, true).map_err(unknown)
    }
}
