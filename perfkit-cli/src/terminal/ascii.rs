//! Terminals that show nothing but ASCII.

use std::borrow::Cow;

use crate::args::environment;

/// Whether the locale's characters are UTF-8. Where none is set it is taken to
/// be: containers have none, and the terminal that shows their output does.
pub(super) fn is_utf8() -> bool {
    // The first that is set counts, as setlocale(3) has it.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(environment::text);
    locale.is_none_or(|locale| names_utf8(&locale))
}

fn names_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// Text in ASCII: the characters that perfkit itself uses have a likeness there,
/// the others become `?`.
pub(super) fn to_ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    // `≤ ` stands before a number: two columns stay two columns.
    let text = text.replace("≤ ", "<=");
    Cow::Owned(text.chars().map(likeness).collect())
}

fn likeness(character: char) -> char {
    match character {
        // From nothing to full, in the order of how dark they are.
        '▁' => '.',
        '▂' => ':',
        '▃' => '-',
        '▄' => '=',
        '▅' => '+',
        '▆' => '*',
        '▇' => '#',
        '█' => '@',
        'µ' => 'u',
        '…' => '~',
        '–' | '−' => '-',
        '±' => '~',
        '×' => 'x',
        '’' => '\'',
        character if character.is_ascii() => character,
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_names_its_characters() {
        assert!(names_utf8("C.UTF-8") && names_utf8("de_DE.utf8"));
        assert!(!names_utf8("C") && !names_utf8("de_DE.ISO-8859-1"));
    }

    #[test]
    fn what_perfkit_writes_has_a_likeness() {
        assert_eq!(to_ascii("≤ 4 µs ▁▄█ é"), "<=4 us .=@ ?");
        assert_eq!(to_ascii("plain"), "plain");
    }
}
