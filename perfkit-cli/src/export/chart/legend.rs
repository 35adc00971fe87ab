//! Which colour is which name.

use crate::terminal::{display_width, shorten};

use super::canvas::Paint;
use super::pen::{Drawn, Look, Pen, TEXT};

const LINE: f64 = 20.0;
const SWATCH: f64 = 22.0;
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

    pub(super) fn draw(&self, pen: &Pen<'_>, width: f64) -> Drawn {
        for (index, (x, y, name)) in self.places(width).iter().enumerate() {
            let y = y + LINE / 2.0;
            pen.line(&[(*x, y), (x + 16.0, y)], Paint::Series(index), 3.0)?;
            pen.text((x + SWATCH, y), name, Look::INK)?;
        }
        Ok(())
    }
}
