//! What fields of spans and events say.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};

use tracing_core::field::{Field, Visit};

use crate::text::bounded;

/// The longest value of a label that is kept, in characters.
const LONGEST_VALUE: usize = 100;

/// The values of labels by their keys.
pub(super) type Labels = BTreeMap<&'static str, String>;

/// Takes the fields of the given names.
pub(super) struct LabelVisitor<'a> {
    pub(super) wanted: &'a [String],
    pub(super) labels: &'a mut Labels,
}

impl LabelVisitor<'_> {
    fn take(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let key = field.name();
        if !self.wanted.iter().any(|wanted| wanted == key) {
            return;
        }
        self.labels.insert(key, bounded(&value, LONGEST_VALUE));
    }
}

impl Visit for LabelVisitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.take(field, format_args!("{value:?}"));
    }
}

/// The field by which `#[instrument(err)]` tells of an error.
const ERROR: &str = "error";

/// The longest text of an error that is kept, in characters.
const LONGEST_ERROR: usize = 256;

/// Takes the error's text.
#[derive(Default)]
pub(super) struct ErrorVisitor {
    pub(super) text: Option<String>,
}

impl ErrorVisitor {
    fn take(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        if field.name() == ERROR {
            self.text = Some(bounded(&value, LONGEST_ERROR));
        }
    }
}

impl Visit for ErrorVisitor {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.take(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.take(field, format_args!("{value:?}"));
    }
}
