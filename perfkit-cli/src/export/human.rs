//! For people who read it in a terminal.

use anstyle::Style as Ansi;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table as Grid};
use perfkit::report::Severity;

use crate::document::{Align, Block, Document, Sentence, Style, Table, document, severity_word};
use crate::error::Error;
use crate::terminal::{BAD, GOOD, NOTICE, STRONG};
use crate::text::{display_width, printable, without_commands, wrap};

use super::histograms;
use super::layout::{Layout, Named};

/// Columns between two cells, and the margin of a line.
const GAP: usize = 2;

/// How wide distributions are where no width is given.
const USUAL_WIDTH: usize = 80;

/// The reports as lines of at most the layout's width, each under its name where there
/// are several.
pub(super) fn render(reports: &[Named<'_>], layout: Layout<'_>) -> Result<String, Error> {
    let one = |(name, report): &Named<'_>| {
        let text = render_document(&document(report, layout.view), layout.width);
        match reports.len() {
            1 => text,
            _ => format!("== {} ==\n\n{text}\n", printable(name)),
        }
    };
    Ok(reports.iter().map(one).collect())
}

/// No line is one that a CI service takes for a command.
pub(super) fn render_document(document: &Document, width: Option<usize>) -> String {
    without_commands(&render_blocks(document, width)).into_owned()
}

fn render_blocks(document: &Document, width: Option<usize>) -> String {
    let mut text = String::new();
    let mut blocks = document.blocks.iter().peekable();
    while let Some(block) = blocks.next() {
        match block {
            Block::Sentence(sentence) => text += &render_sentence(sentence, width),
            Block::Table(table) => text += &render_table(table, width),
            Block::Histograms(drawn) => {
                text += &histograms::render(drawn, width.unwrap_or(USUAL_WIDTH));
            }
            Block::Folded(_, table) => text += &render_table(table, width),
            Block::Remark(severity, remark) => {
                let (style, word) = (severity_style(*severity), severity_word(*severity));
                text += &led(style, word, remark, width);
            }
        }
        if blocks
            .peek()
            .is_some_and(|next| starts_a_paragraph(block, next))
        {
            text.push('\n');
        }
    }
    text
}

/// Tables stand apart; sentences and remarks of a kind stand together.
fn starts_a_paragraph(block: &Block, next: &Block) -> bool {
    !matches!(
        (block, next),
        (Block::Sentence(..), Block::Sentence(..)) | (Block::Remark(..), Block::Remark(..))
    )
}

fn render_sentence(sentence: &Sentence, width: Option<usize>) -> String {
    let body = sentence.body();
    match &sentence.lead {
        Some(lead) => led(ansi(sentence.style), lead, &body, width),
        None => wrap(&body, width) + "\n",
    }
}

/// A text in lines, with a coloured lead.
fn led(style: Ansi, lead: &str, text: &str, width: Option<usize>) -> String {
    let text = wrap(&format!("{lead}: {text}"), width);
    let text = text.strip_prefix(lead).unwrap_or(&text);
    format!("{style}{lead}{style:#}{text}\n")
}

fn ansi(style: Style) -> Ansi {
    match style {
        Style::Good => GOOD,
        Style::Bad => BAD,
        Style::Unsure => NOTICE,
        Style::Plain => STRONG,
    }
}

fn severity_style(severity: Severity) -> Ansi {
    match severity {
        Severity::Detail | Severity::Info => STRONG,
        Severity::Warning => NOTICE,
        Severity::Error => BAD,
    }
}

fn render_table(table: &Table, width: Option<usize>) -> String {
    let shown = columns_that_fit(table, width);
    let widths: Vec<usize> = shown.iter().map(|c| column_width(table, *c)).collect();
    if width.is_none_or(|width| widths.iter().sum::<usize>() <= width) {
        return aligned(table, &shown, &widths);
    }
    let mut grid = Grid::new();
    grid.load_style(comfy_table::presets::NOTHING);
    grid.set_content_arrangement(ContentArrangement::Disabled);
    if let Some(width) = width {
        grid.set_content_arrangement(ContentArrangement::Dynamic);
        grid.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    }
    let cells = |text: &dyn Fn(usize) -> String| -> Vec<Cell> {
        let cell = |&column: &usize| {
            let align = match table.columns[column].align {
                Align::Left => CellAlignment::Left,
                Align::Right => CellAlignment::Right,
            };
            Cell::new(text(column)).set_alignment(align)
        };
        shown.iter().map(cell).collect()
    };
    grid.set_header(cells(&|column| table.columns[column].heading.to_owned()));
    for row in &table.rows {
        grid.add_row(cells(&|column| row[column].clone()));
    }
    let title = table.title.iter().map(|title| format!("{title}\n"));
    let lines = grid.lines().map(|line| format!("{}\n", line.trim_end()));
    title.chain(lines).collect()
}

/// A table of which no line has to be broken: what a grid makes of it, without one of
/// hundreds of thousands of cells.
fn aligned<'a>(table: &'a Table, shown: &[usize], widths: &[usize]) -> String {
    let mut text = String::new();
    if let Some(title) = &table.title {
        text.push_str(title);
        text.push('\n');
    }
    let mut add = |cell: &dyn Fn(usize) -> &'a str| {
        let start = text.len();
        for (column, width) in shown.iter().zip(widths) {
            let cell = cell(*column);
            let room = (width - GAP).saturating_sub(display_width(cell));
            let (before, after) = match table.columns[*column].align {
                Align::Left => (0, room),
                Align::Right => (room, 0),
            };
            text.extend(std::iter::repeat_n(' ', 1 + before));
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', after + 1));
        }
        text.truncate(start + text[start..].trim_end().len());
        text.push('\n');
    };
    add(&|column| table.columns[column].heading);
    for row in &table.rows {
        add(&|column| &row[column]);
    }
    text
}

/// How wide a column is, with the room beside it.
fn column_width(table: &Table, column: usize) -> usize {
    let cells = table.rows.iter().map(|row| display_width(&row[column]));
    let heading = display_width(table.columns[column].heading);
    cells.max().unwrap_or(0).max(heading) + GAP
}

/// The columns that have room, in their order: those of the highest rank go
/// first, those of rank 0 never.
fn columns_that_fit(table: &Table, width: Option<usize>) -> Vec<usize> {
    let mut shown: Vec<usize> = (0..table.columns.len()).collect();
    let Some(width) = width else { return shown };
    let widths: Vec<usize> = shown.iter().map(|c| column_width(table, *c)).collect();
    while shown.iter().map(|column| widths[*column]).sum::<usize>() > width {
        let dispensable = shown.iter().rposition(|column| {
            let rank = table.columns[*column].rank;
            rank > 0 && shown.iter().all(|other| table.columns[*other].rank <= rank)
        });
        match dispensable {
            Some(position) => drop(shown.remove(position)),
            None => break,
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Document {
        let mut document = Document::default();
        document.sentence(Sentence::led(Style::Bad, "Slower").code("new").text(" is."));
        let mut table = Table::new(&[
            ("command", Align::Left, 0),
            ("mean", Align::Right, 1),
            ("std dev", Align::Right, 2),
        ]);
        table.row(vec!["gzip -1".into(), "20.8 ms".into(), "0.1 ms".into()]);
        table.row(vec!["gzip -9".into(), "120.8 ms".into(), "10 ms".into()]);
        document.table(table);
        document
    }

    #[test]
    fn a_document_is_aligned() {
        let text = anstream::adapter::strip_str(&render_document(&example(), None)).to_string();
        let expected = "Slower: `new` is.

 command      mean  std dev
 gzip -1   20.8 ms   0.1 ms
 gzip -9  120.8 ms    10 ms
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_narrow_terminal_loses_the_least_important_columns() {
        let text = render_document(&example(), Some(22));
        assert!(text.contains("mean") && !text.contains("std dev"), "{text}");
        let text = render_document(&example(), Some(12));
        assert!(text.contains("command") && !text.contains("mean"), "{text}");
    }
}
