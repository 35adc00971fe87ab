//! Tables of text with commas between the fields.

use super::parse_error::ParseError;
use super::units;

/// The fields of a line with their headings.
pub(super) type Fields<'a> = Vec<(&'a str, &'a str)>;

/// Reads the lines of a table that has so many lines of something else before its
/// headings.
pub(super) fn read_lines<T>(
    mut reader: csv::Reader<&[u8]>,
    lines_before: usize,
    read: impl Fn(Fields<'_>) -> Result<T, ParseError>,
) -> Result<Vec<T>, ParseError> {
    let line = |place: Option<&csv::Position>| place.map_or(1, csv::Position::line) as usize;
    let failed = |error: csv::Error| {
        ParseError::at(line(error.position()) + lines_before, error.to_string())
    };
    let headings = reader.headers().map_err(failed)?.clone();
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(failed)?;
        let found = read(headings.iter().zip(&record).collect());
        lines.push(found.map_err(|error| error.below(line(record.position()) + lines_before - 1))?);
    }
    Ok(lines)
}

/// A field's number; none where it is empty, NaN for what came to nothing.
pub(super) fn number(heading: &str, field: &str) -> Result<Option<f64>, ParseError> {
    match field {
        "" => Ok(None),
        "NaN" | "nan" | "-nan" | "inf" | "-inf" => Ok(Some(f64::NAN)),
        text => match units::number(text) {
            None => Err(format!("{heading} is no number: {text:?}").into()),
            number => Ok(number),
        },
    }
}
