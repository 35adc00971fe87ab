//! Drawing in units of the picture, and in values above two axes.

use std::convert::Infallible;

use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, ShapeStyle, TextStyle};

use perfkit::unit::Unit;

use super::axis::{Axis, mark};
use super::canvas::Canvas;
use super::shape::{Paint, STEPS, Shape};

/// The size of most text.
pub(super) const TEXT: f64 = 12.5;

/// The room below a plane, for the values and the name of its axis.
pub(super) const FOOT: f64 = 46.0;

pub(crate) type NotDrawn = DrawingAreaErrorKind<Infallible>;
pub(crate) type Drawn = Result<(), NotDrawn>;

/// How a text looks.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub(super) paint: Paint,
    pub(super) side: HPos,
    pub(super) is_bold: bool,
    size: f64,
}

impl Look {
    pub(super) const INK: Self = Self::new(Paint::INK, HPos::Left);
    pub(super) const BOLD: Self = Self::INK.bold();
    pub(super) const MUTED: Self = Self::new(Paint::MUTED, HPos::Left);

    pub(super) const fn new(paint: Paint, side: HPos) -> Self {
        Self {
            paint,
            side,
            is_bold: false,
            size: TEXT,
        }
    }

    pub(super) const fn bold(self) -> Self {
        Self {
            is_bold: true,
            ..self
        }
    }

    pub(super) const fn sized(self, size: f64) -> Self {
        Self { size, ..self }
    }

    pub(super) const fn at(self, side: HPos) -> Self {
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

/// What draws a picture.
pub(crate) struct Pen<'a>(DrawingArea<Canvas<'a>, Shift>);

impl<'a> Pen<'a> {
    pub(super) fn new(size: (u32, u32), shapes: &'a mut Vec<Shape>) -> Self {
        Self(Canvas::new(size, shapes).into_drawing_area())
    }

    /// A part of the picture above two axes; the second one points up.
    pub(super) fn plane(&self, frame: Frame, x: Axis, y: Axis) -> Plane<'a, '_> {
        let x_range = steps(frame.left)..steps(frame.right);
        let y_range = steps(frame.bottom)..steps(frame.top);
        let coordinates = Cartesian2d::new(x, y, (x_range, y_range));
        Plane {
            pen: self,
            area: self.0.apply_coord_spec(coordinates),
            frame,
            x,
            y,
        }
    }

    /// A line of text whose middle is at the given height.
    pub(super) fn text(&self, (x, y): (f64, f64), text: &str, look: Look) -> Drawn {
        let weight = if look.is_bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        let color = look.paint.color();
        let style = TextStyle::from(("sans-serif", look.size * f64::from(STEPS), weight))
            .color(&color)
            .pos(Pos::new(look.side, VPos::Center));
        self.0.draw(&Text::new(text, (steps(x), steps(y)), style))
    }

    pub(super) fn line(&self, points: &[(f64, f64)], paint: Paint, width: f64) -> Drawn {
        let points: Vec<_> = points.iter().map(|(x, y)| (steps(*x), steps(*y))).collect();
        self.0.draw(&PathElement::new(points, stroke(paint, width)))
    }

    pub(super) fn dot(&self, (x, y): (f64, f64), paint: Paint, radius: f64) -> Drawn {
        let style = paint.color().filled();
        self.0
            .draw(&Circle::new((steps(x), steps(y)), steps(radius), style))
    }

    pub(super) fn finish(self) -> Drawn {
        self.0.present()
    }
}

/// A part of a picture where shapes have values for coordinates.
pub(super) struct Plane<'a, 'p> {
    pen: &'p Pen<'a>,
    area: DrawingArea<Canvas<'a>, Cartesian2d<Axis, Axis>>,
    frame: Frame,
    x: Axis,
    y: Axis,
}

impl Plane<'_, '_> {
    pub(super) fn line(&self, points: Vec<(f64, f64)>, paint: Paint, width: f64) -> Drawn {
        self.area
            .draw(&PathElement::new(points, stroke(paint, width)))
    }

    pub(super) fn polygon(&self, corners: Vec<(f64, f64)>, paint: Paint, alpha: f64) -> Drawn {
        let style = paint.color().mix(alpha).filled();
        self.area.draw(&Polygon::new(corners, style))
    }

    pub(super) fn dots(
        &self,
        places: impl IntoIterator<Item = (f64, f64)>,
        paint: Paint,
        (radius, alpha): (f64, f64),
    ) -> Drawn {
        let style = paint.color().mix(alpha).filled();
        places
            .into_iter()
            .try_for_each(|place| self.area.draw(&Circle::new(place, steps(radius), style)))
    }

    /// Lines across the plane at values of the horizontal axis, and the values below.
    pub(super) fn mark_x(&self, ticks: &[f64], words: &dyn Fn(f64, &[f64]) -> String) -> Drawn {
        for tick in ticks {
            let x = self.x_of(*tick);
            let ends = [(x, self.frame.top), (x, self.frame.bottom)];
            self.pen.line(&ends, Paint::GRID, 1.0)?;
        }
        self.name_x(ticks, words)
    }

    /// Values below the plane, without lines.
    pub(super) fn name_x(&self, ticks: &[f64], words: &dyn Fn(f64, &[f64]) -> String) -> Drawn {
        let mut named = ticks.iter();
        named.try_for_each(|tick| self.below(self.x_of(*tick), &words(*tick, ticks)))
    }

    /// What the horizontal axis is.
    pub(super) fn name(&self, words: &str) -> Drawn {
        let middle = (self.frame.left + self.frame.right) / 2.0;
        let look = Look::INK.at(HPos::Center);
        self.pen
            .text((middle, self.frame.bottom + 33.0), words, look)
    }

    /// How long the horizontal axis is, in units.
    pub(super) fn length(&self) -> f64 {
        self.frame.right - self.frame.left
    }

    /// Round values of the horizontal axis.
    pub(super) fn ticks_x(&self) -> Vec<f64> {
        self.x
            .ticks(((self.frame.right - self.frame.left) / 72.0) as usize)
    }

    /// Where a value of the horizontal axis stands in the picture.
    fn x_of(&self, value: f64) -> f64 {
        self.frame.left + (self.frame.right - self.frame.left) * self.x.position(value)
    }

    /// A word below the plane.
    fn below(&self, x: f64, word: &str) -> Drawn {
        // At the edges there is less room.
        let side = if x > self.frame.right - 20.0 {
            HPos::Right
        } else if x < self.frame.left + 20.0 {
            HPos::Left
        } else {
            HPos::Center
        };
        let place = (x, self.frame.bottom + 13.0);
        self.pen.text(place, word, Look::MUTED.at(side))
    }

    /// Lines at round values of the vertical axis, the values at its left.
    pub(super) fn mark_y(&self, unit: Unit) -> Drawn {
        let ticks = self.rule_y()?;
        for tick in &ticks {
            let place = (self.frame.left - 8.0, self.y_of(*tick));
            let look = Look::MUTED.at(HPos::Right);
            self.pen.text(place, &mark(*tick, &ticks, unit), look)?;
        }
        Ok(())
    }

    /// Lines at these values of the vertical axis, the words for them at its left.
    pub(super) fn mark_y_at(&self, ticks: &[f64], words: &dyn Fn(f64) -> String) -> Drawn {
        for tick in ticks {
            let y = self.y_of(*tick);
            let ends = [(self.frame.left, y), (self.frame.right, y)];
            self.pen.line(&ends, Paint::GRID, 1.0)?;
            let place = (self.frame.left - 8.0, y);
            let look = Look::MUTED.at(HPos::Right);
            self.pen.text(place, &words(*tick), look)?;
        }
        Ok(())
    }

    /// How high the vertical axis is, in units.
    pub(super) fn height(&self) -> f64 {
        self.frame.bottom - self.frame.top
    }

    /// Lines at round values of the vertical axis, and which these are.
    pub(super) fn rule_y(&self) -> Result<Vec<f64>, NotDrawn> {
        let most = (self.frame.bottom - self.frame.top) / 45.0;
        let ticks = self.y.ticks((most as usize).max(4));
        for tick in &ticks {
            let y = self.y_of(*tick);
            let ends = [(self.frame.left, y), (self.frame.right, y)];
            self.pen.line(&ends, Paint::GRID, 1.0)?;
        }
        Ok(ticks)
    }

    /// Where a value of the vertical axis stands in the picture.
    fn y_of(&self, value: f64) -> f64 {
        let height = self.frame.bottom - self.frame.top;
        self.frame.bottom - height * self.y.position(value)
    }
}

fn steps(units: f64) -> i32 {
    (units * f64::from(STEPS)).round() as i32
}

fn stroke(paint: Paint, width: f64) -> ShapeStyle {
    paint.color().stroke_width(steps(width).unsigned_abs())
}
