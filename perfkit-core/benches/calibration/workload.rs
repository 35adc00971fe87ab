//! The functions that are measured. How much each does is said at run time, in
//! units that all cost the same: so a slowdown is a higher number, and the code
//! that runs is the same to the byte. No unit of those that read what does not change
//! hands its input on through the stack: whether the processor foresees that gives such
//! a loop two speeds, and then nobody knows what a percent of its units takes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Numbers of different order that one unit of sorting puts in order.
const UNSORTED: [u64; 10] = [83, 7, 55, 91, 12, 40, 68, 3, 29, 77];

/// As many digits in each, so that each costs the same.
const TEXTS: [&str; 10] = [
    "5318008", "2718281", "3141592", "1414213", "1618033", "6022140", "1380649", "6626070",
    "2997924", "1602176",
];

/// One of the functions.
#[derive(Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// How many units the baseline does: a multiple of 100, so that each percent
    /// is a whole number of them.
    pub(crate) units: u64,
    function: fn(&Data, u64) -> u64,
}

/// All of them.
pub(crate) const ALL: [Workload; 6] = [
    Workload {
        name: "sort",
        units: 1000,
        function: sort,
    },
    Workload {
        name: "hash",
        units: 2000,
        function: hash,
    },
    Workload {
        name: "lookup",
        units: 1000,
        function: lookup,
    },
    Workload {
        name: "parse",
        units: 1000,
        function: parse,
    },
    Workload {
        name: "arithmetic",
        units: 100,
        function: arithmetic,
    },
    Workload {
        name: "allocate",
        units: 100,
        function: allocate,
    },
];

/// What the functions read.
pub(crate) struct Data {
    texts: Vec<String>,
    keys: Vec<u64>,
    /// With the same keys of the hash in each process: those that each draws for
    /// itself make processes differ, by 11 % in one of eight.
    squares: HashMap<u64, u64, BuildHasherDefault<DefaultHasher>>,
    /// What the last call of the chain came to.
    last: AtomicU64,
}

impl Data {
    pub(crate) fn new() -> Self {
        Self {
            texts: TEXTS.map(str::to_owned).into(),
            keys: (0..10).map(|n| n * 97).collect(),
            squares: (0..1000).map(|n| (n, n * n)).collect(),
            last: AtomicU64::new(1),
        }
    }
}

impl Workload {
    pub(crate) fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|workload| workload.name == name)
    }

    pub(crate) fn run(&self, data: &Data, units: u64) -> u64 {
        (self.function)(data, black_box(units))
    }

    /// The share of the time of a call that more units do not lengthen: a
    /// slowdown by 1 % of the units is one by `1 - share` percent of the time.
    /// Looked at where slowdowns lie, within 10 %.
    pub(crate) fn fixed_share(&self, data: &Data) -> f64 {
        let more = self.units / 10 * 11;
        let calls = (100_000.0 / self.time_ns(data, self.units, 50)).max(1.0) as u64;
        let ratio = |_| {
            let first = self.time_ns(data, self.units, calls);
            let between = self.time_ns(data, more, calls);
            let last = self.time_ns(data, self.units, calls);
            2.0 * between / (first + last)
        };
        let mut ratios: Vec<f64> = (0..1001).map(ratio).collect();
        ratios.sort_by(f64::total_cmp);
        1.0 - (ratios[500] - 1.0) / 0.1
    }

    /// Nanoseconds of a call.
    pub(crate) fn time_ns(&self, data: &Data, units: u64, calls: u64) -> f64 {
        let start = Instant::now();
        for _ in 0..calls {
            black_box(self.run(data, units));
        }
        start.elapsed().as_nanos() as f64 / calls as f64
    }
}

/// Sorts 10,000 numbers, ten at a time.
#[inline(never)]
fn sort(_: &Data, units: u64) -> u64 {
    let mut sum = 0;
    for _ in 0..units {
        let mut numbers = black_box(UNSORTED);
        numbers.sort_unstable();
        sum += black_box(&numbers)[4];
    }
    sum
}

/// Hashes 2000 numbers.
#[inline(never)]
fn hash(_: &Data, units: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (0..units).for_each(|unit| hasher.write_u64(unit));
    hasher.finish()
}

/// Looks up 1000 keys, in turns of ten.
#[inline(never)]
fn lookup(data: &Data, units: u64) -> u64 {
    let keys = data.keys.iter().cycle().take(units as usize);
    keys.filter_map(|key| data.squares.get(key)).sum()
}

/// Reads 1000 integers from text.
#[inline(never)]
fn parse(data: &Data, units: u64) -> u64 {
    let texts = data.texts.iter().cycle().take(units as usize);
    texts.filter_map(|text| text.parse::<u64>().ok()).sum()
}

/// A chain of 100 steps that each need the one before, and the first of them the
/// last call: calls that overlap within the processor would grow by more than
/// their steps. So would those of one long loop, as the processor foresees the
/// end of some lengths and not of others: these loops are short.
#[inline(never)]
fn arithmetic(data: &Data, units: u64) -> u64 {
    let step = |value: u64| value.wrapping_add(0x9e37_79b9_7f4a_7c15).rotate_left(7);
    let mut value = data.last.load(Ordering::Relaxed);
    for _ in 0..units / 10 {
        for _ in 0..10 {
            value = step(value);
        }
        black_box(());
    }
    for _ in 0..units % 10 {
        value = step(value);
        black_box(());
    }
    data.last.store(value, Ordering::Relaxed);
    value
}

/// Makes 100 vectors of two strings and a box, and drops them.
#[inline(never)]
fn allocate(_: &Data, units: u64) -> u64 {
    let mut sum = 0;
    for unit in 0..units {
        let texts = black_box(vec![
            "a text on the heap".to_owned(),
            "and another one that is longer".to_owned(),
        ]);
        let number = black_box(Box::new([unit; 8]));
        sum += texts[1].len() as u64 + number[7];
    }
    sum
}
