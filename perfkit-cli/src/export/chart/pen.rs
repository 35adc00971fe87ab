//! Drawing in units of the picture, and in values above two axes.

use std::cell::RefCell;

use perfkit::unit::Unit;

use super::axis::{Axis, mark};
use super::shape::{Form, Paint, Place, STEPS, Shape, Side, Words, units};

/// The size of most text.
pub(super) const TEXT: f64 = 12.5;

/// How far below the middle of a line of text its baseline is, as a part of its size:
/// not every program that shows SVG knows other baselines.
const BASELINE: f64 = 0.35;

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) paint: Paint,
    pub(super) side: Side,
    pub(super) is_bold: bool,
}

impl Look {
    pub(super) const INK: Self = Self::new(Paint::Ink, Side::Left);
    pub(super) const BOLD: Self = Self {
        is_bold: true,
        ..Self::INK
    };
    pub(super) const MUTED: Self = Self::new(Paint::Muted, Side::Left);

    pub(super) const fn new(paint: Paint, side: Side) -> Self {
        Self {
            paint,
            side,
            is_bold: false,
        }
    }

    pub(super) const fn at(self, side: Side) -> Self {
        Self { side, ..self }
    }
}

/// A rectangle of the picture, in units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

/// What draws a picture. What lies beyond its edges is placed at them.
pub(crate) struct Pen {
    edge: Place,
    shapes: RefCell<Vec<Shape>>,
}

impl Pen {
    /// For a picture of so many units.
    pub(super) fn new((width, height): (u32, u32)) -> Self {
        Self {
            edge: (steps(width.into()), steps(height.into())),
            shapes: RefCell::default(),
        }
    }

    /// A part of the picture above two axes; the second one points up.
    pub(super) fn plane(&self, frame: Frame, x: Axis, y: Axis) -> Plane<'_> {
        Plane {
            pen: self,
            frame,
            x,
            y,
        }
    }

    /// A line of text whose middle is at the given height.
    pub(super) fn text(&self, place: (f64, f64), text: &str, look: Look) {
        let (x, y) = self.place(place);
        let baseline = ((units(y) + BASELINE * TEXT) * 10.0).round() / 10.0;
        let words = Words {
            text: text.to_owned(),
            place: (units(x), baseline),
            size: TEXT,
            side: look.side,
            is_bold: look.is_bold,
        };
        self.add(look.paint, 1.0, Form::Text(words));
    }

    pub(super) fn line(&self, points: &[(f64, f64)], paint: Paint, width: f64) {
        let points = points.iter().map(|point| self.place(*point)).collect();
        self.path(points, paint, width);
    }

    pub(super) fn polygon(&self, corners: &[(f64, f64)], paint: Paint, alpha: f64) {
        let corners = corners.iter().map(|corner| self.place(*corner)).collect();
        self.add(paint, alpha, Form::Area { corners });
    }

    pub(super) fn dot(&self, place: (f64, f64), paint: Paint, radius: f64) {
        self.mark(self.place(place), paint, (radius, 1.0));
    }

    /// All that was drawn.
    pub(super) fn finish(self) -> Vec<Shape> {
        self.shapes.into_inner()
    }

    fn path(&self, points: Vec<Place>, paint: Paint, width: f64) {
        let width = steps(width).unsigned_abs();
        self.add(paint, 1.0, Form::Line { points, width });
    }

    /// Dots that look alike and follow each other are one shape.
    fn mark(&self, place: Place, paint: Paint, (radius, alpha): (f64, f64)) {
        let radius = steps(radius).unsigned_abs();
        if let Some(Shape {
            paint: last,
            opacity,
            form: Form::Dots { places, radius: r },
        }) = self.shapes.borrow_mut().last_mut()
            && (*last, *opacity, *r) == (paint, alpha, radius)
        {
            places.push(place);
            return;
        }
        let places = vec![place];
        self.add(paint, alpha, Form::Dots { places, radius });
    }

    fn add(&self, paint: Paint, opacity: f64, form: Form) {
        self.shapes.borrow_mut().push(Shape {
            paint,
            opacity,
            form,
        });
    }

    fn place(&self, (x, y): (f64, f64)) -> Place {
        self.within((steps(x), steps(y)))
    }

    fn within(&self, (x, y): Place) -> Place {
        (x.clamp(0, self.edge.0), y.clamp(0, self.edge.1))
    }
}

/// A part of a picture where shapes have values for coordinates.
pub(super) struct Plane<'p> {
    pen: &'p Pen,
    frame: Frame,
    x: Axis,
    y: Axis,
}

impl Plane<'_> {
    pub(super) fn line(&self, points: &[(f64, f64)], paint: Paint, width: f64) {
        self.pen.path(self.places(points), paint, width);
    }

    pub(super) fn polygon(&self, corners: &[(f64, f64)], paint: Paint, alpha: f64) {
        let corners = self.places(corners);
        self.pen.add(paint, alpha, Form::Area { corners });
    }

    /// Dots of a radius and an opacity.
    pub(super) fn dots(
        &self,
        values: impl IntoIterator<Item = (f64, f64)>,
        paint: Paint,
        look: (f64, f64),
    ) {
        for value in values {
            self.pen.mark(self.place(value), paint, look);
        }
    }

    fn places(&self, values: &[(f64, f64)]) -> Vec<Place> {
        values.iter().map(|value| self.place(*value)).collect()
    }

    /// Where a pair of values stands in the picture.
    fn place(&self, (x, y): (f64, f64)) -> Place {
        let between = |start: f64, end: f64, position: f64| {
            let (start, end) = (steps(start), steps(end));
            start + (f64::from(end - start) * position).round() as i32
        };
        self.pen.within((
            between(self.frame.left, self.frame.right, self.x.position(x)),
            between(self.frame.bottom, self.frame.top, self.y.position(y)),
        ))
    }

    /// Lines across the plane at round values of the horizontal axis, and the
    /// values below.
    pub(super) fn mark_x(&self, words: &dyn Fn(f64, &[f64]) -> String) {
        for tick in self.ticks_x() {
            self.line_at(self.x_of(tick));
        }
        self.name_x(words);
    }

    /// Round values below the plane, without lines.
    pub(super) fn name_x(&self, words: &dyn Fn(f64, &[f64]) -> String) {
        let ticks = self.ticks_x();
        for tick in &ticks {
            self.below(self.x_of(*tick), &words(*tick, &ticks));
        }
    }

    fn ticks_x(&self) -> Vec<f64> {
        self.x
            .ticks(((self.frame.right - self.frame.left) / 72.0) as usize)
    }

    /// A line down the plane.
    pub(super) fn line_at(&self, x: f64) {
        let ends = [(x, self.frame.top), (x, self.frame.bottom)];
        self.pen.line(&ends, Paint::Grid, 1.0);
    }

    /// Where a value of the horizontal axis stands in the picture.
    pub(super) fn x_of(&self, value: f64) -> f64 {
        self.frame.left + (self.frame.right - self.frame.left) * self.x.position(value)
    }

    /// A word below the plane.
    pub(super) fn below(&self, x: f64, word: &str) {
        // At the edges there is less room.
        let side = if x > self.frame.right - 20.0 {
            Side::Right
        } else if x < self.frame.left + 20.0 {
            Side::Left
        } else {
            Side::Middle
        };
        let place = (x, self.frame.bottom + 13.0);
        self.pen.text(place, word, Look::MUTED.at(side));
    }

    /// What the horizontal axis is of.
    pub(super) fn title_x(&self, words: &str) {
        let middle = (self.frame.left + self.frame.right) / 2.0;
        let place = (middle, self.frame.bottom + 33.0);
        self.pen.text(place, words, Look::INK.at(Side::Middle));
    }

    /// Lines and round values as of the horizontal axis, the values at the left.
    pub(super) fn mark_y(&self, unit: Unit) {
        let height = self.frame.bottom - self.frame.top;
        let ticks = self.y.ticks((height / 45.0) as usize);
        for tick in &ticks {
            let y = self.frame.bottom - height * self.y.position(*tick);
            let ends = [(self.frame.left, y), (self.frame.right, y)];
            self.pen.line(&ends, Paint::Grid, 1.0);
            let place = (self.frame.left - 8.0, y);
            let look = Look::MUTED.at(Side::Right);
            self.pen.text(place, &mark(*tick, &ticks, unit), look);
        }
    }
}

fn steps(units: f64) -> i32 {
    (units * f64::from(STEPS)).round() as i32
}

#[cfg(test)]
mod tests {
    use super::super::shape::SERIES;
    use super::super::svg;
    use super::*;

    #[test]
    fn shapes_have_classes_and_no_colours() {
        let pen = Pen::new((100, 50));
        let paint = Paint::Series(1);
        pen.line(&[(0.0, 0.0), (10.5, 2.0)], paint, 0.1);
        for place in [(1.0, 1.0), (2.0, 2.5)] {
            pen.dot(place, paint, 1.5);
        }
        pen.text((5.0, 5.0), "a<b\u{1}", Look::new(paint, Side::Left));
        let expected = "\
<path class=\"s1 l\" stroke-width=\"0.1\" d=\"M0 0L10.5 2\"/>
<path class=\"s1 l dot\" stroke-width=\"3\" d=\"M1 1h0M2 2.5h0\"/>
<text class=\"s1 f\" x=\"5\" y=\"9.4\" font-size=\"12.5\">a&lt;b\u{FFFD}</text>
";
        assert_eq!(svg::elements(&pen.finish()), expected);
    }

    #[test]
    fn series_are_told_apart_without_colours() {
        let looks: Vec<String> = (0..SERIES)
            .map(|series| {
                let pen = Pen::new((100, 50));
                let paint = Paint::Marked(series);
                pen.line(&[(0.0, 0.0), (10.5, 2.0)], paint, 0.1);
                pen.dot((2.0, 2.0), paint, 1.0);
                svg::elements(&pen.finish()).replace(&format!("s{series} "), "")
            })
            .collect();
        assert!(
            looks[1].contains("stroke-dasharray=\"9 4\""),
            "{}",
            looks[1]
        );
        assert!(
            looks[1].contains("d=\"M1 1l2 0 0 2 -2 0z\""),
            "{}",
            looks[1]
        );
        // Neither two lines nor two dots look alike.
        for part in 0..2 {
            let parts = looks.iter().map(|look| look.lines().nth(part).unwrap());
            let distinct: std::collections::HashSet<&str> = parts.collect();
            assert_eq!(distinct.len(), SERIES, "{looks:#?}");
        }
    }

    #[test]
    fn what_lies_beyond_the_picture_is_placed_at_its_edge() {
        let pen = Pen::new((100, 50));
        pen.line(&[(-7.0, 1e9), (1e9, f64::NAN)], Paint::Ink, 1.0);
        assert!(svg::elements(&pen.finish()).contains("d=\"M0 50L100 0\""));
    }
}
