//! Charts: what they show, how that is drawn, and how it becomes SVG.

mod across;
mod axis;
mod canvas;
mod distribution;
mod forest;
mod legend;
mod order;
mod panels;
mod parameter;
mod parameter_lines;
mod pen;
mod percentiles;
mod picture;
mod ratio_axis;
mod samples;
mod saturation;
mod shape;
pub(crate) mod shared;
mod svg;
mod thin;

pub(crate) use across::Across;
pub(crate) use distribution::Distribution;
pub(crate) use forest::Forest;
pub(crate) use order::Order;
pub(crate) use parameter::OverParameter;
pub(crate) use percentiles::Percentiles;
pub(crate) use picture::{MARGIN, Picture, STYLE, plot, within_page};
pub(crate) use saturation::Saturation;
pub(crate) use shape::{Form, Paint, Shape, Words, mark, units};

use perfkit::unit::Unit;

use crate::document::Table;

use pen::{Drawn, Pen};

/// A chart, drawn in whatever width there is; what it says in colours and
/// places, it also says in words and as a table.
pub(crate) trait Chart {
    fn title(&self) -> String;

    /// How to read it, and what was left out.
    fn description(&self) -> String;

    /// How high it is where it is so wide.
    fn height(&self, width: f64) -> f64;

    fn draw(&self, pen: &Pen<'_>, width: f64) -> Drawn;

    /// Its numbers.
    fn table(&self) -> Table;
}

/// Which of all rows or lines a chart has that is one of several.
#[derive(Clone, Copy, Debug)]
struct PartOf {
    /// The first one's number, from 1.
    first: usize,
    here: usize,
    all: usize,
}

impl PartOf {
    /// A title, with what part it is where there are more.
    fn titled(self, title: &str) -> String {
        let Self { first, here, all } = self;
        if here == all {
            return title.to_owned();
        }
        let last = first + here - 1;
        let [first, last, all] = [first, last, all].map(count);
        format!("{title}, {first} to {last} of {all}")
    }
}

fn count(number: usize) -> String {
    Unit::Count.format(number as f64, 3)
}
