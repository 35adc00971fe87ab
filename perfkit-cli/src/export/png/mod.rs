//! Pictures in pixels, drawn from the same shapes as SVG.

mod bitmap;
mod file;
mod font;
mod outline;

use super::chart::{Form, MARGIN, Paint, Picture, STYLE, Shape, mark, units};
use crate::error::Error;

use bitmap::{Bitmap, Color, Polygon};
use font::Font;
use outline::{circle, stroke};

/// Pixels for each unit: text is sharp on screens with small pixels, too.
const SCALE: f64 = 2.0;

/// What a picture may take: more is a mistake, of which memory should not run out.
const LARGEST_PIXELS: usize = 1 << 27;

/// How far white reaches around letters, in units, as in the style sheet.
const HALO: f64 = 3.0;
const WHITE: Color = [0xFF; 3];

/// A picture as the bytes of a PNG file.
pub(super) fn encode(picture: &Picture) -> Result<Vec<u8>, Error> {
    let failed = |what: &str| Error::data(format!("the plot cannot be drawn as PNG: {what}"));
    let pixels = |units: u32| (f64::from(units + 2 * MARGIN) * SCALE).ceil() as usize;
    let (width, height) = (pixels(picture.width), pixels(picture.height));
    if width.saturating_mul(height) > LARGEST_PIXELS {
        return Err(failed("it is too large; draw fewer runs, or SVG"));
    }
    let font = Font::load().ok_or_else(|| failed("its font cannot be read"))?;
    let mut bitmap = Bitmap::new(width, height);
    for shape in &picture.shapes {
        draw(&mut bitmap, shape, &font);
    }
    file::write(&bitmap).map_err(|error| failed(&error.to_string()))
}

fn draw(bitmap: &mut Bitmap, shape: &Shape, font: &Font<'_>) {
    let color = color(shape.paint);
    let polygons = match &shape.form {
        Form::Line { points, width } => {
            let points: Vec<_> = points.iter().map(|place| pixel(*place)).collect();
            let dashes = shape.paint.dashes().iter();
            let dashes: Vec<_> = dashes.map(|length| f64::from(*length) * SCALE).collect();
            stroke(&points, units(*width as i32) * SCALE, &dashes)
        }
        Form::Area { corners } => vec![corners.iter().map(|place| pixel(*place)).collect()],
        Form::Dots { places, radius } => {
            let dot = |place| match shape.paint.corners() {
                [] => circle(pixel(place), units(*radius as i32) * SCALE),
                _ => corners(shape.paint, place, *radius),
            };
            places.iter().map(|place| dot(*place)).collect()
        }
        Form::Text(words) => {
            let (x, y) = words.place;
            let letters = font.outlines(words, place(x, y), SCALE);
            let around = |letter: &Polygon| stroke(letter, HALO * SCALE, &[]);
            let halo: Vec<_> = letters.iter().flat_map(around).collect();
            bitmap.fill(&halo, WHITE, 1.0);
            letters
        }
    };
    bitmap.fill(&polygons, color, shape.opacity);
}

fn corners(paint: Paint, place: (i32, i32), radius: u32) -> Polygon {
    mark(paint, place, radius).into_iter().map(pixel).collect()
}

/// Where a place of the picture, in steps, is among the pixels.
fn pixel((x, y): (i32, i32)) -> (f64, f64) {
    place(units(x), units(y))
}

fn place(x: f64, y: f64) -> (f64, f64) {
    let pixels = |units: f64| (units + f64::from(MARGIN)) * SCALE;
    (pixels(x), pixels(y))
}

/// The colour that the style sheet gives; black where it gives none.
fn color(paint: Paint) -> Color {
    let rule = format!("\n.{}{{color:#", paint.class());
    let number = || {
        let digits = STYLE.split_once(&rule)?.1.get(..6)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let [_, red, green, blue] = number().unwrap_or_default().to_be_bytes();
    [red, green, blue]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_paint_has_a_colour_of_its_own() {
        let series = (0..7).map(Paint::Series);
        let others = [
            Paint::Muted,
            Paint::Grid,
            Paint::Zone,
            Paint::Good,
            Paint::Bad,
            Paint::Unsure,
        ];
        let colors: std::collections::HashSet<_> =
            others.into_iter().chain(series).map(color).collect();
        assert_eq!(colors.len(), 6 + 7);
        assert!(!colors.contains(&[0; 3]));
        assert_eq!(color(Paint::Series(0)), [0x00, 0x72, 0xB2]);
    }
}
