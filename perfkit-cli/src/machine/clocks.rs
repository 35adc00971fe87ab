//! The clocks: the kernel's, and the one that perfkit reads.

use perfkit::unit::Unit;
use perfkit::{Clock, Monitor, Report};
use serde::Serialize;

use crate::text::shorten;

use super::check::{Affected, Check, Topic};
use super::root::Root;

const SOURCE: Topic = Topic {
    check: "clock_source",
    name: "the system's clock",
    affects: &[Affected::Times],
};

const OWN: Topic = Topic {
    check: "own_clock",
    name: "perfkit's clock",
    affects: &[Affected::Times],
};

/// Clocks that programs read by themselves, without asking the kernel.
const FAST: [&str; 4] = [
    "tsc",
    "kvm-clock",
    "arch_sys_counter",
    "hyperv_clocksource_tsc_page",
];

/// Where readings differ by more than this, short calls are not told apart.
const COARSE_NS: f64 = 1000.0;

/// Which hardware the kernel's clock counts with.
pub(super) fn source(root: &Root) -> Check {
    const CURRENT: &str = "sys/devices/system/clocksource/clocksource0/current_clocksource";
    const AVAILABLE: &str = "sys/devices/system/clocksource/clocksource0/available_clocksource";
    let current = match root.text(CURRENT) {
        Ok(current) => shorten(&current, 40),
        Err(unread) => return SOURCE.unknown(unread),
    };
    if FAST.contains(&current.as_str()) {
        return SOURCE.fine(current);
    }
    let available = root.text(AVAILABLE).unwrap_or_default();
    let better = available
        .split_whitespace()
        .find(|name| FAST.contains(name));
    let check = SOURCE
        .warning(current)
        .advice("every reading of it asks the kernel, which takes up to a microsecond");
    match better {
        Some(name) => check.command(format!("echo {name} | sudo tee /{CURRENT}")),
        None => check,
    }
}

/// The clock that perfkit reads on this machine, and what reading it costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct OwnClock {
    /// Its name, as reports state it.
    pub(crate) name: &'static str,
    /// The smallest difference of two readings; `None` where it stands still.
    pub(crate) resolution_ns: Option<f64>,
    /// What a measured call costs; `None` where no calls are recorded.
    pub(crate) call_ns: Option<f64>,
    /// The part of it that the call's own time contains.
    pub(crate) inside_ns: Option<f64>,
}

impl OwnClock {
    /// Measures it, in some milliseconds.
    pub(crate) fn measure() -> Self {
        let clock = Clock::fastest();
        let report = Report::from_snapshot(Monitor::new().snapshot());
        let probe = report.environment.clock.probe;
        Self {
            name: clock.name(),
            resolution_ns: clock.resolution_ns(),
            call_ns: probe.map(|probe| probe.call_ns),
            inside_ns: probe.map(|probe| probe.inside_ns),
        }
    }
}

/// What the clock that perfkit reads is good for.
pub(super) fn own(clock: &OwnClock) -> Check {
    let shown = |ns: f64| Unit::Nanoseconds.format(ns, 3);
    let Some(resolution) = clock.resolution_ns else {
        return OWN.unknown(format!("{} stands still", clock.name));
    };
    let mut found = format!("{}, in steps of {}", clock.name, shown(resolution));
    if let (Some(call), Some(inside)) = (clock.call_ns, clock.inside_ns) {
        let (call, inside) = (shown(call), shown(inside));
        found += &format!("; a measured call costs {call}, and an empty one reads as {inside}");
    }
    if resolution < COARSE_NS {
        return OWN.fine(found);
    }
    OWN.warning(found)
        .advice("calls that take less than this are not told apart: measure many of them as one")
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::super::root::recorded::machine;
    use super::*;

    #[test]
    fn a_clock_of_the_kernel_is_told_with_a_better_one() {
        let of = |current: &str| {
            let folder = "sys/devices/system/clocksource/clocksource0";
            let (_folder, root) = machine(&[
                (&format!("{folder}/current_clocksource"), current),
                (
                    &format!("{folder}/available_clocksource"),
                    "tsc hpet acpi_pm \n",
                ),
            ]);
            source(&root)
        };
        assert_eq!(of("tsc\n").state, State::Fine);
        let check = of("hpet\n");
        assert_eq!(check.state, State::Warning);
        assert!(
            check
                .command
                .unwrap()
                .starts_with("echo tsc | sudo tee /sys/")
        );
        let (_folder, root) = machine(&[]);
        assert_eq!(source(&root).state, State::Unknown);
    }

    #[test]
    fn a_coarse_clock_and_one_that_stands_are_told() {
        let of = |resolution_ns| {
            own(&OwnClock {
                name: "os_monotonic",
                resolution_ns,
                call_ns: Some(40.0),
                inside_ns: Some(20.5),
            })
        };
        let check = of(Some(10.0));
        assert_eq!(check.state, State::Fine);
        assert_eq!(
            check.found,
            "os_monotonic, in steps of 10 ns; a measured call costs 40 ns, and an empty one reads as 20.5 ns"
        );
        assert_eq!(of(Some(4e6)).state, State::Warning);
        assert_eq!(of(None).state, State::Unknown);
    }

    #[test]
    fn this_machine_has_a_clock_that_runs() {
        let clock = OwnClock::measure();
        assert!(clock.resolution_ns.is_some_and(|ns| ns > 0.0), "{clock:?}");
        assert!(clock.call_ns.is_some(), "{clock:?}");
    }
}
