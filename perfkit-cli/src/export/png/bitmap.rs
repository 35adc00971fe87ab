//! Pixels, and what of them a shape covers.

use ab_glyph_rasterizer::{Rasterizer, point};

pub(super) type Color = [u8; 3];

/// Corners, in pixels.
pub(super) type Polygon = Vec<(f64, f64)>;

/// A white picture that shapes are drawn onto.
pub(super) struct Bitmap {
    width: usize,
    height: usize,
    pixels: Vec<Color>,
}

/// The pixels that shapes lie in: from the first, up to without the last.
struct Area {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

impl Bitmap {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            pixels: vec![[0xFF; 3]; width * height],
        }
    }

    pub(super) fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &[Color]> {
        self.pixels.chunks(self.width.max(1))
    }

    /// Fills what lies within any of the polygons, which go round all in one
    /// direction, and holes in the other. Pixels at edges get a part of the colour.
    pub(super) fn fill(&mut self, polygons: &[Polygon], color: Color, opacity: f64) {
        let Some(area) = self.area(polygons) else {
            return;
        };
        let width = area.right - area.left;
        let mut raster = Rasterizer::new(width, area.bottom - area.top);
        for polygon in polygons {
            let next = polygon.iter().cycle().skip(1);
            for (from, to) in polygon.iter().zip(next) {
                area.edge(&mut raster, *from, *to);
            }
        }
        raster.for_each_pixel(|index, covered| {
            let (x, y) = (area.left + index % width, area.top + index / width);
            let part = f64::from(covered.min(1.0)) * opacity;
            if part > 0.0 {
                let pixel = &mut self.pixels[y * self.width + x];
                for (old, new) in pixel.iter_mut().zip(color) {
                    let mixed = f64::from(*old) * (1.0 - part) + f64::from(new) * part;
                    *old = mixed.round() as u8;
                }
            }
        });
    }

    /// What of the picture the polygons reach into.
    fn area(&self, polygons: &[Polygon]) -> Option<Area> {
        let places = || polygons.iter().flatten();
        let first = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
        let last = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
        let area = Area {
            left: first(&mut places().map(|(x, _)| *x)).max(0.0) as usize,
            top: first(&mut places().map(|(_, y)| *y)).max(0.0) as usize,
            right: (last(&mut places().map(|(x, _)| *x)).ceil() as usize).min(self.width),
            bottom: (last(&mut places().map(|(_, y)| *y)).ceil() as usize).min(self.height),
        };
        (area.left < area.right && area.top < area.bottom).then_some(area)
    }
}

impl Area {
    /// Tells the rasteriser of an edge: as it is within the area, and along the area's
    /// side where it is beyond, so that what it bounds stays the same within.
    fn edge(&self, raster: &mut Rasterizer, from: (f64, f64), to: (f64, f64)) {
        let right = (self.right - self.left) as f64;
        let (from, to) = (self.within(from), self.within(to));
        let (run, rise) = (to.0 - from.0, to.1 - from.1);
        // Where the edge crosses the sides, as parts of its length.
        let mut cuts = [0.0, -from.0 / run, (right - from.0) / run, 1.0];
        cuts.iter_mut().for_each(|cut| *cut = cut.clamp(0.0, 1.0));
        cuts.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let x = (from.0 + part * run).clamp(0.0, right);
            point(x as f32, (from.1 + part * rise) as f32)
        };
        for pair in cuts.windows(2).filter(|pair| pair[0] < pair[1]) {
            raster.draw_line(at(pair[0]), at(pair[1]));
        }
    }

    fn within(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (x - self.left as f64, y - self.top as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: Color = [0; 3];

    fn square(left: f64, top: f64, side: f64) -> Polygon {
        let (right, bottom) = (left + side, top + side);
        vec![(left, top), (right, top), (right, bottom), (left, bottom)]
    }

    fn reds(bitmap: &Bitmap) -> Vec<u8> {
        bitmap.rows().flatten().map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn a_pixel_gets_as_much_as_is_covered() {
        let mut bitmap = Bitmap::new(4, 2);
        bitmap.fill(&[square(0.5, 0.0, 2.0)], BLACK, 1.0);
        assert_eq!(reds(&bitmap), [128, 0, 128, 255, 128, 0, 128, 255]);
    }

    #[test]
    fn overlapping_polygons_are_one_shape() {
        let mut bitmap = Bitmap::new(3, 1);
        let twice = [square(0.0, 0.0, 2.0), square(0.0, 0.0, 2.0)];
        bitmap.fill(&twice, BLACK, 0.5);
        assert_eq!(reds(&bitmap), [128, 128, 255]);
    }

    #[test]
    fn what_lies_beyond_the_picture_changes_nothing_within() {
        for far in [10.0, 1e9] {
            let mut bitmap = Bitmap::new(3, 3);
            let halves = [
                vec![(-far, -far), (1.0, -far), (1.0, far), (-far, far)],
                vec![(2.0, -far), (far, -far), (far, far), (2.0, far)],
            ];
            bitmap.fill(&halves, BLACK, 1.0);
            assert_eq!(reds(&bitmap), [0, 255, 0].repeat(3), "{far}");
            bitmap.fill(
                &[square(-far, 0.0, 2.0), square(5.0, 0.0, far)],
                [9; 3],
                1.0,
            );
            assert_eq!(reds(&bitmap), [0, 255, 0].repeat(3), "{far}");
        }
    }
}
