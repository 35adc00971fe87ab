//! The outlines of letters.

use plotters_backend::text_anchor::HPos;
use tiny_skia::{Path, PathBuilder, Transform};
use ttf_parser::{Face, OutlineBuilder};

use crate::export::chart::Words;

/// Latin, Greek and Cyrillic letters, digits and signs of DejaVu Sans, so that a
/// picture is the same on every machine; other letters become boxes. Made with
/// fonttools: `pyftsubset DejaVuSans.ttf --no-hinting --desubroutinize`.
const BYTES: &[u8] = include_bytes!("DejaVuSans-subset.ttf");

pub(super) struct Font<'a>(Face<'a>);

impl Font<'_> {
    pub(super) fn load() -> Option<Self> {
        Face::parse(BYTES, 0).ok().map(Self)
    }

    /// The letters of a text at its place, in units; none where it has only spaces.
    pub(super) fn outlines(&self, words: &Words) -> Option<Path> {
        let scale = words.size as f32 / f32::from(self.0.units_per_em());
        let glyph = |letter| self.0.glyph_index(letter).unwrap_or_default();
        let glyphs: Vec<_> = words.text.chars().map(glyph).collect();
        let advance = |glyph| f32::from(self.0.glyph_hor_advance(glyph).unwrap_or_default());
        let length: f32 = glyphs.iter().map(|glyph| advance(*glyph)).sum();
        let part_before = match words.side {
            HPos::Left => 0.0,
            HPos::Center => 0.5,
            HPos::Right => 1.0,
        };
        let (x, y) = words.place;
        let mut left = x as f32 - length * scale * part_before;
        let mut path = PathBuilder::new();
        for glyph in glyphs {
            let mut outline = Outline(PathBuilder::new());
            self.0.outline_glyph(glyph, &mut outline);
            // In a font up is positive, in a picture down.
            let place = Transform::from_row(scale, 0.0, 0.0, -scale, left, y as f32);
            let outline = outline.0.finish().and_then(|path| path.transform(place));
            outline.iter().for_each(|outline| path.push_path(outline));
            left += advance(glyph) * scale;
        }
        path.finish()
    }
}

/// What the font's reader calls for each line and curve of a letter.
struct Outline(PathBuilder);

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}
