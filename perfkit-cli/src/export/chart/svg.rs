//! Shapes as SVG, with classes in the place of colours, so that a page can give them
//! colours of its own, by day and by night.

use std::fmt::Write as _;

use plotters_backend::BackendCoord;
use plotters_backend::text_anchor::HPos;

use crate::text::escape_xml;

use super::shape::{Form, Paint, Shape, Words, mark, units};

/// The elements of a picture.
pub(super) fn elements(shapes: &[Shape]) -> String {
    shapes.iter().map(element).collect()
}

fn element(shape: &Shape) -> String {
    let class = shape.paint.class();
    match &shape.form {
        Form::Line { points, width } => format!(
            "<path class=\"{class} l\" stroke-width=\"{}\"{}{} d=\"{}\"/>\n",
            units(*width as i32),
            opacity("stroke", shape.opacity),
            dashes(shape.paint),
            path(points)
        ),
        Form::Area { corners } => {
            let opacity = opacity("fill", shape.opacity);
            let path = path(corners);
            format!("<path class=\"{class} f\"{opacity} d=\"{path}Z\"/>\n")
        }
        Form::Dots { places, radius } => dots(shape, places, *radius),
        Form::Text(words) => text(class, words),
    }
}

/// Dots as one path, which is a tenth of the text of one for each.
fn dots(shape: &Shape, places: &[BackendCoord], radius: u32) -> String {
    let class = shape.paint.class();
    if shape.paint.corners().is_empty() {
        // A line without length and with round ends.
        let dot = |(x, y): &BackendCoord| format!("M{} {}h0", units(*x), units(*y));
        return format!(
            "<path class=\"{class} l dot\" stroke-width=\"{}\"{} d=\"{}\"/>\n",
            units(2 * radius as i32),
            opacity("stroke", shape.opacity),
            places.iter().map(dot).collect::<String>()
        );
    }
    let marks = places
        .iter()
        .map(|place| closed(&mark(shape.paint, *place, radius)));
    format!(
        "<path class=\"{class} f\"{} d=\"{}\"/>\n",
        opacity("fill", shape.opacity),
        marks.collect::<String>()
    )
}

fn text(class: &str, words: &Words) -> String {
    let anchor = match words.side {
        HPos::Left => "",
        HPos::Center => " text-anchor=\"middle\"",
        HPos::Right => " text-anchor=\"end\"",
    };
    let weight = match words.is_bold {
        true => " font-weight=\"600\"",
        false => "",
    };
    format!(
        "<text class=\"{class} f\" x=\"{}\" y=\"{}\" font-size=\"{}\"{anchor}{weight}>{}</text>\n",
        words.place.0,
        words.place.1,
        words.size,
        escape_xml(&words.text)
    )
}

fn opacity(what: &str, opacity: f64) -> String {
    if opacity < 1.0 {
        format!(" {what}-opacity=\"{opacity}\"")
    } else {
        String::new()
    }
}

fn dashes(paint: Paint) -> String {
    let lengths: Vec<_> = paint.dashes().iter().map(u8::to_string).collect();
    match lengths.is_empty() {
        true => String::new(),
        false => format!(" stroke-dasharray=\"{}\"", lengths.join(" ")),
    }
}

fn path(points: &[BackendCoord]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        let command = if index == 0 { 'M' } else { 'L' };
        // A text takes everything.
        let _ = write!(path, "{command}{} {}", units(*x), units(*y));
    }
    path
}

/// A closed path: the first corner is told as it is, the others by how far they are
/// from the one before, which is shorter.
fn closed(corners: &[BackendCoord]) -> String {
    let Some((first, others)) = corners.split_first() else {
        return String::new();
    };
    let steps = corners.iter().zip(others);
    let steps = steps
        .map(|((x, y), (next_x, next_y))| format!("{} {}", units(next_x - x), units(next_y - y)));
    let steps: Vec<_> = steps.collect();
    format!(
        "M{} {}l{}z",
        units(first.0),
        units(first.1),
        steps.join(" ")
    )
}
