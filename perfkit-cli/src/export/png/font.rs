//! The outlines of letters.

use ttf_parser::{Face, OutlineBuilder};

use crate::export::chart::{Side, Words};

use super::bitmap::Polygon;
use super::outline::stroke;

/// Latin, Greek and Cyrillic letters, digits and signs of DejaVu Sans, so that a
/// picture is the same on every machine; other letters become boxes. Made with
/// fonttools: `pyftsubset DejaVuSans.ttf --no-hinting --desubroutinize`.
const BYTES: &[u8] = include_bytes!("DejaVuSans-subset.ttf");

/// How much wider than others the lines of bold letters are, as a part of their size.
const BOLDER: f64 = 0.04;

/// Straight lines for each curve of a letter.
const LINES_PER_CURVE: u32 = 6;

pub(super) struct Font<'a>(Face<'a>);

impl Font<'_> {
    pub(super) fn load() -> Option<Self> {
        Face::parse(BYTES, 0).ok().map(Self)
    }

    /// The letters of a text at a place, which go round in one direction, and their
    /// holes in the other.
    pub(super) fn outlines(&self, words: &Words, place: (f64, f64), scale: f64) -> Vec<Polygon> {
        let pixels = scale * words.size;
        let scale = pixels / f64::from(self.0.units_per_em());
        let glyph = |letter| self.0.glyph_index(letter).unwrap_or_default();
        let glyphs: Vec<_> = words.text.chars().map(glyph).collect();
        let advance = |glyph| f64::from(self.0.glyph_hor_advance(glyph).unwrap_or_default());
        let length: f64 = glyphs.iter().map(|glyph| advance(*glyph)).sum();
        let part_before = match words.side {
            Side::Left => 0.0,
            Side::Middle => 0.5,
            Side::Right => 1.0,
        };
        let mut outline = Outline {
            polygons: Vec::new(),
            origin: (place.0 - length * scale * part_before, place.1),
            scale,
        };
        for glyph in glyphs {
            self.0.outline_glyph(glyph, &mut outline);
            outline.origin.0 += advance(glyph) * scale;
        }
        let mut letters = outline.polygons;
        if words.is_bold {
            let width = BOLDER * pixels;
            let around = |letter: &Polygon| stroke(letter, width, &[]);
            letters.extend(letters.iter().flat_map(around).collect::<Vec<_>>());
        }
        letters
    }
}

/// What the font's reader calls for each line and curve of a letter.
struct Outline {
    polygons: Vec<Polygon>,
    origin: (f64, f64),
    scale: f64,
}

impl Outline {
    /// In a font up is positive, in a picture down.
    fn place(&self, x: f32, y: f32) -> (f64, f64) {
        let (left, base) = self.origin;
        (
            left + f64::from(x) * self.scale,
            base - f64::from(y) * self.scale,
        )
    }

    fn add(&mut self, place: (f64, f64)) {
        if let Some(polygon) = self.polygons.last_mut() {
            polygon.push(place);
        }
    }

    /// A curve as straight lines, by de Casteljau's rule.
    fn curve(&mut self, controls: &[(f64, f64)]) {
        let last = self.polygons.last().and_then(|polygon| polygon.last());
        let Some(first) = last.copied() else { return };
        for line in 1..=LINES_PER_CURVE {
            let part = f64::from(line) / f64::from(LINES_PER_CURVE);
            let mut places = vec![first];
            places.extend(controls);
            while places.len() > 1 {
                let between = |pair: &[(f64, f64)]| {
                    let [a, b] = [pair[0], pair[1]];
                    (a.0 + (b.0 - a.0) * part, a.1 + (b.1 - a.1) * part)
                };
                places = places.windows(2).map(between).collect();
            }
            self.add(places[0]);
        }
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.polygons.push(vec![self.place(x, y)]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.add(self.place(x, y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.curve(&[self.place(x1, y1), self.place(x, y)]);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.curve(&[self.place(x1, y1), self.place(x2, y2), self.place(x, y)]);
    }

    fn close(&mut self) {
        if let Some(polygon) = self.polygons.last_mut()
            && let Some(first) = polygon.first().copied()
        {
            polygon.push(first);
        }
    }
}
