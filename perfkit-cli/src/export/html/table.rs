//! A table on the page.

use crate::document::{Align, Table};
use crate::text::shorten;

/// The most rows of a table, and the most columns of a cell's text.
const MOST_ROWS: usize = 2000;
const LONGEST_CELL: usize = 160;

/// A table, with bounds.
pub(super) struct TableView {
    /// What the table holds, for those who cannot see where it stands.
    pub(super) label: String,
    pub(super) headings: Vec<Cell>,
    /// The column that names the rows: the first one of text.
    pub(super) named: usize,
    pub(super) rows: Vec<Vec<Cell>>,
    pub(super) left_out: usize,
}

/// A cell; numbers stand at the right.
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) is_number: bool,
}

impl TableView {
    pub(super) fn of(table: Table, label: &str) -> Self {
        let table = table.without_empty_columns();
        let cell = |text: &str, align: Align| Cell {
            text: shorten(text, LONGEST_CELL),
            is_number: align == Align::Right,
        };
        let columns = &table.columns;
        let row = |cells: &Vec<String>| {
            let cells = cells.iter().zip(columns);
            cells
                .map(|(text, column)| cell(text, column.align))
                .collect()
        };
        Self {
            label: label.to_owned(),
            named: columns
                .iter()
                .position(|column| column.align == Align::Left)
                .unwrap_or(0),
            headings: columns
                .iter()
                .map(|column| cell(column.heading, column.align))
                .collect(),
            rows: table.rows.iter().take(MOST_ROWS).map(row).collect(),
            left_out: table.rows.len().saturating_sub(MOST_ROWS),
        }
    }
}
