//! Small charts of equal size with the same axes, each below a name: for more lines than
//! one plane tells apart.

use plotters::style::text_anchor::HPos;

use crate::text::shorten;

use super::pen::{Drawn, FOOT, Frame, Look, NotDrawn, Pen, TEXT};

/// The height of a panel with its name, and the gap between two.
const PANEL: f64 = 104.0;
const GAP: f64 = 14.0;
const LINE: f64 = 20.0;

/// Room for the values of the vertical axis, and at the right end.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 8.0;

/// From this width on there are three panels in a row, otherwise two.
const ROOMY: f64 = 600.0;

/// So many panels in a picture so wide.
#[derive(Clone, Copy)]
pub(super) struct Panels {
    count: usize,
    width: f64,
}

/// Where a panel is, and which axes it names.
pub(super) struct Place {
    pub(super) frame: Frame,
    pub(super) is_first_of_row: bool,
    pub(super) is_last_of_column: bool,
}

impl Panels {
    pub(super) fn new(count: usize, width: f64) -> Self {
        Self { count, width }
    }

    fn columns(self) -> usize {
        if self.width < ROOMY { 2 } else { 3 }
    }

    fn bottom(self) -> f64 {
        PANEL * self.count.div_ceil(self.columns()) as f64 - GAP
    }

    pub(super) fn height(self) -> f64 {
        self.bottom() + FOOT
    }

    /// Writes the name of a panel, below which is its place.
    pub(super) fn begin(self, pen: &Pen<'_>, index: usize, name: &str) -> Result<Place, NotDrawn> {
        let columns = self.columns();
        let panel = (self.width - LEFT - RIGHT + GAP) / columns as f64;
        let (row, column) = (index / columns, index % columns);
        let (left, top) = (LEFT + panel * column as f64, PANEL * row as f64);
        let columns_of_text = (panel - GAP) / (TEXT * 0.62);
        let name = shorten(name, columns_of_text as usize);
        pen.text((left, top + LINE / 2.0), &name, Look::BOLD)?;
        Ok(Place {
            frame: Frame {
                left,
                top: top + LINE,
                right: left + panel - GAP,
                bottom: top + PANEL - GAP,
            },
            is_first_of_row: column == 0,
            is_last_of_column: index + columns >= self.count,
        })
    }

    /// What the horizontal axes are.
    pub(super) fn name(self, pen: &Pen<'_>, words: &str) -> Drawn {
        let middle = (self.width / 2.0, self.bottom() + 33.0);
        pen.text(middle, words, Look::INK.at(HPos::Center))
    }
}
