//! What the formats for documents have in common that show a result as it is in Markdown.

use crate::document::{
    Block, Document, Sentence, Span, Table, capitalised, pull_request, severity_word,
};
use crate::text::label;

use super::layout::{Layout, Named};

/// How a format writes what a document is made of.
pub(super) struct Markup {
    /// What a heading begins with.
    pub(super) heading: &'static str,
    /// What an item of a list begins with.
    pub(super) item: &'static str,
    /// What a name from outside stands between.
    pub(super) quote: char,
    /// Text in which nothing is markup.
    pub(super) escape: fn(&str) -> String,
    /// A table, under its title if it has one.
    pub(super) table: fn(&Table, Option<&str>) -> String,
}

impl Markup {
    /// The reports, each under its name where there are several.
    pub(super) fn render(&self, reports: &[Named<'_>], layout: Layout<'_>) -> String {
        let one = |(name, report): &Named<'_>| {
            let text = self.document(&pull_request(report, layout.view));
            match reports.len() {
                1 => text,
                _ => format!(
                    "{} {}\n\n{text}\n",
                    self.heading,
                    (self.escape)(&label(name))
                ),
            }
        };
        reports.iter().map(one).collect()
    }

    pub(super) fn document(&self, document: &Document) -> String {
        let blocks = document.blocks.iter().filter_map(|block| self.block(block));
        let blocks: Vec<String> = blocks.collect();
        blocks.join("\n") + "\n"
    }

    fn block(&self, block: &Block) -> Option<String> {
        Some(match block {
            Block::Sentence(sentence) => self.sentence(sentence) + "\n",
            Block::Table(table) => (self.table)(table, table.title.as_deref()),
            Block::Folded(summary, table) => (self.table)(table, Some(summary)),
            Block::Remark(severity, remark) => {
                let word = capitalised(severity_word(*severity));
                format!("{} {word}: {}\n", self.item, (self.escape)(remark))
            }
            // A picture for terminals.
            Block::Histograms(_) => return None,
        })
    }

    fn sentence(&self, sentence: &Sentence) -> String {
        let lead = sentence.lead.iter();
        let lead = lead.map(|lead| format!("*{}:* ", (self.escape)(lead)));
        let spans = sentence.spans.iter().map(|span| match span {
            Span::Text(text) => (self.escape)(text),
            Span::Code(text) => format!("{0}{1}{0}", self.quote, (self.escape)(text)),
        });
        lead.chain(spans).collect()
    }
}
