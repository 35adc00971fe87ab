//! Distributions in block characters.

use crate::document::{BINS, Histograms, MOST_HISTOGRAMS, counted};
use crate::text::{display_width, shorten, wrap};

/// From few values to many.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How wide a histogram can be: as many columns as divide the bins evenly, so that
/// no column stands for more of the axis than another.
const WIDTHS: [usize; 9] = [8, 10, 12, 16, 20, 24, 32, 40, 48];

/// Margin, and the gap between a name and its histogram.
const MARGIN: usize = 1;
const GAP: usize = 2;

/// One line for each histogram and one for the axis, of at most `width` columns.
pub(super) fn render(histograms: &Histograms, width: usize) -> String {
    let longest = histograms
        .rows
        .iter()
        .map(|row| display_width(&row.name))
        .max();
    let names = longest.unwrap_or(0).min((width / 3).max(8));
    let room = width.saturating_sub(MARGIN + names + GAP);
    let columns = WIDTHS.into_iter().rev().find(|columns| *columns <= room);
    let columns = columns.unwrap_or(WIDTHS[0]);
    let mut text = String::new();
    for row in &histograms.rows {
        let name = shorten(&row.name, names);
        let padding = " ".repeat(names - display_width(&name).min(names));
        let drawn = bars(&row.bins, columns);
        let line = format!(" {name}{padding}  {drawn}");
        text += &format!("{}\n", line.trim_end());
    }
    let (low, high) = (
        histograms.unit.format(histograms.low, 3),
        histograms.unit.format(histograms.high, 3),
    );
    let between = columns
        .saturating_sub(display_width(&low) + display_width(&high))
        .max(1);
    let margin = " ".repeat(MARGIN + names + GAP);
    text += &format!("{margin}{low}{}{high}\n", " ".repeat(between));
    for line in wrap(&remarks(histograms), Some(width - MARGIN)).lines() {
        text += &format!(" {line}\n");
    }
    text
}

/// What they are, and what a reader cannot see.
fn remarks(histograms: &Histograms) -> String {
    let beyond = match histograms.beyond {
        0 => None,
        runs => Some(format!("{} beyond the right end", counted(runs, "run"))),
    };
    let (drawn, left_out) = (histograms.rows.len(), histograms.left_out);
    let remarks = [
        Some("Histograms of the wall times".to_owned()),
        histograms
            .is_logarithmic
            .then(|| "logarithmic axis".to_owned()),
        beyond,
        (left_out > 0).then(|| match drawn {
            ..MOST_HISTOGRAMS => format!("{left_out} more not shown, --verbose shows more"),
            _ => format!("{left_out} more not shown"),
        }),
    ];
    let remarks: Vec<String> = remarks.into_iter().flatten().collect();
    remarks.join("; ")
}

/// A block for each column, as high as its share of the fullest one.
fn bars(bins: &[u32], columns: usize) -> String {
    let each = BINS / columns;
    let counts: Vec<u32> = bins.chunks(each).map(|bins| bins.iter().sum()).collect();
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let block = |count: &u32| match count {
        0 => ' ',
        count => {
            let height = (f64::from(*count) / f64::from(most) * 8.0).ceil() as usize;
            BLOCKS[height.clamp(1, 8) - 1]
        }
    };
    counts.iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Histogram;
    use perfkit::unit::Unit;

    fn example() -> Histograms {
        let mut bins = vec![0; BINS];
        (bins[0], bins[BINS / 2], bins[BINS - 1]) = (8, 4, 1);
        Histograms {
            unit: Unit::Nanoseconds,
            low: 1e6,
            high: 2e6,
            is_logarithmic: false,
            beyond: 3,
            rows: vec![Histogram::new("a rather long name of a command", bins)],
            left_out: 0,
        }
    }

    #[test]
    fn a_histogram_fits_into_its_width() {
        for width in 40..120 {
            let text = render(&example(), width);
            assert!(
                text.lines().all(|line| display_width(line) <= width),
                "{text}"
            );
        }
        let expected = [
            " a rather…mand  █           ▄          ▁",
            "                1.00 ms          2.00 ms",
            " Histograms of the wall times; 3 runs",
            " beyond the right end\n",
        ];
        assert_eq!(render(&example(), 40), expected.join("\n"));
    }
}
