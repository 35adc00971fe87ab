//! A result that depends on its inputs alone need not be computed again while these are the
//! same: keep it under its inputs. The same with searches: what is looked for again and again
//! is found in a map that was made once, the reverse lookup, in place of a loop in a loop.
//! What is saved is the share of calls whose inputs did not change.
//!
//! The knob: inputs that all change each time, and nothing is saved; a computation that is
//! quicker than to look it up, and keeping it is slower; a single search, and making the map
//! takes longer than the search.
//!
//! In production, watch the share of hits (`perfkit::ratio` of two counters) and the memory that
//! is kept: a cache without a bound is a leak. A result that depends on a clock or on a database
//! too is kept for too long.

use std::collections::HashMap;

use moka::sync::Cache;
use perfkit::{Counter, Monitor};

use crate::{Amounts, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 4,
    name: "memoisation",
    title: "Results that are kept, and reverse lookups",
    source: include_str!("04_memoisation.rs"),
    measure,
};

/// A page of four parts, each of which shows a number of its own.
pub struct Page {
    renders: Counter,
    kept: Cache<(usize, u64), String>,
}

impl Page {
    /// A page that counts, in this monitor, how often a part is rendered.
    #[must_use]
    pub fn new(monitor: &Monitor, renders: &str) -> Self {
        Self {
            renders: monitor.counter(renders),
            kept: Cache::new(100),
        }
    }

    fn part(&self, part: usize, shown: u64) -> String {
        self.renders.increment();
        let rows = (0..50).map(|row| format!("<li>{}</li>", shown + row));
        format!("<ul id={part}>{}</ul>", rows.collect::<String>())
    }

    /// Wrong: a change of one part renders all of them.
    #[must_use]
    pub fn anew(&self, state: &[u64; 4]) -> String {
        let parts = state.iter().enumerate();
        parts.map(|(part, shown)| self.part(part, *shown)).collect()
    }

    /// Right: a part is rendered where what it shows has changed.
    #[must_use]
    pub fn kept(&self, state: &[u64; 4]) -> String {
        let parts = state.iter().enumerate();
        let render = |(part, shown): (usize, &u64)| {
            self.kept
                .get_with((part, *shown), || self.part(part, *shown))
        };
        parts.map(render).collect()
    }
}

/// States of a page: at each step one part changes, or all of them.
#[must_use]
pub fn states(steps: u64, all_change: bool) -> Vec<[u64; 4]> {
    let state = |step: u64| {
        let seen = |part: u64| {
            if all_change {
                step
            } else {
                (step + 3 - part) / 4
            }
        };
        [0, 1, 2, 3].map(seen)
    };
    (0..steps).map(state).collect()
}

/// An order, and the number of its customer.
pub type Order = (u64, u64);

/// Wrong: for each order, all customers are gone through.
#[must_use]
pub fn nested_loops<'a>(orders: &[Order], customers: &'a [(u64, String)]) -> Vec<&'a str> {
    let name = |(_, wanted): &Order| {
        let mut all = customers.iter();
        all.find(|(number, _)| number == wanted)
            .map(|(_, name)| name.as_str())
    };
    orders.iter().filter_map(name).collect()
}

/// Right: a map from number to name is made first.
#[must_use]
pub fn reverse_lookup<'a>(orders: &[Order], customers: &'a [(u64, String)]) -> Vec<&'a str> {
    let pairs = customers
        .iter()
        .map(|(number, name)| (*number, name.as_str()));
    let names: HashMap<u64, &str> = pairs.collect();
    let name = |(_, wanted): &Order| names.get(wanted).copied();
    orders.iter().filter_map(name).collect()
}

/// Renders all states in both ways; returns how many parts each rendered.
#[must_use]
pub fn renders(monitor: &Monitor, name: &str, states: &[[u64; 4]]) -> [u64; 2] {
    let names = ["anew", "kept"].map(|form| format!("renders_{name}_{form}"));
    let pages = names.each_ref().map(|name| Page::new(monitor, name));
    for state in states {
        let _ = (pages[0].anew(state), pages[1].kept(state));
    }
    let snapshot = monitor.snapshot();
    names.map(|name| {
        snapshot
            .counter(&name)
            .map_or(0, |counter| counter.lifetime.total)
    })
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    let forms = ["all parts anew", "what has changed"];
    let one = Question::of(
        "one of four parts changes",
        "a change leaves most inputs as they were: of n parts, n times fewer",
    );
    let all = Question::of("all four parts change", "never: no input is as it was");
    let monitor = lab.monitor.clone();
    for (question, name, all_change) in [(one, "one", false), (all, "all", true)] {
        let counts = renders(&monitor, name, &states(100, all_change));
        let question = question.claimed("3-5x fewer re-renders", 3.0);
        lab.counted(question, forms, "renders", Amounts::Count(counts))?;
    }
    let states = states(100, false);
    let new = || Ok(Page::new(&Monitor::new(), "renders"));
    let bytes = |page: fn(&Page, &[u64; 4]) -> String| {
        let states = &states;
        move |new: Page| {
            Ok(states
                .iter()
                .map(|state| page(&new, state).len())
                .sum::<usize>())
        }
    };
    lab.compare(
        Question::of(
            "100 changes of one part",
            "to render takes longer than to look up",
        ),
        [
            Form::with_input(forms[0], new, bytes(Page::anew)),
            Form::with_input(forms[1], new, bytes(Page::kept)),
        ],
    )?;
    cheap_results(lab)?;
    for (what, orders, holds) in [
        (
            "names of 1000 orders",
            1000,
            "there are many searches in the same data",
        ),
        (
            "the name of one order",
            1,
            "never: to make the map takes longer than one search",
        ),
    ] {
        let customers: Vec<_> = (0..1000).map(|n| (n, format!("customer {n}"))).collect();
        let orders: Vec<Order> = (0..orders).map(|n| (n, n * 7919 % 1000)).collect();
        lab.compare(
            Question::of(what, holds),
            [
                Form::new("nested loops", || nested_loops(&orders, &customers).len()),
                Form::new("reverse lookup", || {
                    reverse_lookup(&orders, &customers).len()
                }),
            ],
        )?;
    }
    Ok(())
}

/// What is quicker to compute than to look up.
fn cheap_results(lab: &mut Lab) -> Result<(), Error> {
    let square = |n: u64| n.wrapping_mul(n) ^ (n >> 3);
    let kept = Cache::new(1000);
    lab.compare(
        Question::of(
            "a product of two numbers",
            "never: to look a result up takes longer than to multiply",
        ),
        [
            Form::new("computed", || (0..1000).fold(0, |sum, n| sum ^ square(n))),
            Form::new("kept", || {
                let result = |n| kept.get_with(n, || square(n));
                (0..1000).fold(0, |sum, n| sum ^ result(n))
            }),
        ],
    )
}
