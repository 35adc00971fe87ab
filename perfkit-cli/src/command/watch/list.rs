//! The programs that can be watched.

use perfkit::global::watch::{Watched, watched};

use crate::args::Format;
use crate::document::{Document, Sentence, Table};
use crate::error::Error;
use crate::exit::Exit;
use crate::export::render_document;
use crate::terminal;
use crate::text::utc;

pub(super) fn print(format: Option<Format>) -> Result<Exit, Error> {
    let format = match format {
        None | Some(Format::Human) => Format::Human,
        Some(Format::Markdown) => Format::Markdown,
        Some(other) => {
            return Err(Error::usage(format!(
                "the list of programs is not written as {}",
                other.name()
            ))
            .hint("name one of them, and it is a report"));
        }
    };
    let text = render_document(&document(&watched()), format, terminal::stdout_width());
    terminal::print_result(&text)?;
    Ok(Exit::Done)
}

fn document(watched: &[Watched]) -> Document {
    let mut document = Document::default();
    if watched.is_empty() {
        let none = "No program of this user can be watched. One is that was started with PERFKIT=watch, or that calls perfkit::watchable().";
        document.sentence(Sentence::plain(none));
        return document;
    }
    let mut table = Table::of_columns(&["process", "program", "since"], &[]);
    for program in watched {
        let Watched {
            pid,
            program,
            since,
            ..
        } = program;
        table.row(vec![pid.to_string(), program.clone(), utc(*since)]);
    }
    document.table(table);
    document
}
