//! The parts that a document is made of.

use perfkit::report::{Note, Severity};
use perfkit::unit::Unit;

use crate::text::{printable, shorten};

use super::numbers::NOTHING;
use super::spans::Sentence;

/// The longest remark, in columns: a report may quote whatever a name holds.
const LONGEST_REMARK: usize = 1000;

/// A result, ready to be written in any format. All text in it is printable.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) blocks: Vec<Block>,
}

/// One part of a document.
#[derive(Debug)]
pub(crate) enum Block {
    /// A sentence, such as a verdict.
    Sentence(Sentence),
    /// A table, which may have a title.
    Table(Table),
    /// The distributions of implementations.
    Histograms(Histograms),
    /// A table that a page shows on demand, under a heading that counts its rows;
    /// where nothing can be folded it follows.
    Folded(String, Table),
    /// A remark.
    Remark(Severity, String),
}

/// How fine distributions are counted. Many numbers of columns divide it.
pub(crate) const BINS: usize = 480;

/// Distributions above one axis.
#[derive(Debug)]
pub(crate) struct Histograms {
    pub(crate) unit: Unit,
    /// The ends of the axis.
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) is_logarithmic: bool,
    /// How many values of all of them are beyond the axis.
    pub(crate) beyond: u64,
    pub(crate) rows: Vec<Histogram>,
    /// How many implementations have none, because there are too many.
    pub(crate) left_out: usize,
}

/// One distribution.
#[derive(Debug)]
pub(crate) struct Histogram {
    pub(crate) name: String,
    /// How many values there are in each of [`BINS`] parts of the axis.
    pub(crate) bins: Vec<u32>,
}

impl Histogram {
    pub(crate) fn new(name: &str, bins: Vec<u32>) -> Self {
        Self {
            name: printable(name),
            bins,
        }
    }
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
    pub(crate) fn sentence(&mut self, sentence: Sentence) {
        self.blocks.push(Block::Sentence(sentence));
    }

    /// Adds a table, unless it is empty.
    pub(crate) fn table(&mut self, table: Table) {
        let table = table.without_empty_columns();
        if !table.rows.is_empty() {
            self.blocks.push(Block::Table(table));
        }
    }

    pub(crate) fn histograms(&mut self, histograms: Histograms) {
        self.blocks.push(Block::Histograms(histograms));
    }

    /// Adds a table that is shown on demand, unless it is empty.
    pub(crate) fn fold(&mut self, summary: &str, table: Table) {
        let table = table.without_empty_columns();
        if !table.rows.is_empty() {
            self.blocks.push(Block::Folded(printable(summary), table));
        }
    }

    pub(crate) fn remark(&mut self, note: &Note) {
        let message = shorten(&printable(&note.message), LONGEST_REMARK);
        self.blocks.push(Block::Remark(note.severity, message));
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

    /// A table of columns that all stay: those of text, then those of numbers.
    pub(crate) fn of_columns(texts: &[&'static str], numbers: &[&'static str]) -> Self {
        let texts = texts.iter().map(|heading| (*heading, Align::Left, 0));
        let numbers = numbers.iter().map(|heading| (*heading, Align::Right, 0));
        Self::new(&texts.chain(numbers).collect::<Vec<_>>())
    }

    /// The same without columns of numbers that no row has, as other tools' summaries lack
    /// some. One that has no number at all stays as it is.
    pub(crate) fn without_empty_columns(mut self) -> Self {
        let has_value = |column: usize| self.rows.iter().any(|row| row[column] != NOTHING);
        let is_kept: Vec<bool> = (0..self.columns.len())
            .map(|column| self.columns[column].align == Align::Left || has_value(column))
            .collect();
        let is_number =
            |(column, kept): (usize, &bool)| self.columns[column].align == Align::Right && *kept;
        if !is_kept.iter().enumerate().any(is_number) {
            return self;
        }
        let mut kept = is_kept.iter();
        self.columns
            .retain(|_| kept.next().copied().unwrap_or(true));
        for row in &mut self.rows {
            let mut kept = is_kept.iter();
            row.retain(|_| kept.next().copied().unwrap_or(true));
        }
        self
    }

    /// Adds a row, one cell for each column.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.rows
            .push(cells.iter().map(|cell| printable(cell)).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_without_a_number_are_left_out() {
        let table = |rows: &[[&str; 3]]| {
            let mut table = Table::of_columns(&["name"], &["mean", "p99"]);
            for row in rows {
                table.row(row.map(str::to_owned).to_vec());
            }
            table.without_empty_columns()
        };
        let some = table(&[["a", "1 ms", "-"], ["b", "-", "-"]]);
        assert_eq!(some.columns.len(), 2);
        assert_eq!(some.rows, [["a", "1 ms"], ["b", "-"]]);
        assert_eq!(table(&[["a", "-", "-"]]).columns.len(), 3);
    }
}
