//! Work that a measured call leaves to other threads or to later.
//!
//! A library may only note a call down, and sum it up on a thread of its own or
//! when it is asked to. The thread that calls does not pay for that, the machine
//! does. Here the CPU time of the whole process is taken from the start of a
//! batch until that work is done, less the thread's own time for the batch.

use std::thread::sleep;
use std::time::Duration;

use crate::batch::Trial;
use crate::clock;
use crate::implementations::own::PLAIN;
use crate::implementations::reference::EMPTY;
use crate::implementations::{Implementation, Kind, Setting, peers};

/// Fewer than hotpath takes up at once, so that one sweep sees all of them.
const CALLS: u64 = 50_000;

/// More than twice hotpath's interval; nobody else has one.
const SETTLE: Duration = Duration::from_millis(110);

/// Nanoseconds of deferred work per call, by implementation.
#[derive(Debug, Default)]
pub(crate) struct Deferred(Vec<(&'static str, f64)>);

impl Deferred {
    /// Measures `#[measure]` and the peers, as the least of some repetitions:
    /// whatever else the process does meanwhile only adds to it.
    pub(crate) fn measure(implementations: &[Implementation], repetitions: usize) -> Self {
        let is_asked = |one: &&Implementation| one.kind == Kind::Peer || one.name == PLAIN;
        let empty = implementations.iter().filter(|one| one.name == EMPTY);
        let measured = empty.chain(implementations.iter().filter(is_asked));
        let mut least: Vec<_> = measured.map(|one| (one, f64::INFINITY)).collect();
        for _ in 0..repetitions {
            for (implementation, ns) in &mut least {
                *ns = ns.min(deferred_ns(implementation) / CALLS as f64);
            }
        }
        // The first is what the process does anyhow.
        let idle = least.first().map_or(0.0, |(_, ns)| *ns);
        let less_idle = least.iter().skip(1);
        let less_idle = less_idle.map(|(one, ns)| (one.name, (ns - idle).max(0.0)));
        Self(less_idle.collect())
    }

    /// Nanoseconds per call; `None` for an implementation that was not measured.
    pub(crate) fn ns(&self, implementation: &str) -> Option<f64> {
        let found = self.0.iter().find(|(name, _)| *name == implementation);
        found.map(|(_, ns)| *ns)
    }
}

fn deferred_ns(implementation: &Implementation) -> f64 {
    let trial = Trial {
        implementation,
        setting: Setting::Tight,
        calls: CALLS,
    };
    implementation.prepare();
    peers::upkeep();
    let start = clock::process_ns();
    let own = trial.run().ns;
    peers::upkeep();
    sleep(SETTLE);
    (clock::process_ns() - start).saturating_sub(own) as f64
}
