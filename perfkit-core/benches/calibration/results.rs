//! What came out, counted and printed.

use comfy_table::{Cell, CellAlignment, Table, presets};

use crate::plan::Kind;
use crate::tools::{Outcome, Says, Tool};

/// One comparison that was made, or failed.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) kind: Kind,
    pub(crate) tool: Tool,
    pub(crate) subject: String,
    /// In percent.
    pub(crate) slowdown: u32,
    pub(crate) has_neighbour: bool,
    pub(crate) seconds: f64,
    pub(crate) outcome: Result<Outcome, String>,
}

impl Made {
    /// Whether the tool said the truth: that a slowdown is one, or else nothing.
    pub(crate) fn is_right(&self) -> bool {
        let truth = match self.slowdown {
            0 => Says::Nothing,
            _ => Says::Slower,
        };
        matches!(&self.outcome, Ok(outcome) if outcome.says == truth)
    }

    /// How far the size that was said is from the true one, in percentage points.
    pub(crate) fn error_points(&self) -> Option<f64> {
        let ratio = self.outcome.as_ref().ok()?.ratio;
        Some(((ratio - 1.0) * 100.0 - f64::from(self.slowdown)).abs())
    }
}

/// What stands in the columns of [`table`].
pub(crate) const LEGEND: &str = "\
A/A alarms    comparisons of equals that were called different
  neighbour   the same with a busy process beside them
at N %        slowdowns by so much that were called slowdowns
error         of the size that was said, in percentage points: median of all
s             seconds for a comparison: median and largest
";

/// A table of one kind: a row for each tool.
pub(crate) fn table(kind: Kind, tools: &[Tool], made: &[Made]) -> String {
    let mut slowdowns: Vec<u32> = made
        .iter()
        .filter(|made| made.kind == kind && made.slowdown > 0)
        .map(|made| made.slowdown)
        .collect();
    slowdowns.sort_unstable();
    slowdowns.dedup();
    let title = match kind {
        Kind::Functions => "functions",
        Kind::Commands => "commands",
    };
    let mut headings = vec![title.to_owned(), "A/A alarms".into(), "neighbour".into()];
    headings.extend(slowdowns.iter().map(|percent| format!("at {percent} %")));
    headings.extend(["error", "s", "most s", "failed"].map(str::to_owned));
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(cells(&headings));
    for tool in tools {
        let of_tool: Vec<&Made> = made
            .iter()
            .filter(|made| made.kind == kind && made.tool == *tool)
            .collect();
        if !of_tool.is_empty() {
            table.add_row(cells(&row(*tool, &of_tool, &slowdowns)));
        }
    }
    let lines = table.lines().map(|line| format!("{}\n", line.trim_end()));
    lines.collect()
}

fn row(tool: Tool, made: &[&Made], slowdowns: &[u32]) -> Vec<String> {
    let equals = |has_neighbour: bool| {
        let is_meant = |made: &Made| made.slowdown == 0 && made.has_neighbour == has_neighbour;
        share(made, is_meant, |made| !made.is_right())
    };
    let mut row = vec![tool.name().to_owned(), equals(false), equals(true)];
    let at = |percent: &u32| share(made, |made| made.slowdown == *percent, Made::is_right);
    row.extend(slowdowns.iter().map(at));
    let errors = made.iter().filter_map(|made| made.error_points());
    let seconds: Vec<f64> = made.iter().map(|made| made.seconds).collect();
    let most = seconds.iter().copied().fold(0.0, f64::max);
    row.push(format!("{:.2}", median(errors.collect())));
    row.push(format!("{:.2}", median(seconds)));
    row.push(format!("{most:.2}"));
    let failed = made.iter().filter(|made| made.outcome.is_err()).count();
    row.push(failed.to_string());
    row
}

/// How many of those that are meant, and did not fail, are so.
fn share(made: &[&Made], is_meant: impl Fn(&Made) -> bool, is_so: fn(&Made) -> bool) -> String {
    let meant = made
        .iter()
        .filter(|made| is_meant(made) && made.outcome.is_ok());
    let meant: Vec<_> = meant.collect();
    match meant.len() {
        0 => "–".to_owned(),
        all => format!("{}/{all}", meant.iter().filter(|made| is_so(made)).count()),
    }
}

/// NaN of nothing.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

fn cells(row: &[String]) -> Vec<Cell> {
    let aligned = |(column, text): (usize, &String)| match column {
        0 => Cell::new(text),
        _ => Cell::new(text).set_alignment(CellAlignment::Right),
    };
    row.iter().enumerate().map(aligned).collect()
}
