use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use crate::error::Error;

/// Latin, Greek and Cyrillic letters, digits and signs of DejaVu Sans, so that a
/// picture is the same on every machine; other letters become boxes. Made with
/// fonttools: `pyftsubset DejaVuSans.ttf --no-hinting --desubroutinize`.
const FONT: &[u8] = include_bytes!("DejaVuSans-subset.ttf");
const FAMILY: &str = "DejaVu Sans";

/// Pixels for each unit: text is sharp on screens with small pixels, too.
const SCALE: f32 = 2.0;

/// An SVG as PNG.
pub(in crate::export) fn rasterize(svg: &str) -> Result<Vec<u8>, Error> {
    let failed = |what: String| Error::data(format!("the plot cannot be drawn as PNG: {what}"));
    let mut options = Options {
        font_family: FAMILY.to_owned(),
        ..Options::default()
    };
    options.fontdb_mut().load_font_data(FONT.to_vec());
    options.fontdb_mut().set_sans_serif_family(FAMILY);
    let tree = Tree::from_str(svg, &options).map_err(|error| failed(error.to_string()))?;
    let size = tree.size();
    let pixels = |length: f32| (length * SCALE).ceil() as u32;
    let mut picture = Pixmap::new(pixels(size.width()), pixels(size.height()))
        .ok_or_else(|| failed("it is too large".to_owned()))?;
    let scale = Transform::from_scale(SCALE, SCALE);
    resvg::render(&tree, scale, &mut picture.as_mut());
    picture
        .encode_png()
        .map_err(|error| failed(error.to_string()))
}
