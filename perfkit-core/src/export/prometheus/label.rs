//! Label values.

use std::fmt::Write as _;

use crate::text::is_invisible;

/// A label's value with what is invisible spelled out, so that it is safe to show, and
/// names that differ in it alone stay apart. Line breaks stay: every format has a way to
/// tell them.
pub(super) fn visible(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for character in value.chars() {
        if is_invisible(character) && character != '\n' {
            // Writing to a string cannot fail.
            let _ = write!(text, r"\u{{{:x}}}", u32::from(character));
        } else {
            text.push(character);
        }
    }
    text
}

/// A value as it stands between the quotes of the text formats.
pub(super) fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '\\' => text.push_str(r"\\"),
            '"' => text.push_str(r#"\""#),
            '\n' => text.push_str(r"\n"),
            plain => text.push(plain),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{escaped, visible};

    #[test]
    fn the_three_escapes_of_the_format() {
        assert_eq!(escaped(r#"C:\new "x""#), r#"C:\\new \"x\""#);
        assert_eq!(escaped("two\nlines"), r"two\nlines");
        assert_eq!(escaped("größe::測試<T, 'a>"), "größe::測試<T, 'a>");
    }

    #[test]
    fn what_is_hidden_is_spelled_out() {
        assert_eq!(visible("\u{1b}[31m\r\0"), r"\u{1b}[31m\u{d}\u{0}");
        assert_eq!(
            visible("a\u{202e}b\u{200b}\u{85}\n"),
            "a\\u{202e}b\\u{200b}\\u{85}\n"
        );
        assert_eq!(escaped(&visible("\u{1b}")), r"\\u{1b}");
    }
}
