//! A model as lines of text.

use super::line::Line;
use super::model::{Model, View};
use super::{detail, overview};

/// So many lines, none of them wider than that.
pub(crate) fn picture(model: &mut Model, width: usize, height: usize) -> Vec<Line> {
    let body = height.saturating_sub(3);
    let mut lines = vec![
        overview::title(model, width),
        overview::process(model, width),
    ];
    lines.extend(match model.view {
        View::Overview => overview::table(model, width, body),
        View::Detail => detail::detail(model, width, body),
        View::Help => detail::help(width),
    });
    lines.truncate(height.saturating_sub(1));
    lines.resize(height.saturating_sub(1), Line::new());
    lines.push(overview::footer(model, width));
    lines.truncate(height);
    lines
}
