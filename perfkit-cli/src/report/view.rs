//! The parts that a result is told in.

use perfkit::report::{Note, Severity};

use crate::terminal::printable;

/// A result, ready to be written in any format. All text in it is printable.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) blocks: Vec<Block>,
}

/// One part of a document.
#[derive(Debug)]
pub(crate) enum Block {
    /// A sentence, such as a verdict.
    Sentence(Tone, String),
    /// A table, which may have a title.
    Table(Table),
    /// A remark.
    Remark(Severity, String),
}

/// What a sentence means for the reader. The words say it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Unsure,
    Plain,
}

/// Rows of text under headings.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) title: Option<String>,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// One column of a table.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) heading: &'static str,
    pub(crate) align: Align,
    /// Where room is short, columns of higher rank are left out first.
    pub(crate) rank: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

impl Document {
    pub(crate) fn sentence(&mut self, tone: Tone, text: &str) {
        self.blocks.push(Block::Sentence(tone, printable(text)));
    }

    pub(crate) fn table(&mut self, table: Table) {
        self.blocks.push(Block::Table(table));
    }

    pub(crate) fn remark(&mut self, note: &Note) {
        self.blocks
            .push(Block::Remark(note.severity, printable(&note.message)));
    }
}

impl Table {
    pub(crate) fn new(columns: &[(&'static str, Align, u8)]) -> Self {
        let column = |&(heading, align, rank)| Column {
            heading,
            align,
            rank,
        };
        Self {
            title: None,
            columns: columns.iter().map(column).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, one cell for each column.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.rows
            .push(cells.iter().map(|cell| printable(cell)).collect());
    }
}
