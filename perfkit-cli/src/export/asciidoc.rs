//! For documents in AsciiDoc.

use crate::document::{Align, Table};
use crate::error::Error;

use super::layout::{Layout, Named};
use super::markup::Markup;

const ASCIIDOC: Markup = Markup {
    heading: "==",
    item: "*",
    quote: '`',
    escape,
    table,
};

/// The reports in AsciiDoc, each under its name where there are several.
pub(super) fn render(reports: &[Named<'_>], layout: Layout<'_>) -> Result<String, Error> {
    Ok(ASCIIDOC.render(reports, layout))
}

fn table(table: &Table, title: Option<&str>) -> String {
    let title = title.map_or_else(String::new, |title| format!(".{}\n", escape(title)));
    let sides = table.columns.iter().map(|column| match column.align {
        Align::Left => "<",
        Align::Right => ">",
    });
    let sides: Vec<&str> = sides.collect();
    let line = |cells: Vec<String>| format!("|{}\n", cells.join(" |"));
    let headings = table.columns.iter().map(|column| escape(column.heading));
    let mut text = format!(
        "{title}[cols=\"{}\", options=\"header\"]\n|===\n",
        sides.join(",")
    );
    text += &line(headings.collect());
    for row in &table.rows {
        text += &line(row.iter().map(|cell| escape(cell)).collect());
    }
    text + "|===\n"
}

/// Text in which nothing is markup: what could be is written as a character reference.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = None;
    for character in text.chars() {
        // Two dashes or dots in a row become another character.
        let is_plain = match character {
            '.' | '-' => before != Some(character),
            ' ' | ',' | '%' | '/' => true,
            other => !other.is_ascii() || other.is_ascii_alphanumeric(),
        };
        match is_plain {
            true => escaped.push(character),
            false => escaped += &format!("&#{};", u32::from(character)),
        }
        before = Some(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Sentence, Style};

    #[test]
    fn a_document_is_asciidoc() {
        let mut document = Document::default();
        let sentence = Sentence::led(Style::Bad, "Slower").code("new_one");
        document.sentence(sentence.text(" against ").code("old").text("."));
        let mut table = Table::new(&[("command", Align::Left, 0), ("mean", Align::Right, 1)]);
        table.row(vec!["a|b --c".into(), "2 ms".into()]);
        document.table(table);
        let expected = "*Slower:* `new&#95;one` against `old`.

[cols=\"<,>\", options=\"header\"]
|===
|command |mean
|a&#124;b -&#45;c |2 ms
|===

";
        assert_eq!(ASCIIDOC.document(&document), expected);
    }
}
