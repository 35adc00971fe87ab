//! For pull requests and documents.

use perfkit::report::Severity;

use crate::document::{
    Align, Block, Document, Sentence, Span, Table, capitalised, pull_request, severity_word,
};
use crate::error::Error;
use crate::text::{escape_markdown, label, shorten};

use super::layout::{Layout, Named};

/// How long a page may get, in bytes. A comment on GitHub has at most 65,536
/// characters, and what posts it may add a line of its own.
const LONGEST_PAGE: usize = 60_000;

/// Where tables end, so that there is room for what follows them.
const TABLES_END: usize = 48_000;

/// The most columns of a table.
const MOST_COLUMNS: usize = 5;

/// Of a table with more rows than the first number, all but the second number
/// are folded away.
const LONG_TABLE: usize = 30;
const SHOWN_OF_LONG: usize = 20;

/// The longest remark, in columns, and how many stand open.
const LONGEST_REMARK: usize = 400;
const OPEN_REMARKS: usize = 5;

/// The reports as GitHub-flavoured Markdown, each short enough for a comment, and under
/// its name where there are several.
pub(super) fn render(reports: &[Named<'_>], layout: Layout<'_>) -> Result<String, Error> {
    let one = |(name, report): &Named<'_>| {
        let text = render_document(&pull_request(report, layout.view));
        match reports.len() {
            1 => text,
            _ => format!("## {}\n\n{text}\n", escape_markdown(&label(name))),
        }
    };
    Ok(reports.iter().map(one).collect())
}

pub(super) fn render_document(document: &Document) -> String {
    let mut text = String::new();
    for block in &document.blocks {
        push(block, &mut text);
    }
    push_remarks(document, &mut text);
    text.trim_end().to_owned() + "\n"
}

fn push(block: &Block, text: &mut String) {
    match block {
        Block::Sentence(sentence) => {
            let sentence = sentence_markdown(sentence) + "\n\n";
            if text.len() + sentence.len() < LONGEST_PAGE {
                *text += &sentence;
            }
        }
        Block::Table(table) => push_table(table, text, true),
        Block::Folded(summary, table) => {
            *text += &open(summary);
            push_table(table, text, false);
            *text += CLOSE;
        }
        // A picture for terminals, and what comes at the end.
        Block::Histograms(_) | Block::Remark(..) => {}
    }
}

fn open(summary: &str) -> String {
    format!(
        "<details><summary>{}</summary>\n\n",
        escape_markdown(summary)
    )
}

const CLOSE: &str = "</details>\n\n";

fn push_remarks(document: &Document, text: &mut String) {
    let remarks: Vec<String> = document
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Remark(severity, remark) => Some(remark_markdown(*severity, remark)),
            _ => None,
        })
        .collect();
    let is_folded = remarks.len() > OPEN_REMARKS;
    if is_folded {
        *text += &open(&format!("Remarks: {}", remarks.len()));
    }
    for (index, remark) in remarks.iter().enumerate() {
        if text.len() + remark.len() > LONGEST_PAGE - 200 {
            *text += &format!(
                "- … and {} more, left out for their length\n",
                remarks.len() - index
            );
            break;
        }
        *text += remark;
    }
    if is_folded {
        *text += "\n</details>\n";
    }
}

fn remark_markdown(severity: Severity, remark: &str) -> String {
    let word = capitalised(severity_word(severity));
    format!(
        "- {word}: {}\n",
        escape_markdown(&shorten(remark, LONGEST_REMARK))
    )
}

fn push_table(table: &Table, text: &mut String, may_fold: bool) {
    let columns = most_important(table);
    if let Some(title) = &table.title {
        *text += &format!("**{}**\n\n", escape_markdown(title));
    }
    let is_long = may_fold && table.rows.len() > LONG_TABLE;
    let shown = if is_long {
        SHOWN_OF_LONG
    } else {
        table.rows.len()
    };
    let (shown, folded) = table.rows.split_at(shown);
    push_rows(table, &columns, shown, text);
    if is_long {
        *text += &open(&format!("{} more", folded.len()));
        push_rows(table, &columns, folded, text);
        *text += CLOSE;
    }
}

/// A heading and rows, as many as there is room for.
fn push_rows(table: &Table, columns: &[usize], rows: &[Vec<String>], text: &mut String) {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let headings = columns
        .iter()
        .map(|c| escape_markdown(table.columns[*c].heading));
    let rule = columns.iter().map(|c| match table.columns[*c].align {
        Align::Left => ":---".to_owned(),
        Align::Right => "---:".to_owned(),
    });
    let mut lines = line(headings.collect()) + &line(rule.collect());
    let mut left_out = 0;
    for (index, row) in rows.iter().enumerate() {
        let row = line(columns.iter().map(|c| escape_markdown(&row[*c])).collect());
        if text.len() + lines.len() + row.len() > TABLES_END {
            left_out = rows.len() - index;
            break;
        }
        lines += &row;
    }
    if left_out < rows.len() || rows.is_empty() {
        *text += &lines;
        text.push('\n');
    }
    if left_out > 0 {
        *text += &format!("… and {left_out} more rows, left out for the length of the page\n\n");
    }
}

/// The columns of lowest rank, in their order, at most five and those that stay anyway.
fn most_important(table: &Table) -> Vec<usize> {
    let mut columns: Vec<usize> = (0..table.columns.len()).collect();
    columns.sort_by_key(|column| table.columns[*column].rank);
    let staying = table
        .columns
        .iter()
        .filter(|column| column.rank == 0)
        .count();
    columns.truncate(MOST_COLUMNS.max(staying));
    columns.sort_unstable();
    columns
}

fn sentence_markdown(sentence: &Sentence) -> String {
    let lead = sentence.lead.iter();
    let lead = lead.map(|lead| format!("**{}:** ", escape_markdown(lead)));
    let spans = sentence.spans.iter().map(|span| match span {
        Span::Text(text) => escape_markdown(text),
        Span::Code(text) => format!("<code>{}</code>", escape_markdown(text)),
    });
    lead.chain(spans).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Style;

    #[test]
    fn a_document_is_markdown() {
        let mut document = Document::default();
        let sentence = Sentence::led(Style::Bad, "Slower").code("new_one");
        document.sentence(sentence.text(" against ").code("old").text("."));
        let mut table = Table::new(&[("command", Align::Left, 0), ("mean", Align::Right, 1)]);
        table.row(vec!["a|b".into(), "2 ms".into()]);
        document.table(table);
        let expected = "**Slower:** <code>new\\_one</code> against <code>old</code>.

| command | mean |
| :--- | ---: |
| a\\|b | 2 ms |
";
        assert_eq!(render_document(&document), expected);
    }

    #[test]
    fn a_name_with_a_backtick_is_one_name() {
        let sentence = Sentence::plain("").code("a`b");
        assert_eq!(sentence_markdown(&sentence), "<code>a\\`b</code>");
    }
}
