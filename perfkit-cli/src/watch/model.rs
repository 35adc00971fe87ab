//! What is shown: what was seen, and what the user chose.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::time::Duration;

use perfkit::OperationSnapshot;

use crate::args::WatchOrder;

use super::frame::{Frame, ProcessFigures, Seen};
use super::keys::Key;
use super::reference::Reference;

/// How many rates of an operation are kept for its line.
const KEPT_RATES: usize = 60;

/// The orders in which the key `s` takes them.
const ORDERS: [WatchOrder; 13] = [
    WatchOrder::Total,
    WatchOrder::SelfTime,
    WatchOrder::Rate,
    WatchOrder::Failed,
    WatchOrder::Cancelled,
    WatchOrder::InFlight,
    WatchOrder::P50,
    WatchOrder::P95,
    WatchOrder::P99,
    WatchOrder::Max,
    WatchOrder::Change,
    WatchOrder::Budget,
    WatchOrder::Name,
];

/// One operation, and what it did since the frame before.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) seen: Seen,
    /// Calls per second; before there are two frames that of the last period.
    pub(super) rate: Option<f64>,
    /// Whether calls failed or panicked since the frame before.
    pub(super) is_failing: bool,
    /// The last rates, the oldest first.
    pub(super) rates: VecDeque<f32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Overview,
    /// All of the selected operation.
    Detail,
    Help,
}

/// Where in a session that was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Playback {
    /// Counted from 0.
    pub(crate) index: usize,
    pub(crate) count: usize,
}

/// What a key asks for beyond the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    /// What is asked of the source has changed: pause, or which operation is told whole.
    Asks,
    Seek(Seek),
    Quit,
    Interrupt,
}

/// Another moment of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seek {
    By(isize),
    Start,
    End,
}

/// What is shown.
#[derive(Debug)]
pub(crate) struct Model {
    /// What is watched.
    pub(super) title: String,
    /// What there is to say of it; nothing while all is as it should be.
    pub(super) status: String,
    /// By name.
    pub(super) rows: Vec<Row>,
    /// When the last frame was, since 1970.
    pub(super) at: Option<Duration>,
    pub(super) process: ProcessFigures,
    /// The share of one CPU that the process took since the frame before.
    pub(super) cpu_share: Option<f64>,
    /// Allocations, and bytes of them, in a second.
    pub(super) allocation_rates: Option<(f64, f64)>,
    pub(super) restarts: u32,
    pub(super) whole: Option<Box<OperationSnapshot>>,
    pub(super) order: WatchOrder,
    pub(super) is_reversed: bool,
    pub(super) filter: String,
    /// Whether the filter is being typed.
    pub(super) is_typing: bool,
    pub(super) is_paused: bool,
    pub(super) view: View,
    selected: Option<String>,
    /// The first row that is shown.
    pub(super) top: usize,
    /// How many rows fit.
    page: usize,
    pub(super) playback: Option<Playback>,
    pub(super) has_baseline: bool,
    pub(super) has_budgets: bool,
}

impl Model {
    pub(crate) fn new(title: &str, reference: &Reference) -> Self {
        Self {
            title: title.to_owned(),
            status: String::new(),
            rows: Vec::new(),
            at: None,
            process: ProcessFigures::default(),
            cpu_share: None,
            allocation_rates: None,
            restarts: 0,
            whole: None,
            order: WatchOrder::default(),
            is_reversed: false,
            filter: String::new(),
            is_typing: false,
            is_paused: false,
            view: View::Overview,
            selected: None,
            top: 0,
            page: 1,
            playback: None,
            has_baseline: reference.has_baseline(),
            has_budgets: reference.has_budgets(),
        }
    }

    /// With the order and the filter that the user begins with.
    pub(crate) fn arranged(mut self, order: WatchOrder, filter: &str) -> Self {
        self.order = order;
        filter.clone_into(&mut self.filter);
        self
    }

    pub(crate) fn set_title(&mut self, title: &str) {
        title.clone_into(&mut self.title);
    }

    pub(crate) fn set_status(&mut self, status: &str) {
        status.clone_into(&mut self.status);
    }

    /// Whether there is any operation whose calls per second are known.
    pub(crate) fn has_rates(&self) -> bool {
        self.rows.iter().any(|row| row.rate.is_some())
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// A moment of a session: the one before it is shown first, so that there are rates.
    pub(crate) fn play(&mut self, playback: Playback, before: Option<Frame>, frame: Frame) {
        self.at = None;
        self.playback = Some(playback);
        if let Some(before) = before {
            self.take(before);
        }
        self.take(frame);
        self.restarts = 0;
    }

    /// The operation of which all is to be told.
    pub(crate) fn wanted(&self) -> Option<&str> {
        let is_detail = self.view == View::Detail;
        self.selected.as_deref().filter(|_| is_detail)
    }

    /// Takes what was seen. Rates are differences to the frame before; where a number went
    /// back, the program began anew, and there is none.
    pub(crate) fn take(&mut self, frame: Frame) {
        let before = std::mem::take(&mut self.rows);
        let since = self.at.and_then(|at| frame.at.checked_sub(at));
        let is_restart = self.at.is_some() && is_restart(&before, &frame);
        let seconds = since.map(|since| since.as_secs_f64());
        let seconds = seconds.filter(|seconds| *seconds > 0.0 && !is_restart);
        self.restarts += u32::from(is_restart);
        self.cpu_share = per_second(self.process.cpu_seconds, frame.process.cpu_seconds, seconds);
        self.allocation_rates = allocation_rates(&before, &frame.operations, seconds);
        let mut before = before.into_iter().peekable();
        let rows = frame.operations.into_iter().map(|seen| {
            while before
                .next_if(|row| row.seen.told.name < seen.told.name)
                .is_some()
            {}
            let earlier = before.next_if(|row| row.seen.told.name == seen.told.name);
            Row::new(seen, earlier, seconds)
        });
        self.rows = rows.collect();
        self.at = Some(frame.at);
        self.process = frame.process;
        // Until it is told the next time the last one stays.
        let is_shown = |whole: &OperationSnapshot| self.selected.as_ref() == Some(&whole.name);
        if frame.whole.is_some() || !self.whole.as_deref().is_some_and(is_shown) {
            self.whole = frame.whole;
        }
    }

    /// The rows that are shown, in their order.
    pub(super) fn visible(&self) -> Vec<&Row> {
        let filter = self.filter.to_lowercase();
        let fits =
            |row: &&Row| filter.is_empty() || row.seen.told.name.to_lowercase().contains(&filter);
        let mut rows: Vec<&Row> = self.rows.iter().filter(fits).collect();
        let order = |a: &&Row, b: &&Row| {
            let order = compare(self.order, a, b);
            let order = if self.is_reversed {
                order.reverse()
            } else {
                order
            };
            order.then_with(|| a.seen.told.name.cmp(&b.seen.told.name))
        };
        rows.sort_by(order);
        rows
    }

    /// Where the selected row is among those that are shown.
    pub(super) fn position(&self, visible: &[&Row]) -> usize {
        let selected = self.selected.as_ref();
        let position = visible
            .iter()
            .position(|row| Some(&row.seen.told.name) == selected);
        position.unwrap_or(0)
    }

    /// Moves what is shown so that the selected row is among so many.
    pub(super) fn fit(&mut self, page: usize) {
        self.page = page.max(1);
        let visible = self.visible();
        let (position, count) = (self.position(&visible), visible.len());
        let last_top = count.saturating_sub(self.page);
        let lowest = (position + 1).saturating_sub(self.page);
        self.top = self.top.clamp(lowest, position.max(lowest)).min(last_top);
    }

    /// Does what a key asks for.
    pub(crate) fn press(&mut self, key: Key) -> Effect {
        if key == Key::Interrupt {
            return Effect::Interrupt;
        }
        if self.is_typing {
            return self.type_filter(key);
        }
        let wanted = self.wanted().map(str::to_owned);
        let effect = self.choose(key);
        let is_changed = self.wanted() != wanted.as_deref();
        match effect {
            Effect::None if is_changed => Effect::Asks,
            effect => effect,
        }
    }

    fn choose(&mut self, key: Key) -> Effect {
        match key {
            Key::Char('q') => return Effect::Quit,
            Key::Char(' ' | 'p') => {
                self.is_paused = !self.is_paused;
                return Effect::Asks;
            }
            Key::Char('?' | 'h') => {
                self.view = match self.view {
                    View::Help => View::Overview,
                    _ => View::Help,
                };
            }
            Key::Escape | Key::Backspace if self.view != View::Overview => {
                self.view = View::Overview;
            }
            Key::Escape => self.filter.clear(),
            Key::Enter => self.open(),
            Key::Char('/') => {
                self.view = View::Overview;
                self.is_typing = true;
            }
            Key::Char('s') => self.next_order(1),
            Key::Char('S') => self.next_order(ORDERS.len() - 1),
            Key::Char('r') => self.is_reversed = !self.is_reversed,
            Key::Up | Key::Char('k') => self.select(|at, _| at.saturating_sub(1)),
            Key::Down | Key::Char('j') => self.select(|at, _| at + 1),
            Key::PageUp => self.select(usize::saturating_sub),
            Key::PageDown => self.select(|at, page| at + page),
            Key::Left | Key::Right | Key::Home | Key::End if self.playback.is_some() => {
                return Effect::Seek(match key {
                    Key::Left => Seek::By(-1),
                    Key::Right => Seek::By(1),
                    Key::Home => Seek::Start,
                    _ => Seek::End,
                });
            }
            Key::Char('<') if self.playback.is_some() => return Effect::Seek(Seek::By(-10)),
            Key::Char('>') if self.playback.is_some() => return Effect::Seek(Seek::By(10)),
            Key::Home | Key::Char('g') => self.select(|_, _| 0),
            Key::End | Key::Char('G') => self.select(|_, _| usize::MAX),
            _ => {}
        }
        Effect::None
    }

    fn type_filter(&mut self, key: Key) -> Effect {
        /// The longest filter, in characters.
        const LONGEST: usize = 200;
        match key {
            Key::Enter => self.is_typing = false,
            Key::Escape => {
                self.is_typing = false;
                self.filter.clear();
            }
            Key::Backspace => drop(self.filter.pop()),
            Key::Char(c) if self.filter.chars().count() < LONGEST => self.filter.push(c),
            _ => {}
        }
        Effect::None
    }

    fn open(&mut self) {
        let visible = self.visible();
        let row = visible.get(self.position(&visible));
        let Some(name) = row.map(|row| row.seen.told.name.clone()) else {
            return;
        };
        self.selected = Some(name);
        self.view = View::Detail;
    }

    fn next_order(&mut self, steps: usize) {
        let at = ORDERS.iter().position(|order| *order == self.order);
        self.order = ORDERS[(at.unwrap_or(0) + steps) % ORDERS.len()];
        self.top = 0;
    }

    fn select(&mut self, to: impl FnOnce(usize, usize) -> usize) {
        let visible = self.visible();
        let last = visible.len().saturating_sub(1);
        let to = to(self.position(&visible), self.page).min(last);
        self.selected = visible.get(to).map(|row| row.seen.told.name.clone());
    }
}

impl Row {
    fn new(seen: Seen, earlier: Option<Self>, seconds: Option<f64>) -> Self {
        let calls = |seen: &Seen| seen.told.calls.total() as f64;
        let before = earlier.as_ref().map(|row| &row.seen);
        // One that was never called before has a rate too.
        let began = before.map_or(0.0, calls);
        let rate = seconds.map(|seconds| (calls(&seen) - began) / seconds);
        let failed = before.map_or(0, Seen::failed);
        let is_failing = seconds.is_some() && seen.failed() > failed;
        let mut rates = earlier.map(|row| row.rates).unwrap_or_default();
        if rates.len() == KEPT_RATES {
            rates.pop_front();
        }
        rates.extend(rate.map(|rate| rate as f32));
        Self {
            rate: rate.or(seen.told.per_second),
            is_failing,
            rates,
            seen,
        }
    }
}

/// Whether a count went back, or an operation is gone.
fn is_restart(before: &[Row], frame: &Frame) -> bool {
    let mut now = frame.operations.iter().peekable();
    before.iter().any(|row| {
        while now
            .next_if(|seen| seen.told.name < row.seen.told.name)
            .is_some()
        {}
        let found = now
            .peek()
            .filter(|seen| seen.told.name == row.seen.told.name);
        found.is_none_or(|seen| seen.told.calls.total() < row.seen.told.calls.total())
    })
}

fn per_second(before: Option<f64>, now: Option<f64>, seconds: Option<f64>) -> Option<f64> {
    let grown = now? - before?;
    Some(grown / seconds?).filter(|rate| *rate >= 0.0)
}

/// Allocations in a second, and bytes; `None` where none of both is measured.
fn allocation_rates(before: &[Row], now: &[Seen], seconds: Option<f64>) -> Option<(f64, f64)> {
    let before = || before.iter().map(|row| &row.seen);
    let count = |seen: &Seen| seen.told.allocations;
    let bytes = |seen: &Seen| seen.told.allocated_bytes;
    let rate = |of: fn(&Seen) -> Option<f64>| {
        let now = now.iter().filter_map(of).reduce(|a, b| a + b);
        let before = before().filter_map(of).reduce(|a, b| a + b);
        per_second(before, now, seconds)
    };
    Some((rate(count)?, rate(bytes)?))
}

/// The larger first, those without a value last; of names the first in the alphabet.
fn compare(order: WatchOrder, a: &Row, b: &Row) -> Ordering {
    let value = |row: &Row| {
        let seen = &row.seen;
        match order {
            WatchOrder::Name => None,
            WatchOrder::Rate => row.rate,
            WatchOrder::Failed => Some(seen.failed() as f64),
            WatchOrder::Cancelled => Some(seen.told.calls.cancelled as f64),
            WatchOrder::InFlight => Some(seen.told.calls_in_flight as f64),
            WatchOrder::P50 => seen.told.p50,
            WatchOrder::P95 => seen.told.p95,
            WatchOrder::P99 => seen.told.p99,
            WatchOrder::Max => seen.told.max,
            WatchOrder::Total => seen.told.total_ns,
            WatchOrder::SelfTime => seen.told.self_ns,
            WatchOrder::Change => seen.change,
            WatchOrder::Budget => seen.used,
        }
    };
    match (value(a), value(b)) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.seen.told.name.cmp(&b.seen.told.name),
    }
}
