//! What a picture is made of, whatever it is written as.

use plotters_backend::BackendCoord;
use plotters_backend::text_anchor::HPos;

/// How many steps make one unit of the picture: plotters draws at whole numbers.
pub(crate) const STEPS: i32 = 10;

/// How many series have a look of their own.
pub(crate) const SERIES: usize = 7;

/// What a shape is for; style sheets say how that looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    Ink,
    Muted,
    Grid,
    Zone,
    Good,
    Bad,
    Unsure,
    /// One of the things that are told apart.
    Series(usize),
    /// The same for lines and dots that lie among those of others: dashed, or of
    /// a form of its own.
    Marked(usize),
}

impl Paint {
    /// The class that style sheets know it by.
    pub(crate) fn class(self) -> &'static str {
        const OF_SERIES: [&str; SERIES] = ["s0", "s1", "s2", "s3", "s4", "s5", "s6"];
        match self {
            Self::Ink => "ink",
            Self::Muted => "muted",
            Self::Grid => "grid",
            Self::Zone => "zone",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Unsure => "unsure",
            Self::Series(index) | Self::Marked(index) => OF_SERIES[index % SERIES],
        }
    }

    /// The lengths of the dashes and gaps of a line, in units, so that lines are told
    /// apart without colours; none for one without gaps.
    pub(crate) fn dashes(self) -> &'static [u8] {
        const DASHES: [&[u8]; SERIES] = [
            &[],
            &[9, 4],
            &[2, 3],
            &[10, 3, 2, 3],
            &[18, 4],
            &[10, 3, 2, 3, 2, 3],
            &[5, 7],
        ];
        match self {
            Self::Marked(index) => DASHES[index % SERIES],
            _ => &[],
        }
    }

    /// The corners of a dot, for a radius of 1; none for a round one.
    pub(crate) fn corners(self) -> &'static [(f64, f64)] {
        const CORNERS: [&[(f64, f64)]; SERIES] = [
            &[],
            &[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)],
            &[(0.0, -1.3), (1.2, 0.9), (-1.2, 0.9)],
            &[(0.0, -1.4), (1.4, 0.0), (0.0, 1.4), (-1.4, 0.0)],
            &[(-1.4, -0.5), (1.4, -0.5), (1.4, 0.5), (-1.4, 0.5)],
            &[(0.0, 1.3), (1.2, -0.9), (-1.2, -0.9)],
            &[(-0.5, -1.4), (0.5, -1.4), (0.5, 1.4), (-0.5, 1.4)],
        ];
        match self {
            Self::Marked(index) => CORNERS[index % SERIES],
            _ => &[],
        }
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
