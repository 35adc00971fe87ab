//! Sentences in parts, so that a name within one is never markup.

use crate::text::printable;

/// A sentence. All text in it is printable.
#[derive(Clone, Debug)]
pub(crate) struct Sentence {
    pub(crate) style: Style,
    /// What it comes to in a word or two, which formats set apart: `Slower`.
    pub(crate) lead: Option<String>,
    pub(crate) spans: Vec<Span>,
}

/// A part of a sentence.
#[derive(Clone, Debug)]
pub(crate) enum Span {
    Text(String),
    /// A name from outside, or what is typed as it stands.
    Code(String),
}

/// What a sentence means for the reader. The words say it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Good,
    Bad,
    Unsure,
    Plain,
}

impl Sentence {
    /// A sentence without a lead, to be continued.
    pub(crate) fn plain(text: &str) -> Self {
        let sentence = Self {
            style: Style::Plain,
            lead: None,
            spans: Vec::new(),
        };
        sentence.text(text)
    }

    /// A sentence that begins with what it comes to, to be continued.
    pub(crate) fn led(style: Style, lead: &str) -> Self {
        Self {
            style,
            lead: Some(printable(lead)),
            spans: Vec::new(),
        }
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        self.spans.push(Span::Text(printable(text)));
        self
    }

    pub(crate) fn code(mut self, text: &str) -> Self {
        self.spans.push(Span::Code(printable(text)));
        self
    }

    /// The sentence with its lead, without any marks.
    pub(crate) fn words(&self) -> String {
        let lead = self.lead.iter().map(|lead| format!("{lead}: "));
        let spans = self.spans.iter().map(|span| match span {
            Span::Text(text) | Span::Code(text) => text.clone(),
        });
        lead.chain(spans).collect()
    }

    /// The sentence without its lead, as plain text.
    pub(crate) fn body(&self) -> String {
        let span = |span: &Span| match span {
            Span::Text(text) => text.clone(),
            Span::Code(text) => format!("`{text}`"),
        };
        self.spans.iter().map(span).collect()
    }
}
