//! A file's text, unpacked and within bounds.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::json_shape::JsonShape;
use super::parse_error::ParseError;

/// The most bytes of a file that are read, also after unpacking.
pub(in crate::input) const LARGEST_BYTES: u64 = 256 << 20;

/// How every gzip file begins.
pub(super) const GZIP: [u8; 2] = [0x1F, 0x8B];

/// A text and what kind of JSON it is, if it is any.
pub(super) struct Text {
    text: String,
    shape: JsonShape,
}

impl Text {
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self, ParseError> {
        let bytes = if bytes.starts_with(&GZIP) {
            unpack(&bytes)?
        } else {
            bytes
        };
        let text = decode(bytes);
        let shape = JsonShape::of(&text);
        Ok(Self { text, shape })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn shape(&self) -> &JsonShape {
        &self.shape
    }

    /// The lines, without what ends them.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines()
    }

    /// Reads every line; an error is given the line that it is in.
    pub(super) fn read_lines<'a>(
        &'a self,
        mut read: impl FnMut(&'a str) -> Result<(), ParseError>,
    ) -> Result<(), ParseError> {
        let mut lines = self.lines().enumerate();
        lines.try_for_each(|(index, line)| read(line).map_err(|error| error.below(index)))
    }
}

pub(super) fn unpack(bytes: &[u8]) -> Result<Vec<u8>, ParseError> {
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(LARGEST_BYTES + 1)
        .read_to_end(&mut unpacked)
        .map_err(|error| {
            ParseError::new(format!("the gzip file is damaged or cut off: {error}"))
        })?;
    if unpacked.len() as u64 > LARGEST_BYTES {
        return Err(ParseError::new(format!(
            "unpacked, the file is larger than {} MiB, the largest that is read",
            LARGEST_BYTES >> 20
        )));
    }
    Ok(unpacked)
}

/// UTF-8, or UTF-16 with its mark, as a Windows console writes it to files.
fn decode(bytes: Vec<u8>) -> String {
    let units = |of: fn([u8; 2]) -> u16| -> String {
        let units = bytes[2..]
            .chunks_exact(2)
            .map(|pair| of([pair[0], pair[1]]));
        char::decode_utf16(units)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    };
    if bytes.starts_with(&[0xFF, 0xFE]) {
        return units(u16::from_le_bytes);
    }
    if bytes.starts_with(&[0xFE, 0xFF]) {
        return units(u16::from_be_bytes);
    }
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    match text.strip_prefix('\u{FEFF}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}
