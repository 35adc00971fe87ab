//! For pull requests and documents.

use perfkit::report::Severity;

use crate::report::{Align, Block, Document, Table, Tone};

/// The document as GitHub-flavoured Markdown.
pub(super) fn render(document: &Document) -> String {
    let mut text = String::new();
    for block in &document.blocks {
        match block {
            Block::Sentence(tone, sentence) => {
                let sentence = sentence_markdown(sentence);
                text += &match tone {
                    Tone::Plain => format!("{sentence}\n\n"),
                    _ => format!("**{sentence}**\n\n"),
                };
            }
            Block::Table(table) => text += &render_table(table),
            Block::Remark(severity, remark) => {
                let word = match severity {
                    Severity::Info => "Note",
                    Severity::Warning => "Warning",
                    Severity::Error => "Error",
                };
                text += &format!("- {word}: {}\n", escape(remark));
            }
        }
    }
    text.trim_end().to_owned() + "\n"
}

fn render_table(table: &Table) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let headings = table.columns.iter().map(|c| escape(c.heading)).collect();
    let rule = table.columns.iter().map(|column| match column.align {
        Align::Left => ":---".to_owned(),
        Align::Right => "---:".to_owned(),
    });
    let title = table
        .title
        .iter()
        .map(|title| format!("{}\n\n", escape(title)));
    let mut text: String = title.collect();
    text += &line(headings);
    text += &line(rule.collect());
    for row in &table.rows {
        text += &line(row.iter().map(|cell| escape(cell)).collect());
    }
    text + "\n"
}

/// A sentence with its names, which stand in backticks, as code.
fn sentence_markdown(sentence: &str) -> String {
    let parts: Vec<&str> = sentence.split('`').collect();
    if parts.len().is_multiple_of(2) {
        // A name has a backtick of its own: all of it is plain text then.
        return escape(sentence);
    }
    let marked = parts.iter().enumerate().map(|(index, part)| {
        if index % 2 == 1 {
            format!("<code>{}</code>", escape(part))
        } else {
            escape(part)
        }
    });
    marked.collect()
}

/// Text in which nothing is markup: every character that Markdown or HTML gives
/// a meaning is escaped, and what would become a link or a mention by itself is
/// parted by an empty comment.
fn escape(text: &str) -> String {
    const PART: &str = "<!-- -->";
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' | '#' => {
                escaped.push_str(PART);
                escaped.push(character);
                escaped.push_str(PART);
            }
            // `http://host` and `www.host` are links.
            '/' if before == ':' => {
                escaped.push_str(PART);
                escaped.push('/');
            }
            '.' if before.eq_ignore_ascii_case(&'w') => {
                escaped.push_str(PART);
                escaped.push('.');
            }
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '|' | '~' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(character);
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
    fn a_document_is_markdown() {
        let mut document = Document::default();
        document.sentence(Tone::Bad, "`new_one` is slower than `old`.");
        let mut table = Table::new(&[("command", Align::Left, 0), ("mean", Align::Right, 1)]);
        table.row(vec!["a|b".into(), "2 ms".into()]);
        document.table(table);
        let expected = "**<code>new\\_one</code> is slower than <code>old</code>.**

| command | mean |
| :--- | ---: |
| a\\|b | 2 ms |
";
        assert_eq!(render(&document), expected);
    }

    #[test]
    fn names_cannot_become_markup() {
        assert_eq!(escape("<img src=x>"), "&lt;img src=x&gt;");
        assert_eq!(escape("[a](b) ![c](d)"), "\\[a\\](b) \\!\\[c\\](d)");
        let part = "<!-- -->";
        assert_eq!(escape("@team"), format!("{part}@{part}team"));
        assert_eq!(escape("#1"), format!("{part}#{part}1"));
        assert_eq!(escape("FTP://x"), format!("FTP:{part}//x"));
        assert_eq!(escape("www.x"), format!("www{part}.x"));
        assert_eq!(escape("a@b.c"), format!("a{part}@{part}b.c"));
        assert_eq!(
            sentence_markdown("`a`b` is slower"),
            "\\`a\\`b\\` is slower"
        );
    }
}
