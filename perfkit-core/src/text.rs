//! Text from outside that is safe to show.
//!
//! No public interface: what is exported is for the command line.

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
