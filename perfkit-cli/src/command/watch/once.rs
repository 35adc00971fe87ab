//! One look: a table, or a report.

use crate::args::{Format, WatchArguments};
use crate::document::Document;
use crate::error::Error;
use crate::exit::Exit;
use crate::export::render_document;
use crate::watch::{Frame, Model, Reference, once_table};
use crate::{export, terminal};

use super::held_against::reference;
use super::source::{Depth, Operations, Source, Told};
use super::target::Target;

pub(super) fn print(arguments: &WatchArguments, target: Target) -> Result<Exit, Error> {
    let mut source = Source::of(target)?;
    let format = arguments.format.unwrap_or_default();
    match format {
        Format::Json => {
            let report = source.ask_for_all()?;
            let text = export::render(&report, crate::document::Detail::Full, format, None)?;
            terminal::print_exactly(&text)?;
        }
        Format::Human | Format::Markdown => {
            let model = look(arguments, &mut source, &reference(arguments)?)?;
            let mut document = Document::default();
            document.table(once_table(&model));
            let text = render_document(&document, format, terminal::stdout_width());
            match format {
                Format::Human => terminal::print_result(&text)?,
                _ => terminal::print_exactly(&text)?,
            }
        }
        other => {
            return Err(Error::usage(format!(
                "--once prints human, markdown or json, and {} is asked for",
                other.name()
            ))
            .hint("`perfkit report` prints a saved one in every format"));
        }
    }
    Ok(Exit::Done)
}

/// Where one look has no rates, there is a second one.
fn look(
    arguments: &WatchArguments,
    source: &mut Source,
    reference: &Reference,
) -> Result<Model, Error> {
    let mut model = Model::new(&source.title(), reference);
    model = model.arranged(arguments.sort, &arguments.filter);
    let depth = Depth::for_reference(reference);
    for is_second in [false, true] {
        if is_second {
            std::thread::sleep(arguments.every.0);
        }
        if let Some(Told { what, process }) = source.ask(depth, None)? {
            model.take(match what {
                Operations::Report(report) => Frame::of(*report, None, process, reference),
                Operations::Table(table) => Frame::of_table(table, process, reference),
            });
        }
        let is_enough = model.has_rates() || !matches!(source, Source::Address(_));
        if is_enough {
            break;
        }
    }
    Ok(model)
}
