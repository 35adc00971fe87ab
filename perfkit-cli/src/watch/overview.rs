//! All operations: a line of the program, a table, and a line of keys.

use std::time::{Duration, SystemTime};

use clap::ValueEnum as _;
use perfkit::unit::Unit;

use crate::args::WatchOrder;
use crate::text::{display_width, utc};

use super::columns::{DIGITS, GAP, count, fitting};
use super::line::{Line, Tone, left, line, right};
use super::model::{Model, Row, View};

/// What is watched, how it is, and when that was.
pub(super) fn title(model: &Model, width: usize) -> Line {
    let state = match (&*model.status, model.is_paused) {
        ("", true) => "paused".to_owned(),
        ("", false) => String::new(),
        (status, true) => format!("paused, {status}"),
        (status, false) => status.to_owned(),
    };
    let restarts = match model.restarts {
        0 => String::new(),
        1 => "restarted once".to_owned(),
        times => format!("restarted {times} times"),
    };
    let place = model
        .playback
        .map(|at| format!("{} of {}", at.index + 1, at.count));
    let at = model.at.map(clock).unwrap_or_default();
    let parts = [state, restarts, place.unwrap_or_default(), at];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let end = format!("{} ", parts.join("  "));
    let room = width.saturating_sub(display_width(&end));
    let begin = left(&format!(" perfkit watch {}", model.title), room);
    line(&(begin + &end), Tone::Bar, width)
}

fn clock(at: Duration) -> String {
    utc(SystemTime::UNIX_EPOCH + at)
}

/// What the process takes, as far as that is known, and what all calls come to.
pub(super) fn process(model: &Model, width: usize) -> Line {
    let process = &model.process;
    let sum = |of: fn(&Row) -> f64| model.rows.iter().map(of).sum::<f64>();
    let rate = sum(|row| row.rate.unwrap_or(0.0));
    let failed = sum(|row| row.seen.failed() as f64);
    let in_flight = sum(|row| row.seen.told.calls_in_flight as f64);
    let bytes = |bytes| Unit::Bytes.format(bytes, DIGITS);
    let parts = [
        model
            .cpu_share
            .map(|share| format!("CPU {:.0} %", share * 100.0)),
        process
            .memory_bytes
            .map(|memory| format!("memory {}", bytes(memory))),
        process.threads.map(|threads| format!("threads {threads}")),
        Some(format!("calls/s {}", count(Some(rate)))),
        Some(format!("in flight {}", count(Some(in_flight)))),
        Some(format!("failed {}", count(Some(failed)))),
        Some(format!(
            "operations {}",
            count(Some(model.rows.len() as f64))
        )),
        model.allocation_rates.map(|(allocations, allocated)| {
            let allocations = count(Some(allocations));
            format!("allocations/s {allocations} ({})", bytes(allocated))
        }),
    ];
    let mut text = String::new();
    for part in parts.into_iter().flatten() {
        // The last ones are left out where there is no room.
        if text.is_empty() || display_width(&text) + GAP + display_width(&part) <= width {
            text += if text.is_empty() { " " } else { "  " };
            text += &part;
        }
    }
    line(&text, Tone::Plain, width)
}

/// As many operations as fit, around the selected one.
pub(super) fn table(model: &mut Model, width: usize, height: usize) -> Vec<Line> {
    let page = height.saturating_sub(1);
    model.fit(page);
    let (columns, room) = fitting(model, width);
    let heading = |column: &&super::columns::Column| {
        let is_sorted = column.order == Some(model.order);
        heading(column.heading, column.width + GAP, is_sorted)
    };
    let name = match model.order {
        WatchOrder::Name => " operation*",
        _ => " operation",
    };
    let mut head = vec![(left(name, room), Tone::Dim)];
    head.extend(columns.iter().map(heading));
    let mut lines = vec![head];
    let visible = model.visible();
    let selected = model.position(&visible);
    let rows = visible.iter().enumerate().skip(model.top).take(page);
    lines.extend(rows.map(|(at, row)| {
        let is_selected = at == selected;
        let mark = if is_selected { '>' } else { ' ' };
        let name = left(&format!("{mark}{}", row.seen.told.name), room);
        // What is marked stays so where it is selected.
        let tone = |tone| match (is_selected, tone) {
            (true, Tone::Plain) => Tone::Selected,
            (_, tone) => tone,
        };
        let mut parts = vec![(name, tone(Tone::Plain))];
        parts.extend(columns.iter().map(|column| {
            let cell = column.cell(row);
            (right(&cell.text, column.width + GAP), tone(cell.tone))
        }));
        parts
    }));
    if visible.is_empty() {
        let message = match (model.rows.is_empty(), model.at) {
            (false, _) => " no operation has this in its name: Esc shows all",
            (true, Some(_)) => " nothing was called yet",
            (true, None) => " waiting for the first report",
        };
        lines.push(line(message, Tone::Dim, width));
    }
    lines
}

fn heading(text: &str, width: usize, is_sorted: bool) -> (String, Tone) {
    match is_sorted {
        true => (right(&format!("{text}*"), width), Tone::Strong),
        false => (right(text, width), Tone::Dim),
    }
}

/// What keys do, or what is being typed.
pub(super) fn footer(model: &Model, width: usize) -> Line {
    if model.is_typing {
        let typed = format!(
            " filter: {}_   Enter keeps it, Esc takes it away",
            model.filter
        );
        return vec![(left(&typed, width), Tone::Bar)];
    }
    let order = model.order.to_possible_value();
    let order = order.map_or_else(String::new, |order| order.get_name().to_owned());
    let filter = match &*model.filter {
        "" => String::new(),
        filter => format!("  filter \"{filter}\""),
    };
    let keys = match (model.view, model.playback) {
        (View::Overview, None) => "q quit  Enter detail  / filter  s sort  space pause  ? help",
        (View::Overview, Some(_)) => {
            "q quit  arrows seek  space pause  Enter detail  / filter  ? help"
        }
        (View::Detail | View::Help, _) => "q quit  Esc back  space pause",
    };
    let text = format!(" {keys}  [{order}]{filter}");
    vec![(left(&text, width), Tone::Bar)]
}
