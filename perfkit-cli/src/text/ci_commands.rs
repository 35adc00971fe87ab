//! Lines that a CI service takes for a command: those that are meant, and none else.

use std::borrow::Cow;
use std::fmt;

use super::printable;

/// How much an annotation matters, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AnnotationLevel {
    Error,
    Warning,
    Notice,
}

/// A line that GitHub Actions obeys.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CiCommand(String);

impl CiCommand {
    /// An annotation, at a line of a file of the repository where that is known. Whatever
    /// the message says, it ends within it.
    pub(crate) fn annotation(
        level: AnnotationLevel,
        location: Option<(String, u32)>,
        message: &str,
    ) -> Self {
        let level = match level {
            AnnotationLevel::Error => "error",
            AnnotationLevel::Warning => "warning",
            AnnotationLevel::Notice => "notice",
        };
        let at = location.map_or_else(String::new, |(file, line)| {
            format!("file={},line={line},", escape_property(&file))
        });
        let message = escape_data(&printable(message));
        Self(format!("::{level} {at}title=perfkit gate::{message}"))
    }
}

impl fmt::Display for CiCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn escape_data(text: &str) -> String {
    let text = text.replace('%', "%25");
    text.replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    let text = escape_data(text).replace(':', "%3A");
    text.replace(',', "%2C")
}

/// Text of which no line begins with `::`. GitHub Actions takes such a line on
/// a standard stream for a command, also behind spaces; a name from outside, or
/// the rest of one after a line break, must not give commands.
pub(crate) fn without_commands(text: &str) -> Cow<'_, str> {
    if !text.lines().any(|line| command_start(line).is_some()) {
        return Cow::Borrowed(text);
    }
    let harmless = |line: &str| match command_start(line) {
        Some(at) => format!("{}.{}", &line[..at], &line[at + 1..]),
        None => line.to_owned(),
    };
    Cow::Owned(text.split_inclusive('\n').map(harmless).collect())
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
    fn an_annotation_is_one_command_whatever_it_says() {
        let annotation = |file: &str, message: &str| {
            let location = Some((file.to_owned(), 7));
            CiCommand::annotation(AnnotationLevel::Error, location, message).to_string()
        };
        assert_eq!(
            annotation("a,b:100%.rs", "100 %::set-env name=x::y"),
            "::error file=a%2Cb%3A100%25.rs,line=7,title=perfkit gate::100 %25::set-env name=x::y"
        );
        let broken = annotation("a\r\n::error::b", "x\n::add-mask::y\r\n##[group]");
        assert_eq!(broken.lines().count(), 1, "{broken}");
        assert!(!broken.contains("##["), "{broken}");
        assert!(broken.starts_with("::error file=a%0D%0A%3A%3Aerror%3A%3Ab,"));
        let plain = CiCommand::annotation(AnnotationLevel::Notice, None, "m");
        assert_eq!(plain.to_string(), "::notice title=perfkit gate::m");
    }

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
