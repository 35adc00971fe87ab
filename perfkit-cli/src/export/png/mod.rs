//! Pictures in pixels, drawn from the same shapes as SVG.

mod font;

use plotters_backend::BackendCoord;
use tiny_skia::{
    Color, FillRule, LineJoin, Paint as Fill, Path, PathBuilder, Pixmap, Stroke, StrokeDash,
    Transform,
};

use super::chart::{Form, MARGIN, Paint, Picture, STYLE, Shape, mark, units};
use crate::error::Error;

use font::Font;

/// Pixels for each unit: text is sharp on screens with small pixels, too.
const SCALE: f32 = 2.0;

/// What a picture may take: more is a mistake, of which memory should not run out.
const LARGEST_PIXELS: u64 = 1 << 27;

/// How far white reaches around letters, in units, as in the style sheet.
const HALO: f32 = 3.0;

/// How much wider than others the lines of bold letters are, as a part of their size.
const BOLDER: f64 = 0.04;

/// A picture as the bytes of a PNG file.
pub(super) fn encode(picture: &Picture) -> Result<Vec<u8>, Error> {
    let failed = |what: &str| Error::data(format!("the plot cannot be drawn as PNG: {what}"));
    let pixels = |units: u32| (units + 2 * MARGIN) * SCALE as u32;
    let (width, height) = (pixels(picture.width), pixels(picture.height));
    let is_small = u64::from(width) * u64::from(height) <= LARGEST_PIXELS;
    let bitmap = is_small.then(|| Pixmap::new(width, height)).flatten();
    let mut bitmap = bitmap.ok_or_else(|| failed("it is too large; draw fewer runs, or SVG"))?;
    let font = Font::load().ok_or_else(|| failed("its font cannot be read"))?;
    bitmap.fill(Color::WHITE);
    for shape in &picture.shapes {
        draw(&mut bitmap, shape, &font);
    }
    let file = bitmap.encode_png();
    file.map_err(|error| failed(&error.to_string()))
}

fn draw(bitmap: &mut Pixmap, shape: &Shape, font: &Font<'_>) {
    let mut fill = Fill::default();
    fill.set_color(color(shape.paint, shape.opacity));
    match &shape.form {
        Form::Line { points, width } => {
            let dashes = shape.paint.dashes().iter();
            let dashes = dashes.map(|length| f32::from(*length)).collect();
            let stroke = Stroke {
                dash: StrokeDash::new(dashes, 0.0),
                ..round(units(*width as i32) as f32)
            };
            outline(bitmap, polyline([points], false), &fill, &stroke);
        }
        Form::Area { corners } => fill_in(bitmap, polyline([corners], true), &fill),
        Form::Dots { places, radius } => {
            let path = match shape.paint.corners() {
                [] => circles(places, units(*radius as i32) as f32),
                _ => polyline(
                    places
                        .iter()
                        .map(|place| mark(shape.paint, *place, *radius)),
                    true,
                ),
            };
            fill_in(bitmap, path, &fill);
        }
        Form::Text(words) => {
            let letters = font.outlines(words);
            let mut white = Fill::default();
            white.set_color(Color::WHITE);
            outline(bitmap, letters.clone(), &white, &round(HALO));
            if words.is_bold {
                let width = (BOLDER * words.size) as f32;
                outline(bitmap, letters.clone(), &fill, &round(width));
            }
            fill_in(bitmap, letters, &fill);
        }
    }
}

fn outline(bitmap: &mut Pixmap, path: Option<Path>, fill: &Fill<'_>, stroke: &Stroke) {
    if let Some(path) = path {
        bitmap.stroke_path(&path, fill, stroke, pixels(), None);
    }
}

fn fill_in(bitmap: &mut Pixmap, path: Option<Path>, fill: &Fill<'_>) {
    if let Some(path) = path {
        bitmap.fill_path(&path, fill, FillRule::Winding, pixels(), None);
    }
}

/// From units to pixels.
fn pixels() -> Transform {
    let margin = MARGIN as f32;
    Transform::from_translate(margin, margin).post_scale(SCALE, SCALE)
}

fn round(width: f32) -> Stroke {
    Stroke {
        width,
        line_join: LineJoin::Round,
        ..Stroke::default()
    }
}

/// Straight lines through places, each of which may go back to its first one.
fn polyline<P: AsRef<[BackendCoord]>>(
    lines: impl IntoIterator<Item = P>,
    are_closed: bool,
) -> Option<Path> {
    let mut path = PathBuilder::new();
    for line in lines {
        for (index, place) in line.as_ref().iter().enumerate() {
            let (x, y) = (units(place.0) as f32, units(place.1) as f32);
            match index {
                0 => path.move_to(x, y),
                _ => path.line_to(x, y),
            }
        }
        if are_closed {
            path.close();
        }
    }
    path.finish()
}

fn circles(places: &[BackendCoord], radius: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (x, y) in places {
        path.push_circle(units(*x) as f32, units(*y) as f32, radius);
    }
    path.finish()
}

/// The colour that the style sheet gives; black where it gives none.
fn color(paint: Paint, opacity: f64) -> Color {
    let rule = format!("\n.{}{{color:#", paint.class());
    let number = || {
        let digits = STYLE.split_once(&rule)?.1.get(..6)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let [_, red, green, blue] = number().unwrap_or_default().to_be_bytes();
    Color::from_rgba8(red, green, blue, (opacity * 255.0).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channels(color: tiny_skia::ColorU8) -> [u8; 4] {
        [color.red(), color.green(), color.blue(), color.alpha()]
    }

    #[test]
    fn every_paint_has_a_colour_of_its_own() {
        let color = |paint| channels(color(paint, 1.0).to_color_u8());
        let series = (0..7).map(Paint::series);
        let others = [
            Paint::MUTED,
            Paint::GRID,
            Paint::ZONE,
            Paint::GOOD,
            Paint::BAD,
            Paint::UNSURE,
        ];
        let colors: std::collections::HashSet<_> =
            others.into_iter().chain(series).map(color).collect();
        assert_eq!(colors.len(), 6 + 7);
        assert_eq!(color(Paint::INK), [0x16, 0x19, 0x1D, 0xFF]);
        assert_eq!(color(Paint::series(0)), [0x00, 0x72, 0xB2, 0xFF]);
    }

    #[test]
    fn shapes_are_where_they_are_in_svg() {
        let font = Font::load().unwrap();
        let mut bitmap = Pixmap::new(80, 80).unwrap();
        let shape = |opacity, form| Shape {
            paint: Paint::series(0),
            opacity,
            form,
        };
        let corners = vec![(0, 0), (50, 0), (50, 50), (0, 50)];
        draw(&mut bitmap, &shape(1.0, Form::Area { corners }), &font);
        // Dots that lie on each other are one shape: the second one changes nothing.
        let places = vec![(150, 150), (150, 150)];
        let dots = Form::Dots { places, radius: 30 };
        draw(&mut bitmap, &shape(0.5, dots), &font);
        let at = |x, y| channels(bitmap.pixel(x, y).unwrap().demultiply());
        assert_eq!(at(39, 45), [0, 0, 0, 0]);
        assert_eq!(at(40, 40), [0x00, 0x72, 0xB2, 0xFF]);
        assert_eq!(at(49, 49), [0x00, 0x72, 0xB2, 0xFF]);
        assert_eq!(at(50, 50), [0, 0, 0, 0]);
        assert_eq!(at(70, 70)[3], 0x80);
        assert_eq!(at(78, 70), [0, 0, 0, 0]);
    }
}
