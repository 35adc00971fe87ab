//! Where the result of a comparison goes.

use std::path::{Path, PathBuf};

use perfkit::Report;

use crate::args::{CompareArguments, Format, NumbersView, Origin, OutputStyle, Setting, Verbosity};
use crate::command::{
    check_apart, check_plot, check_writable, deliver, draw, first_error, is_stdout, save_view,
    tell_unshown,
};
use crate::document::{Detail, View};
use crate::error::Error;

/// The form in which the result is printed: there is room for one on standard output.
fn printed_as(
    flag: Option<Format>,
    printed: &[(Format, PathBuf)],
) -> Result<Setting<Format>, Error> {
    match (flag, printed) {
        (flag, []) => Format::chosen(flag),
        (None, [(format, _)]) => Ok(Setting::new(*format, Origin::CommandLine)),
        _ => Err(
            Error::usage("several forms of the result are asked for on standard output")
                .hint("give all but one of them the name of a file"),
        ),
    }
}

/// The forms in which a result is printed and saved.
pub(super) struct Outputs {
    pub(super) format: Setting<Format>,
    /// Whether it is printed at all.
    is_printed: bool,
    /// Where it is printed, instead of on standard output.
    file: Option<PathBuf>,
    saved: Vec<(Format, PathBuf)>,
    plot: Option<PathBuf>,
    /// How the tables of numbers are.
    numbers: NumbersView,
}

impl Outputs {
    /// Refuses what cannot be saved before the work is done that it is to hold.
    pub(super) fn of(arguments: &CompareArguments) -> Result<Self, Error> {
        let saved = [
            (Format::Json, &arguments.export_json),
            (Format::Markdown, &arguments.export_markdown),
            (Format::Csv, &arguments.export_csv),
            (Format::Html, &arguments.export_html),
            (Format::Asciidoc, &arguments.export_asciidoc),
            (Format::Orgmode, &arguments.export_orgmode),
        ];
        let saved = saved
            .into_iter()
            .filter_map(|(format, path)| Some((format, path.clone()?)));
        let (printed, saved): (Vec<_>, Vec<_>) = saved.partition(|(_, path)| is_stdout(path));
        let outputs = Self {
            format: printed_as(arguments.format, &printed)?,
            // Somewhere else it is wanted, whatever the terminal is to show.
            is_printed: arguments.style != OutputStyle::None
                || !printed.is_empty()
                || arguments.result_file.is_some(),
            file: arguments.result_file.clone(),
            saved,
            plot: arguments.plot.clone(),
            numbers: arguments.numbers.clone(),
        };
        outputs.check()?;
        Ok(outputs)
    }

    fn check(&self) -> Result<(), Error> {
        let mut paths: Vec<&Path> = self.saved.iter().map(|(_, path)| &**path).collect();
        paths.extend(self.file.as_deref());
        paths.iter().try_for_each(|path| check_writable(path))?;
        self.plot.as_deref().map_or(Ok(()), check_plot)?;
        paths.extend(self.plot.as_deref());
        check_apart(&paths)
    }

    /// Saves the result wherever that was asked, then prints it. What fails keeps
    /// nothing else from being done.
    pub(super) fn publish(&self, report: &Report, verbosity: Verbosity) -> Result<(), Error> {
        let saved = self.saved.iter();
        let usual = self.view(Detail::Usual);
        let saved = saved.map(|(format, path)| save_view(report, usual, *format, path));
        let mut results: Vec<Result<(), Error>> = saved.collect();
        results.extend(self.plot.as_deref().map(|path| draw(report, path)));
        if self.is_printed {
            results.push(deliver(
                report,
                self.view(verbosity.into()),
                self.format.value,
                self.file.as_deref(),
            ));
        }
        if self.is_printed {
            let saved = self.saved.iter().map(|(format, _)| *format);
            let formats = saved.chain([self.format.value]);
            tell_unshown(&self.numbers, formats, std::iter::once(report));
        }
        first_error(results)
    }

    fn view(&self, detail: Detail) -> View<'_> {
        View {
            detail,
            numbers: &self.numbers,
        }
    }
}
