//! One file or folder for each verb: it reads, has `analysis` decide, and prints.

pub(crate) mod baseline;
mod browser;
pub(crate) mod clean;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod gate;
#[cfg_attr(not(feature = "history"), path = "no_history.rs")]
pub(crate) mod history;
pub(crate) mod init;
#[cfg_attr(not(feature = "load"), path = "no_load.rs")]
pub(crate) mod load;
pub(crate) mod man;
pub(crate) mod merge;
mod otlp;
pub(crate) mod report;
pub(crate) mod run;
mod saved_sides;
pub(crate) mod schema;
mod sources;
#[cfg_attr(not(feature = "watch"), path = "no_watch.rs")]
pub(crate) mod watch;
pub(crate) mod work;

use std::path::Path;

use anstream::adapter::strip_str;
use perfkit::{Metric, Report};

use crate::args::{Format, NumbersView, Verbosity};
use crate::document::{Detail, View, listed};
use crate::error::{Error, shown};
use crate::export::PictureFormat;
use crate::{export as formats, terminal};

/// Whether this is the name of standard output.
fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Prints a report, or writes it to a file.
fn deliver<'a>(
    report: &Report,
    view: impl Into<View<'a>>,
    format: Format,
    output: Option<&Path>,
) -> Result<(), Error> {
    if let Some(picture) = PictureFormat::of(format) {
        return deliver_picture(report, picture, output);
    }
    if format == Format::Csv && output.is_none_or(is_stdout) {
        return terminal::print_from(|stdout| formats::write_csv(report, stdout));
    }
    let render = |width| formats::render(report, view, format, width);
    deliver_text(render, format, output)
}

/// Prints a picture of a report, or writes it to a file.
fn deliver_picture(
    report: &Report,
    format: PictureFormat,
    output: Option<&Path>,
) -> Result<(), Error> {
    let is_png = format == PictureFormat::Png;
    if is_png && output.is_none_or(is_stdout) && terminal::stdout_is_terminal() {
        return Err(Error::usage("a PNG is nothing for a terminal")
            .hint("add -o FILE.png, or pass it on with `|` or `>`"));
    }
    let picture = formats::draw(report, format)?;
    match output.filter(|path| !is_stdout(path)) {
        Some(path) => formats::save(path, &picture),
        None => terminal::print_bytes(&picture),
    }
}

/// Prints what is rendered for the width of a terminal, or writes it to a file.
fn deliver_text(
    render: impl FnOnce(Option<usize>) -> Result<String, Error>,
    format: Format,
    output: Option<&Path>,
) -> Result<(), Error> {
    match output.filter(|path| !is_stdout(path)) {
        Some(path) => {
            let text = render(None)?;
            match format {
                // A file has no colours.
                Format::Human => formats::save(path, strip_str(&text).to_string()),
                _ => formats::save(path, &text),
            }
        }
        None => {
            let text = render(terminal::stdout_width())?;
            match format {
                Format::Human => terminal::print_result(&text),
                _ => terminal::print_exactly(&text),
            }
        }
    }
}

/// Saves a report in a format.
fn save(report: &Report, format: Format, path: &Path) -> Result<(), Error> {
    save_view(report, Detail::Usual.into(), format, path)
}

/// The same, with the tables of numbers as they were chosen.
fn save_view(report: &Report, view: View<'_>, format: Format, path: &Path) -> Result<(), Error> {
    let text = formats::render(report, view, format, None)?;
    write_out(path, text.as_bytes())
}

/// Says what was chosen for the tables of numbers and is not to be seen in any.
fn tell_unshown<'a>(
    numbers: &NumbersView,
    mut formats: impl Iterator<Item = Format>,
    reports: impl Iterator<Item = &'a Report> + Clone,
) {
    const OPTIONS: &str = "--sort, --time-unit and --metrics";
    if numbers.is_usual() {
        return;
    }
    if !formats.any(Format::has_tables) {
        let message = "are of tables, and there is none in what was asked for: it holds all values, in base units";
        return terminal::print_line(&format!("{OPTIONS} {message}"));
    }
    let benchmarks = || reports.clone().flat_map(|report| &report.benchmarks);
    if benchmarks().next().is_none() {
        let message = "are of benchmarks, and there are none";
        return terminal::print_line(&format!("{OPTIONS} {message}"));
    }
    let has = |metric: &Metric| benchmarks().any(|b| b.metrics.contains_key(metric));
    let named = numbers.named().iter();
    let absent: Vec<String> = named
        .filter(|shown| !has(&shown.metric))
        .map(|shown| format!("`{}`", shown.metric.name()))
        .collect();
    if !absent.is_empty() {
        terminal::print_line(&format!("No result has {}", listed(&absent)));
    }
}

/// Writes what is rendered to a file, which may be standard output.
fn write_out(path: &Path, content: &[u8]) -> Result<(), Error> {
    match is_stdout(path) {
        true => terminal::print_bytes(content),
        false => formats::save(path, content),
    }
}

/// Draws a report into a file.
fn draw(report: &Report, path: &Path) -> Result<(), Error> {
    formats::save(path, &formats::draw(report, PictureFormat::of_file(path))?)
}

/// The first of several errors; the others are printed.
fn first_error(results: Vec<Result<(), Error>>) -> Result<(), Error> {
    let mut errors = results.into_iter().filter_map(Result::err);
    let first = errors.next();
    errors.for_each(|error| terminal::print_error(&error));
    first.map_or(Ok(()), Err)
}

/// Refuses a file that cannot be written before the work is done that it is to
/// hold.
fn check_writable(path: &Path) -> Result<(), Error> {
    if is_stdout(path) {
        return Ok(());
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if path.is_dir() {
        return Err(Error::usage(format!("{} is a folder", shown(path))));
    }
    if !folder.is_dir() {
        return Err(Error::usage(format!(
            "{} cannot be written: there is no folder {}",
            shown(path),
            shown(folder)
        )));
    }
    Ok(())
}

/// Refuses files that cannot be written, and two results that would go to one file,
/// before the work is done that they are to hold.
fn check_all_writable(paths: &[&Path]) -> Result<(), Error> {
    paths.iter().try_for_each(|path| check_writable(path))?;
    check_apart(paths)
}

/// Refuses two results that would go to one file.
fn check_apart(paths: &[&Path]) -> Result<(), Error> {
    let is_taken = |(index, path): &(usize, &&Path)| paths[..*index].contains(path);
    match paths.iter().enumerate().find(is_taken) {
        None => Ok(()),
        Some((_, path)) => Err(Error::usage(format!(
            "two results cannot go to one file, {}",
            shown(path)
        ))),
    }
}

/// Refuses a plot in a format that is not drawn.
fn check_plot(path: &Path) -> Result<(), Error> {
    let known = formats::PICTURES;
    let extension = path.extension().and_then(|extension| extension.to_str());
    if !extension.is_some_and(|extension| known.contains(&extension)) {
        let names = known.join(" or .");
        return Err(Error::usage(format!(
            "--plot {}: plots are drawn as SVG{}",
            shown(path),
            if known.len() > 1 { " or PNG" } else { "" }
        ))
        .hint(format!("give the file a name that ends in .{names}")));
    }
    check_writable(path)
}

impl From<Verbosity> for Detail {
    fn from(verbosity: Verbosity) -> Self {
        match verbosity {
            Verbosity::Quiet => Self::Brief,
            Verbosity::Normal => Self::Usual,
            Verbosity::Verbose => Self::Full,
        }
    }
}
