//! Lines that a CI service would take for a command.

use std::borrow::Cow;

/// Text of which no line begins with `::`. GitHub Actions takes such a line on
/// a standard stream for a command, also behind spaces; a name from outside, or
/// the rest of one after a line break, must not give commands.
pub(crate) fn without_commands(text: &str) -> Cow<'_, str> {
    if !text.lines().any(|line| command_start(line).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut harmless = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match command_start(line) {
            Some(at) => {
                harmless.push_str(&line[..at]);
                harmless.push('.');
                harmless.push_str(&line[at + 1..]);
            }
            None => harmless.push_str(line),
        }
    }
    Cow::Owned(harmless)
}

/// Where a line's first two characters are, behind spaces and styles, if they
/// are colons.
fn command_start(line: &str) -> Option<usize> {
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        match rest.strip_prefix('\u{1b}') {
            Some(style) => rest = &style[style.find('m')? + 1..],
            None => break,
        }
    }
    rest.starts_with("::").then(|| line.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_begins_with_two_colons() {
        assert_eq!(without_commands("a::b\nc"), "a::b\nc");
        assert_eq!(
            without_commands("::error::x\n \u{3000}::add-mask::y\na"),
            ".:error::x\n \u{3000}.:add-mask::y\na"
        );
        assert_eq!(
            without_commands("\u{1b}[1m::error::x\u{1b}[0m\n"),
            "\u{1b}[1m.:error::x\u{1b}[0m\n"
        );
    }
}
