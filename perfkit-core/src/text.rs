//! Text from outside that is safe to show.
//!
//! No public interface: what is exported is for the command line.

use std::fmt::{self, Display, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Text from outside, without what could move a cursor, change colours, hide or
/// reorder text: control characters and the marks of bidirectional writing.
///
/// `##[` becomes `##(`: GitHub Actions and Azure Pipelines take what follows it
/// for a command, wherever in a line it stands.
#[must_use]
pub fn printable(text: &str) -> String {
    let shown = text.chars().map(|c| match c {
        '\t' | '\n' => ' ',
        c if is_invisible(c) => '\u{FFFD}',
        c => c,
    });
    let shown: String = shown.collect();
    shown.replace("##[", "##(").replace("##vso[", "##vso(")
}

/// Whether a character could move a cursor, or hide or reorder text.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    let is_format = matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}');
    // XML has no place for the last two.
    c.is_control() || is_format || matches!(c, '\u{FFFE}' | '\u{FFFF}')
}

/// What a value shows, in so many characters at most. Without perfkit it might never
/// have been written, so writing it must not bring the program down: where it panics
/// (as far as panics unwind) it is cut.
pub(crate) fn bounded(value: &dyn Display, longest: usize) -> String {
    let mut text = String::new();
    write_bounded(&mut text, value, longest);
    text
}

/// Adds that to a text.
pub(crate) fn write_bounded(text: &mut String, value: &dyn Display, longest: usize) {
    /// A string that takes so many characters and no more, so that an error with
    /// megabytes of text is never built in full.
    struct Bounded<'a> {
        text: &'a mut String,
        left: usize,
    }
    impl Write for Bounded<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            // No text has more characters than bytes.
            if part.len() <= self.left {
                self.left -= match part.is_ascii() {
                    true => part.len(),
                    false => part.chars().count(),
                };
                self.text.push_str(part);
                return Ok(());
            }
            for character in part.chars() {
                self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
                self.text.push(character);
            }
            Ok(())
        }
    }
    let left = longest;
    let mut bounded = Bounded { text, left };
    // An error only says that the text was cut.
    let _ = catch_unwind(AssertUnwindSafe(|| write!(bounded, "{value}")));
}

/// The start of a text, of so many bytes at most.
pub(crate) fn cut(text: &str, longest: usize) -> &str {
    let mut end = text.len().min(longest);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(
            printable("a\u{1b}[31mb\rc\td\u{202E}e"),
            "a\u{FFFD}[31mb\u{FFFD}c d\u{FFFD}e"
        );
        assert_eq!(printable("größe 測試"), "größe 測試");
        assert_eq!(printable("a ##[error]b"), "a ##(error]b");
    }
}
