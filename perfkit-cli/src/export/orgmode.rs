//! For documents in Emacs's Org mode.

use crate::document::Table;
use crate::error::Error;

use super::layout::{Layout, Named};
use super::markup::Markup;

const ORGMODE: Markup = Markup {
    heading: "*",
    item: "-",
    quote: '"',
    escape,
    table,
};

/// The reports in Org mode, each under its name where there are several.
pub(super) fn render(reports: &[Named<'_>], layout: Layout<'_>) -> Result<String, Error> {
    Ok(ORGMODE.render(reports, layout))
}

/// A space of no width, by which Org's manual keeps a character from being markup.
const NO_WIDTH: char = '\u{200B}';

fn table(table: &Table, title: Option<&str>) -> String {
    let title = title.map_or_else(String::new, |title| {
        format!("#+CAPTION: {}\n", escape(title))
    });
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let headings = table.columns.iter().map(|column| escape(column.heading));
    let rule: Vec<&str> = table.columns.iter().map(|_| "---").collect();
    let mut text = title + &line(headings.collect()) + &format!("|{}|\n", rule.join("+"));
    for row in &table.rows {
        text += &line(row.iter().map(|cell| escape(cell)).collect());
    }
    text
}

/// Text in which nothing is markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '|' => escaped += "\\vert{}",
            '*' | '/' | '_' | '=' | '~' | '+' | '^' | '[' | '<' | '{' | '\\' | '$' | '#' | '@' => {
                escaped.extend([NO_WIDTH, character, NO_WIDTH]);
            }
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Align, Document, Sentence, Style};

    #[test]
    fn a_document_is_in_org_mode() {
        let mut document = Document::default();
        let sentence = Sentence::led(Style::Bad, "Slower").code("new_one");
        document.sentence(sentence.text(" against ").code("old").text("."));
        let mut table = Table::new(&[("command", Align::Left, 0), ("mean", Align::Right, 1)]);
        table.row(vec!["a|b".into(), "2 ms".into()]);
        document.table(table);
        let expected = "*Slower:* \"new\u{200B}_\u{200B}one\" against \"old\".

| command | mean |
|---+---|
| a\\vert{}b | 2 ms |

";
        assert_eq!(ORGMODE.document(&document), expected);
    }
}
