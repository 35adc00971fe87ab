//! What a picture is made of, whatever it is written as.

use plotters_backend::BackendCoord;
use plotters_backend::text_anchor::HPos;

/// How many steps make one unit of the picture: plotters draws at whole numbers.
pub(crate) const STEPS: i32 = 10;

/// How many series have a look of their own.
pub(crate) const SERIES: usize = 7;

/// The classes by which style sheets know what shapes are for; those of series last.
const CLASSES: [&str; 7 + SERIES] = [
    "ink", "muted", "grid", "zone", "good", "bad", "unsure", "s0", "s1", "s2", "s3", "s4", "s5",
    "s6",
];

/// The lengths of the dashes and gaps of lines, in units; none for one without gaps.
const DASHES: [&[u8]; SERIES] = [
    &[],
    &[9, 4],
    &[2, 3],
    &[10, 3, 2, 3],
    &[18, 4],
    &[10, 3, 2, 3, 2, 3],
    &[5, 7],
];

/// The corners of dots, for a radius of 1; none for a round one.
const CORNERS: [&[(f64, f64)]; SERIES] = [
    &[],
    &[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)],
    &[(0.0, -1.3), (1.2, 0.9), (-1.2, 0.9)],
    &[(0.0, -1.4), (1.4, 0.0), (0.0, 1.4), (-1.4, 0.0)],
    &[(-1.4, -0.5), (1.4, -0.5), (1.4, 0.5), (-1.4, 0.5)],
    &[(0.0, 1.3), (1.2, -0.9), (-1.2, -0.9)],
    &[(-0.5, -1.4), (0.5, -1.4), (0.5, 1.4), (-0.5, 1.4)],
];

/// What a shape is for; style sheets say how that looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paint {
    /// Which of the classes.
    pub(super) class: u8,
    /// Which dashes and corners: it tells series apart without colours.
    pub(super) form: u8,
}

impl Paint {
    pub(crate) const INK: Self = Self::plain(0);
    pub(crate) const MUTED: Self = Self::plain(1);
    pub(crate) const GRID: Self = Self::plain(2);
    pub(crate) const ZONE: Self = Self::plain(3);
    pub(crate) const GOOD: Self = Self::plain(4);
    pub(crate) const BAD: Self = Self::plain(5);
    pub(crate) const UNSURE: Self = Self::plain(6);

    const fn plain(class: u8) -> Self {
        Self { class, form: 0 }
    }

    /// One of the things that are told apart.
    pub(crate) fn series(index: usize) -> Self {
        Self::plain((CLASSES.len() - SERIES + index % SERIES) as u8)
    }

    /// The same for lines and dots that lie among those of others: dashed, or of
    /// a form of its own.
    pub(crate) fn marked(index: usize) -> Self {
        Self {
            form: (index % SERIES) as u8,
            ..Self::series(index)
        }
    }

    /// The class that style sheets know it by.
    pub(crate) fn class(self) -> &'static str {
        CLASSES[usize::from(self.class)]
    }

    pub(crate) fn dashes(self) -> &'static [u8] {
        DASHES[usize::from(self.form)]
    }

    pub(crate) fn corners(self) -> &'static [(f64, f64)] {
        CORNERS[usize::from(self.form)]
    }
}

/// One line of text on its baseline.
pub(crate) struct Words {
    pub(crate) text: String,
    /// In units.
    pub(crate) place: (f64, f64),
    pub(crate) size: f64,
    /// Where it begins, or ends.
    pub(crate) side: HPos,
    pub(crate) is_bold: bool,
}

/// Places, widths and radii are in steps.
pub(crate) enum Form {
    Line {
        points: Vec<BackendCoord>,
        width: u32,
    },
    Area {
        corners: Vec<BackendCoord>,
    },
    /// Dots that look alike.
    Dots {
        places: Vec<BackendCoord>,
        radius: u32,
    },
    Text(Words),
}

pub(crate) struct Shape {
    pub(crate) paint: Paint,
    /// From 0, which nobody sees, to 1.
    pub(crate) opacity: f64,
    pub(crate) form: Form,
}

impl Shape {
    /// The same so many units further down.
    pub(super) fn moved_down(mut self, down: i32) -> Self {
        let move_all = |places: &mut Vec<BackendCoord>| {
            for (_, y) in places {
                *y = y.saturating_add(down * STEPS);
            }
        };
        match &mut self.form {
            Form::Line { points, .. } => move_all(points),
            Form::Area { corners } => move_all(corners),
            Form::Dots { places, .. } => move_all(places),
            Form::Text(words) => words.place.1 += f64::from(down),
        }
        self
    }
}

/// Steps as units.
pub(crate) fn units(steps: i32) -> f64 {
    f64::from(steps) / f64::from(STEPS)
}

/// The corners of a dot that is not round, in steps.
pub(crate) fn mark(paint: Paint, (x, y): BackendCoord, radius: u32) -> Vec<BackendCoord> {
    let steps = |part: f64| (part * f64::from(radius)).round() as i32;
    let corners = paint.corners().iter();
    corners
        .map(|(right, down)| {
            (
                x.saturating_add(steps(*right)),
                y.saturating_add(steps(*down)),
            )
        })
        .collect()
}
