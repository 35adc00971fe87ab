//! How much room a text takes, and how it is cut to less.

use unicode_width::UnicodeWidthStr;

use super::printable;

/// How many columns a text takes on a terminal.
pub(crate) fn display_width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The most characters that share a column: accents are put onto letters, and
/// a name could pile up thousands of them.
const MOST_PER_COLUMN: usize = 4;

/// Text of at most `width` columns, its middle replaced by `…` if need be: the
/// start of a command tells what it is, the end what it works on.
pub(crate) fn shorten(text: &str, width: usize) -> String {
    if fits(text, width) {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let head = take(text.chars(), room - room / 3);
    let tail: String = take(text.chars().rev(), room / 3).chars().rev().collect();
    format!("{head}…{tail}")
}

fn fits(text: &str, width: usize) -> bool {
    let is_piled_up = text.chars().nth(MOST_PER_COLUMN * width).is_some();
    !is_piled_up && display_width(text) <= width
}

/// The longest name that is shown whole, in columns.
const LONGEST_NAME: usize = 60;

/// A name from outside as it is shown: printable, and short. One that is cut
/// ends in a mark that it shares with no other name, so that two long names with
/// the same ends stay two.
pub(crate) fn label(name: &str) -> String {
    let shown = printable(name);
    if fits(&shown, LONGEST_NAME) {
        return shown;
    }
    let mark = format!("#{:08x}", hash(name));
    let room = LONGEST_NAME - mark.len() - 1;
    format!("{} {mark}", shorten(&shown, room))
}

/// FNV-1a (Fowler, Noll and Vo): the same mark on every machine.
fn hash(text: &str) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    text.as_bytes().iter().fold(0x811C_9DC5, step)
}

fn take(characters: impl Iterator<Item = char>, width: usize) -> String {
    let mut taken = String::new();
    for character in characters.take(MOST_PER_COLUMN * width) {
        taken.push(character);
        if display_width(&taken) > width {
            taken.pop();
            break;
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_and_stays_its_own() {
        let long = |middle: &str| format!("{}{middle}{}", "a".repeat(5000), "z".repeat(5000));
        let (one, other) = (label(&long("1")), label(&long("2")));
        assert!(display_width(&one) <= LONGEST_NAME && one != other, "{one}");
        assert!(one.starts_with("aaa") && one.contains("z #"), "{one}");
        assert_eq!(label("short\u{1b}"), "short\u{FFFD}");
        let combining = label(&"a\u{301}".repeat(10_000));
        assert!(combining.chars().count() <= 5 * LONGEST_NAME, "{combining}");
    }

    #[test]
    fn long_text_loses_its_middle() {
        assert_eq!(shorten("short", 10), "short");
        assert_eq!(
            shorten("sort -k1,1 very/long/path/file.txt", 16),
            "sort -k1,1…e.txt"
        );
        assert!(display_width(&shorten("測試測試測試測試", 8)) <= 8);
        let piled_up = "e\u{301}".repeat(3) + &"\u{301}".repeat(10_000);
        assert!(shorten(&piled_up, 8).chars().count() <= 4 * 8 + 1);
    }
}
