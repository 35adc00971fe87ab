//! What a reader chose to see of a report.

use crate::args::{NumbersView, RowOrder};

use super::remarks::Detail;

/// How much is shown, and how the tables of numbers are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) detail: Detail,
    pub(crate) numbers: &'a NumbersView,
}

/// Tables as they are where nothing else was chosen.
static USUAL: NumbersView = NumbersView {
    order: RowOrder::Auto,
    time_unit: None,
    metrics: None,
};

impl From<Detail> for View<'static> {
    fn from(detail: Detail) -> Self {
        Self {
            detail,
            numbers: &USUAL,
        }
    }
}
