//! Which look is which name.

use crate::text::{display_width, shorten};

use super::pen::{Drawn, FOOT, Frame, Look, Pen, TEXT};
use super::shape::Paint;

const LINE: f64 = 20.0;
/// How long a line is shown, and where its name begins: a dash pattern must be
/// seen.
const SAMPLE: f64 = 34.0;
const SWATCH: f64 = 42.0;
const GAP: f64 = 22.0;

/// The names of the series, in their order.
pub(super) struct Legend {
    names: Vec<String>,
}

impl Legend {
    pub(super) fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self {
            names: names.into_iter().collect(),
        }
    }

    /// The names, cut to the width, with their places.
    fn places(&self, width: f64) -> Vec<(f64, f64, String)> {
        let (mut x, mut y) = (0.0, 0.0);
        let mut places = Vec::with_capacity(self.names.len());
        for name in &self.names {
            let name = shorten(name, ((width - SWATCH) / (TEXT * 0.6)) as usize);
            let room = SWATCH + display_width(&name) as f64 * TEXT * 0.58 + GAP;
            if x > 0.0 && x + room > width {
                (x, y) = (0.0, y + LINE);
            }
            places.push((x, y, name));
            x += room;
        }
        places
    }

    pub(super) fn height(&self, width: f64) -> f64 {
        self.places(width)
            .last()
            .map_or(0.0, |(_, y, _)| y + LINE + 6.0)
    }

    /// What is left below it of a chart with values at its left.
    pub(super) fn frame(&self, width: f64, height: f64) -> Frame {
        Frame {
            left: 64.0,
            top: self.height(width) + 6.0,
            right: width - 8.0,
            bottom: height - FOOT,
        }
    }

    /// Draws the names with their lines and, where the chart has some, their dots.
    pub(super) fn draw(&self, pen: &Pen<'_>, width: f64, has_dots: bool) -> Drawn {
        for (index, (x, y, name)) in self.places(width).iter().enumerate() {
            let y = y + LINE / 2.0;
            let paint = Paint::marked(index);
            pen.line(&[(*x, y), (x + SAMPLE, y)], paint, 2.4)?;
            if has_dots {
                pen.dot((x + SAMPLE / 2.0, y), paint, 3.6)?;
            }
            pen.text((x + SWATCH, y), name, Look::INK)?;
        }
        Ok(())
    }
}
