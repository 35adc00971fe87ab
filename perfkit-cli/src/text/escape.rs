//! Text within markup.

/// Text between tags: what XML gives a meaning is escaped, what it does not
/// allow is replaced.
pub(crate) fn escape_xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{FFFE}' | '\u{FFFF}' => escaped.push('\u{FFFD}'),
            c if c.is_control() => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Text in which nothing is markup: every character that Markdown or HTML gives
/// a meaning is escaped, and what would become a link or a mention by itself is
/// parted by an empty comment.
pub(crate) fn escape_markdown(text: &str) -> String {
    const PART: &str = "<!-- -->";
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' | '#' => escaped += &format!("{PART}{character}{PART}"),
            // `http://host` and `www.host` are links.
            '/' if before == ':' => escaped += &format!("{PART}/"),
            '.' if before.eq_ignore_ascii_case(&'w') => escaped += &format!("{PART}."),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '|' | '~' | '!' | '$' => {
                escaped.extend(['\\', character]);
            }
            _ => escaped.push(character),
        }
        before = character;
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_markup() {
        let escape = escape_markdown;
        assert_eq!(escape("<img src=x>"), "&lt;img src=x&gt;");
        assert_eq!(escape("[a](b) ![c](d)"), "\\[a\\](b) \\!\\[c\\](d)");
        let part = "<!-- -->";
        assert_eq!(escape("@team"), format!("{part}@{part}team"));
        assert_eq!(escape("#1"), format!("{part}#{part}1"));
        assert_eq!(escape("FTP://x"), format!("FTP:{part}//x"));
        assert_eq!(escape("www.x"), format!("www{part}.x"));
        assert_eq!(escape("a@b.c"), format!("a{part}@{part}b.c"));
    }

    #[test]
    fn names_cannot_become_tags() {
        assert_eq!(
            escape_xml("<a b='c'>&\u{1}"),
            "&lt;a b=&#39;c&#39;&gt;&amp;\u{FFFD}"
        );
    }
}
