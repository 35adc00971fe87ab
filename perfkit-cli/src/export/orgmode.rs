//! For documents in Emacs's Org mode.

use crate::document::{
    Block, Document, Sentence, Span, Table, capitalised, pull_request, severity_word,
};
use crate::error::Error;
use crate::text::label;

use super::layout::{Layout, Named};

/// A space of no width, by which Org's manual keeps a character from being markup.
const NO_WIDTH: char = '\u{200B}';

/// The reports in Org mode, each under its name where there are several.
pub(super) fn render(reports: &[Named<'_>], layout: Layout) -> Result<String, Error> {
    let one = |(name, report): &Named<'_>| {
        let text = render_document(&pull_request(report, layout.detail));
        match reports.len() {
            1 => text,
            _ => format!("* {}\n\n{text}\n", escape(&label(name))),
        }
    };
    Ok(reports.iter().map(one).collect())
}

fn render_document(document: &Document) -> String {
    let blocks: Vec<String> = document.blocks.iter().filter_map(block).collect();
    blocks.join("\n") + "\n"
}

fn block(block: &Block) -> Option<String> {
    Some(match block {
        Block::Sentence(sentence) => sentence_text(sentence) + "\n",
        Block::Table(table) => table_text(table, table.title.as_deref()),
        Block::Folded(summary, table) => table_text(table, Some(summary)),
        Block::Remark(severity, remark) => {
            let word = capitalised(severity_word(*severity));
            format!("- {word}: {}\n", escape(remark))
        }
        // A picture for terminals.
        Block::Histograms(_) => return None,
    })
}

fn table_text(table: &Table, title: Option<&str>) -> String {
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

fn sentence_text(sentence: &Sentence) -> String {
    let lead = sentence.lead.iter();
    let lead = lead.map(|lead| format!("*{}:* ", escape(lead)));
    let spans = sentence.spans.iter().map(|span| match span {
        Span::Text(text) => escape(text),
        Span::Code(text) => format!("\"{}\"", escape(text)),
    });
    lead.chain(spans).collect()
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
    use crate::document::{Align, Style};

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
        assert_eq!(render_document(&document), expected);
    }
}
