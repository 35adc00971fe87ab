//! Where the result of a gate goes.

use std::path::{Path, PathBuf};

use perfkit::Report;

use crate::args::{Format, GateArguments, Setting, Verbosity};
use crate::command::{check_all_writable, deliver, first_error, save, write_out};
use crate::document::{Detail, named_apart};
use crate::error::Error;
use crate::export;

use super::result::Judged;

/// The forms in which a result is printed and saved.
pub(super) struct Outputs {
    pub(super) format: Setting<Format>,
    /// Instead of standard output.
    output: Option<PathBuf>,
    /// What was measured, as a report.
    pub(super) measured: Option<PathBuf>,
    saved: Vec<(Form, PathBuf)>,
}

/// What a file of the result holds.
#[derive(Clone, Copy)]
enum Form {
    Result(Format),
    /// The result with the numbers that it rests on.
    Page,
    Junit,
}

impl Outputs {
    /// Refuses what cannot be saved before anything is measured.
    pub(super) fn of(arguments: &GateArguments) -> Result<Self, Error> {
        let saved = [
            (Form::Result(Format::Json), &arguments.export_result),
            (Form::Result(Format::Markdown), &arguments.export_markdown),
            (Form::Result(Format::Csv), &arguments.export_csv),
            (Form::Page, &arguments.export_html),
            (Form::Junit, &arguments.export_junit),
        ];
        let saved = saved
            .into_iter()
            .filter_map(|(form, path)| Some((form, path.clone()?)));
        let outputs = Self {
            format: Format::chosen(arguments.format)?,
            output: arguments.output.clone(),
            measured: arguments.export_json.clone(),
            saved: saved.collect(),
        };
        let files = outputs.saved.iter().map(|(_, path)| &**path);
        let others = outputs.output.iter().chain(&outputs.measured);
        let files: Vec<&Path> = files.chain(others.map(PathBuf::as_path)).collect();
        check_all_writable(&files)?;
        Ok(outputs)
    }

    /// Saves the result wherever that was asked, then prints it. What fails keeps
    /// nothing else from being done.
    pub(super) fn publish(&self, judged: &Judged, verbosity: Verbosity) -> Result<(), Error> {
        let saved = self.saved.iter();
        let saved = saved.map(|(form, path)| form.save(judged, path));
        let mut results: Vec<Result<(), Error>> = saved.collect();
        results.push(deliver(
            &judged.result,
            Detail::from(verbosity),
            self.format.value,
            self.output.as_deref(),
        ));
        first_error(results)
    }

    /// Saves what was measured, before it is judged.
    pub(super) fn save_measured(&self, report: &Report) -> Result<(), Error> {
        let path = self.measured.as_deref();
        path.map_or(Ok(()), |path| save(report, Format::Json, path))
    }
}

impl Form {
    fn save(self, judged: &Judged, path: &Path) -> Result<(), Error> {
        match self {
            Self::Result(format) => save(&judged.result, format, path),
            Self::Page => save(&judged.with_numbers(), Format::Html, path),
            Self::Junit => {
                let text = export::junit(&named_apart(&judged.result))?;
                write_out(path, text.as_bytes())
            }
        }
    }
}
