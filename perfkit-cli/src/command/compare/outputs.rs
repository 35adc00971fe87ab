//! Where the result of a comparison goes.

use std::path::{Path, PathBuf};

use perfkit::Report;

use crate::args::{CompareArguments, Format, Setting, Verbosity};
use crate::command::{check_apart, check_plot, check_writable, deliver, draw, first_error, save};
use crate::error::Error;

/// The forms in which a result is printed and saved.
pub(super) struct Outputs {
    pub(super) format: Setting<Format>,
    saved: Vec<(Format, PathBuf)>,
    plot: Option<PathBuf>,
}

impl Outputs {
    /// Refuses what cannot be saved before the work is done that it is to hold.
    pub(super) fn of(arguments: &CompareArguments) -> Result<Self, Error> {
        let saved = [
            (Format::Json, &arguments.export_json),
            (Format::Markdown, &arguments.export_markdown),
            (Format::Csv, &arguments.export_csv),
            (Format::Html, &arguments.export_html),
        ];
        let saved = saved
            .into_iter()
            .filter_map(|(format, path)| Some((format, path.clone()?)));
        let outputs = Self {
            format: Format::chosen(arguments.format)?,
            saved: saved.collect(),
            plot: arguments.plot.clone(),
        };
        outputs.check()?;
        Ok(outputs)
    }

    fn check(&self) -> Result<(), Error> {
        let mut paths: Vec<&Path> = self.saved.iter().map(|(_, path)| &**path).collect();
        paths.iter().try_for_each(|path| check_writable(path))?;
        self.plot.as_deref().map_or(Ok(()), check_plot)?;
        paths.extend(self.plot.as_deref());
        check_apart(&paths)
    }

    /// Saves the result wherever that was asked, then prints it. What fails keeps
    /// nothing else from being done.
    pub(super) fn publish(&self, report: &Report, verbosity: Verbosity) -> Result<(), Error> {
        let saved = self.saved.iter();
        let saved = saved.map(|(format, path)| save(report, *format, path));
        let mut results: Vec<Result<(), Error>> = saved.collect();
        results.extend(self.plot.as_deref().map(|path| draw(report, path)));
        results.push(deliver(report, verbosity.into(), self.format.value, None));
        first_error(results)
    }
}
