//! Where charts are drawn: a backend for plotters that writes SVG with classes
//! in the place of colours, so that a page can give them colours of its own, by
//! day and by night. The one module that knows how plotters draws.

use std::convert::Infallible;
use std::fmt::Write as _;

use plotters::style::RGBColor;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontStyle,
};

/// How many steps of the canvas make one unit of the picture: plotters draws at
/// whole numbers.
pub(super) const STEPS: i32 = 10;

/// How many series have a look of their own.
pub(crate) const SERIES: usize = 7;

/// The lengths of the dashes and gaps of each series, so that lines are told
/// apart without colours.
const DASHES: [&str; SERIES] = ["", "9 4", "2 3", "10 3 2 3", "18 4", "10 3 2 3 2 3", "5 7"];

/// The corners of each series' mark, for a radius of 1; the first one's is round.
const MARKS: [&[(f64, f64)]; SERIES] = [
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
pub(super) enum Paint {
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

/// The classes, in the order of their codes.
const CLASSES: [&str; 14] = [
    "ink", "muted", "grid", "zone", "good", "bad", "unsure", "s0", "s1", "s2", "s3", "s4", "s5",
    "s6",
];

impl Paint {
    /// The class's code in the place of a colour.
    pub(super) fn color(self) -> RGBColor {
        let code = match self {
            Self::Ink => 0,
            Self::Muted => 1,
            Self::Grid => 2,
            Self::Zone => 3,
            Self::Good => 4,
            Self::Bad => 5,
            Self::Unsure => 6,
            Self::Series(index) | Self::Marked(index) => 7 + (index % SERIES) as u8,
        };
        RGBColor(code, u8::from(matches!(self, Self::Marked(_))), 0)
    }
}

fn class(color: BackendColor) -> &'static str {
    CLASSES[usize::from(color.rgb.0) % CLASSES.len()]
}

/// The series that has dashes and a form of its own.
fn marked(color: BackendColor) -> Option<usize> {
    let is_marked = color.rgb.1 > 0;
    is_marked.then(|| usize::from(color.rgb.0).saturating_sub(7) % SERIES)
}

type Done = Result<(), DrawingErrorKind<Infallible>>;

/// The shapes of a picture, as they are drawn.
pub(super) struct Canvas<'a> {
    size: (u32, u32),
    shapes: &'a mut String,
    /// Dots that look alike become one path: a tenth of the text.
    dots: Option<Dots>,
}

struct Dots {
    color: BackendColor,
    radius: u32,
    places: String,
}

impl<'a> Canvas<'a> {
    /// A canvas of so many units that appends to a text.
    pub(super) fn new((width, height): (u32, u32), shapes: &'a mut String) -> Self {
        Self {
            size: (width * STEPS as u32, height * STEPS as u32),
            shapes,
            dots: None,
        }
    }

    fn flush(&mut self) {
        if let Some(Dots {
            color,
            radius,
            places,
        }) = self.dots.take()
        {
            if marked(color).is_some_and(|series| series > 0) {
                let alpha = opacity("fill", color.alpha);
                self.write(format_args!(
                    "<path class=\"{} f\"{alpha} d=\"{places}\"/>\n",
                    class(color)
                ));
                return;
            }
            let width = units(2 * radius as i32);
            let alpha = opacity("stroke", color.alpha);
            self.write(format_args!(
                "<path class=\"{} l dot\" stroke-width=\"{width}\"{alpha} d=\"{places}\"/>\n",
                class(color)
            ));
        }
    }

    fn write(&mut self, shape: std::fmt::Arguments<'_>) {
        // A text takes everything.
        let _ = self.shapes.write_fmt(shape);
    }

    fn shape(&mut self, color: BackendColor, width: Option<u32>, path: &str) {
        self.flush();
        let dashes = marked(color).map_or("", |series| DASHES[series]);
        let dashes = match dashes {
            "" => String::new(),
            lengths => format!(" stroke-dasharray=\"{lengths}\""),
        };
        let class = class(color);
        match width {
            Some(width) => {
                let alpha = opacity("stroke", color.alpha);
                let width = units(width as i32);
                self.write(format_args!(
                    "<path class=\"{class} l\" stroke-width=\"{width}\"{alpha}{dashes} d=\"{path}\"/>\n"
                ));
            }
            None => {
                let alpha = opacity("fill", color.alpha);
                self.write(format_args!(
                    "<path class=\"{class} f\"{alpha} d=\"{path}\"/>\n"
                ));
            }
        }
    }
}

/// A mark of the given corners around a place: the first one is told as it is,
/// the others by how far they are from it, which is shorter.
fn mark(corners: &[(f64, f64)], (x, y): BackendCoord, radius: u32) -> String {
    let steps = |part: f64| (part * f64::from(radius)).round() as i32;
    let mut corners = corners.iter().map(|(x, y)| (steps(*x), steps(*y)));
    let mut last = corners.next().unwrap_or_default();
    let mut path = format!("M{} {}l", units(x + last.0), units(y + last.1));
    for corner in corners {
        let (right, down) = (corner.0 - last.0, corner.1 - last.1);
        let _ = write!(path, "{} {} ", units(right), units(down));
        last = corner;
    }
    path.truncate(path.trim_end().len());
    path + "z"
}

/// Steps as units.
fn units(steps: i32) -> f64 {
    f64::from(steps) / f64::from(STEPS)
}

fn opacity(what: &str, alpha: f64) -> String {
    if alpha < 1.0 {
        format!(" {what}-opacity=\"{alpha}\"")
    } else {
        String::new()
    }
}

fn path_of(points: impl IntoIterator<Item = BackendCoord>) -> String {
    let mut path = String::new();
    for (index, (x, y)) in points.into_iter().enumerate() {
        let command = if index == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{command}{} {}", units(x), units(y));
    }
    path
}

/// Text between tags: what XML gives a meaning is escaped, what it does not
/// allow is replaced.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{FFFE}' | '\u{FFFF}' => escaped.push('\u{FFFD}'),
            c if c.is_control() => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Done {
        Ok(())
    }

    fn present(&mut self) -> Done {
        self.flush();
        Ok(())
    }

    fn draw_pixel(&mut self, place: BackendCoord, color: BackendColor) -> Done {
        self.draw_circle(place, STEPS as u32 / 2, &color, true)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Done {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        is_filled: bool,
    ) -> Done {
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
        let path = path_of(corners) + "Z";
        let width = (!is_filled).then(|| style.stroke_width());
        self.shape(style.color(), width, &path);
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Done {
        self.shape(style.color(), Some(style.stroke_width()), &path_of(path));
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        _is_filled: bool,
    ) -> Done {
        let color = style.color();
        let looks_alike =
            |dots: &Dots| dots.color.rgb == color.rgb && dots.color.alpha == color.alpha;
        if !self
            .dots
            .as_ref()
            .is_some_and(|dots| dots.radius == radius && looks_alike(dots))
        {
            self.flush();
        }
        let dots = self.dots.get_or_insert_with(|| Dots {
            color,
            radius,
            places: String::new(),
        });
        match marked(color).map_or(MARKS[0], |series| MARKS[series]) {
            // A line without length and with round ends.
            [] => drop(write!(dots.places, "M{} {}h0", units(x), units(y))),
            corners => dots.places += &mark(corners, (x, y), radius),
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Done {
        self.shape(style.color(), None, &(path_of(corners) + "Z"));
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Done {
        self.flush();
        let size = style.size() / f64::from(STEPS);
        let anchor = match style.anchor().h_pos {
            HPos::Left => "",
            HPos::Center => " text-anchor=\"middle\"",
            HPos::Right => " text-anchor=\"end\"",
        };
        // Not every program that shows SVG knows other baselines.
        let drop = match style.anchor().v_pos {
            VPos::Top => 0.8,
            VPos::Center => 0.35,
            VPos::Bottom => -0.2,
        };
        let weight = match style.style() {
            FontStyle::Bold => " font-weight=\"600\"",
            _ => "",
        };
        let baseline = ((units(y) + drop * size) * 10.0).round() / 10.0;
        self.write(format_args!(
            "<text class=\"{} f\" x=\"{}\" y=\"{baseline}\" font-size=\"{size}\"{anchor}{weight}>{}</text>\n",
            class(style.color()),
            units(x),
            escape(text)
        ));
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let columns = crate::terminal::display_width(text) as f64;
        Ok(((columns * style.size() * 0.55) as u32, style.size() as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plotters::prelude::{Circle, IntoDrawingArea, PathElement, Text};

    #[test]
    fn shapes_have_classes_and_no_colours() {
        let mut shapes = String::new();
        let area = Canvas::new((100, 50), &mut shapes).into_drawing_area();
        let color = Paint::Series(1).color();
        let line = PathElement::new([(0, 0), (105, 20)], color);
        area.draw(&line).unwrap();
        for place in [(10, 10), (20, 25)] {
            area.draw(&Circle::new(place, 15, color)).unwrap();
        }
        let style = plotters::style::TextStyle::from(("sans-serif", 120)).color(&color);
        area.draw(&Text::new("a<b\u{1}", (50, 50), style)).unwrap();
        area.present().unwrap();
        drop(area);
        let expected = "\
<path class=\"s1 l\" stroke-width=\"0.1\" d=\"M0 0L10.5 2\"/>
<path class=\"s1 l dot\" stroke-width=\"3\" d=\"M1 1h0M2 2.5h0\"/>
<text class=\"s1 f\" x=\"5\" y=\"14.6\" font-size=\"12\">a&lt;b\u{FFFD}</text>
";
        assert_eq!(shapes, expected);
    }

    #[test]
    fn series_are_told_apart_without_colours() {
        let looks: Vec<String> = (0..SERIES)
            .map(|series| {
                let mut shapes = String::new();
                let area = Canvas::new((100, 50), &mut shapes).into_drawing_area();
                let color = Paint::Marked(series).color();
                area.draw(&PathElement::new([(0, 0), (105, 20)], color))
                    .unwrap();
                area.draw(&Circle::new((20, 20), 10, color)).unwrap();
                area.present().unwrap();
                drop(area);
                shapes.replace(&format!("s{series} "), "")
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
}
