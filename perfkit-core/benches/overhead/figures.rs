//! What perfkit promises of its cost, and whether a run bears it out.

use crate::deferred::Deferred;
use crate::implementations::allocation::{COUNTING, COUNTING_INSIDE, SYSTEM, SYSTEM_INSIDE};
use crate::implementations::own::{
    ASYNC, ASYNC_LABEL, COLLECTED, ERR, LABEL, LABELS, MEMORY, MONITOR, NAMED, NESTED, PLAIN,
    POLLS, RECURSIVE, SWITCHED_OFF, THROUGHPUT, TIMER,
};
use crate::implementations::reference::{EMPTY, INSTANT, RAW};
use crate::implementations::{Implementation, Kind, Setting};
use crate::phase::Phase;

/// A number and the bound that it should keep.
pub(crate) struct Figure {
    pub(crate) what: String,
    bound: Bound,
    reach: Box<Reach>,
}

/// Draws the number from what was measured, if it was.
type Reach = dyn Fn(&Phase) -> Option<f64>;

/// The bound of a figure.
#[derive(Clone, Copy, Debug)]
enum Bound {
    TimesAtMost(f64),
    TimesAtLeast(f64),
    NanosecondsAtMost(f64),
}

impl Figure {
    fn new(
        what: impl Into<String>,
        bound: Bound,
        reach: impl Fn(&Phase) -> Option<f64> + 'static,
    ) -> Self {
        Self {
            what: what.into(),
            bound,
            reach: Box::new(reach),
        }
    }

    pub(crate) fn target(&self) -> String {
        match self.bound {
            Bound::TimesAtMost(bound) => format!("≤ {bound:.2} x"),
            Bound::TimesAtLeast(bound) => format!("≥ {bound:.2} x"),
            Bound::NanosecondsAtMost(bound) => format!("≤ {bound:.2} ns"),
        }
    }

    /// What was reached, in words, and whether that is within the bound; `None`
    /// where it could not be measured.
    pub(crate) fn reached(&self, phase: &Phase) -> Option<(String, bool)> {
        let value = (self.reach)(phase)?;
        let (unit, is_met) = match self.bound {
            Bound::TimesAtMost(bound) => ("x", value <= bound),
            Bound::TimesAtLeast(bound) => ("x", value >= bound),
            Bound::NanosecondsAtMost(bound) => ("ns", value <= bound),
        };
        let verdict = if is_met { "met" } else { "missed" };
        Some((format!("{value:.2} {unit}, {verdict}"), is_met))
    }
}

/// All figures. Those that do not speak of work are of the tight loop.
pub(crate) fn all(implementations: &[Implementation], deferred: &Deferred) -> Vec<Figure> {
    let mut all = of_itself();
    let peers = implementations.iter().filter(|one| one.kind == Kind::Peer);
    for peer in peers.map(|peer| peer.name) {
        let what = format!("{peer}: dearer than {PLAIN}");
        let later = [peer, PLAIN].map(|name| deferred.ns(name).unwrap_or(0.0));
        let with_later = format!("{what}, with deferred");
        all.push(dearer(what, peer, [0.0; 2]));
        if later.iter().any(|ns| *ns >= 2.0) {
            all.push(dearer(with_later, peer, later));
        }
    }
    all
}

/// The figures that no other library has a part in.
fn of_itself() -> Vec<Figure> {
    use Setting::{Tight, Work};

    let at_most = |what, most, [one, other]: [&'static str; 2], setting| {
        Figure::new(what, Bound::NanosecondsAtMost(most), move |phase| {
            phase.excess(one, other, setting)
        })
    };
    let times = |what, most, one, other| {
        Figure::new(what, Bound::TimesAtMost(most), move |phase| {
            phase.ratio(one, other, Tight)
        })
    };
    vec![
        times("#[measure] over two Instant::now()", 0.5, PLAIN, INSTANT),
        times("#[measure] over two raw reads", 1.10, PLAIN, RAW),
        times("an Err over #[measure]", 1.5, ERR, PLAIN),
        times(
            "two calls, one within the other, over #[measure]",
            4.0,
            NESTED,
            PLAIN,
        ),
        times(
            "two calls, one within itself, over #[measure]",
            4.0,
            RECURSIVE,
            PLAIN,
        ),
        times("an async call over #[measure]", 1.5, ASYNC, PLAIN),
        times("a call by name over #[measure]", 1.5, NAMED, PLAIN),
        times("a Timer over #[measure]", 1.5, TIMER, PLAIN),
        times(
            "a call on a monitor of choice over #[measure]",
            1.5,
            MONITOR,
            PLAIN,
        ),
        at_most(
            "a collector more than a call on a monitor of choice",
            60.0,
            [COLLECTED, MONITOR],
            Tight,
        ),
        at_most("ten further polls", 150.0, [POLLS, ASYNC], Tight),
        at_most(
            "one label more than an async call",
            30.0,
            [ASYNC_LABEL, ASYNC],
            Tight,
        ),
        at_most("one label more than plain", 30.0, [LABEL, PLAIN], Tight),
        at_most("three labels more than plain", 70.0, [LABELS, PLAIN], Tight),
        at_most(
            "#[measure(throughput)] more than plain",
            5.0,
            [THROUGHPUT, PLAIN],
            Tight,
        ),
        at_most(
            "#[measure] more than two raw reads, with work",
            8.0,
            [PLAIN, RAW],
            Work,
        ),
        at_most(
            "#[measure], switched off, more than an empty call",
            2.0,
            [SWITCHED_OFF, EMPTY],
            Tight,
        ),
        at_most(
            "#[measure(memory)] more than plain",
            10.0,
            [MEMORY, PLAIN],
            Tight,
        ),
        at_most(
            "allocation more when counted",
            1.0,
            [COUNTING, SYSTEM],
            Tight,
        ),
        at_most(
            "allocation more when counted, in a memory call",
            1.0,
            [COUNTING_INSIDE, SYSTEM_INSIDE],
            Tight,
        ),
    ]
}

fn dearer(what: String, peer: &'static str, deferred: [f64; 2]) -> Figure {
    Figure::new(what, Bound::TimesAtLeast(3.0), move |phase| {
        phase.dearness([peer, PLAIN], deferred)
    })
}
