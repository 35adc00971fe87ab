//! A line of text, in parts of different tones.

use crate::text::{display_width, printable, shorten};

/// How a part of a line is shown. What it says stands in the text too: not all see colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Dim,
    Strong,
    Notice,
    Bad,
    /// The line of the title, and that of the keys.
    Bar,
    /// The row that is selected.
    Selected,
}

/// A line: texts and their tones.
pub(crate) type Line = Vec<(String, Tone)>;

/// A line of one part.
pub(super) fn line(text: &str, tone: Tone, width: usize) -> Line {
    vec![(cut(text, width), tone)]
}

/// Text that moves nothing, of at most this width.
pub(super) fn cut(text: &str, width: usize) -> String {
    shorten(&printable(text), width)
}

/// The same, of exactly this width: at the left end of it.
pub(super) fn left(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let missing = width.saturating_sub(display_width(&text));
    text + &" ".repeat(missing)
}

/// At the right end.
pub(super) fn right(text: &str, width: usize) -> String {
    let text = cut(text, width);
    " ".repeat(width.saturating_sub(display_width(&text))) + &text
}
