//! The processor's counters.

use std::io;

use perfkit::process::{HardwareCounter, HardwareEvent};

use super::check::{Affected, Check, Topic};
use super::root::Root;

const COUNTERS: Topic = Topic {
    check: "hardware_counters",
    name: "hardware counters",
    affects: &[Affected::Counts],
};

/// The highest level at which everybody may count what their own programs do.
const OWN_PROGRAMS: i64 = 2;

/// Opens a counter of this thread and reads it.
pub(super) fn try_to_count() -> io::Result<()> {
    for event in [HardwareEvent::Instructions, HardwareEvent::Cycles] {
        let counter = HardwareCounter::of_this_thread(event)?;
        if counter.read().is_none() {
            return Err(io::Error::other("others use all counters that there are"));
        }
    }
    Ok(())
}

/// Whether cycles and instructions are counted, and if not, why.
pub(super) fn counters(root: &Root, counted: &io::Result<()>) -> Check {
    let error = match counted {
        Ok(()) => return COUNTERS.fine("instructions and cycles are counted"),
        Err(error) => error,
    };
    if error.kind() != io::ErrorKind::PermissionDenied {
        return COUNTERS
            .warning(format!("none for programs of this machine ({error})"))
            .advice("most virtual machines have none: comparisons go without cycles and instructions, by times alone");
    }
    let found = "none may be read";
    let level = root.text("proc/sys/kernel/perf_event_paranoid");
    let level = level.ok().and_then(|level| level.parse::<i64>().ok());
    match level {
        Some(level) if level > OWN_PROGRAMS => COUNTERS
            .warning(format!("{found}, as kernel.perf_event_paranoid is {level}"))
            .advice("the system lets administrators alone count: let everybody count what their own programs do")
            .command("sudo sysctl kernel.perf_event_paranoid=2"),
        _ => COUNTERS.warning(found).advice(
            "a container's rules forbid it: start it with --cap-add PERFMON, or with a seccomp profile that allows perf_event_open",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::super::root::recorded::machine;
    use super::*;

    #[test]
    fn counters_that_are_forbidden_are_told_with_what_allows_them() {
        let of = |level: &str, error: io::ErrorKind| {
            let (_folder, root) = machine(&[("proc/sys/kernel/perf_event_paranoid", level)]);
            counters(&root, &Err(error.into()))
        };
        let check = of("4\n", io::ErrorKind::PermissionDenied);
        assert!(
            check.found.ends_with("as kernel.perf_event_paranoid is 4"),
            "{check:?}"
        );
        assert!(check.command.unwrap().starts_with("sudo sysctl"));
        let check = of("2\n", io::ErrorKind::PermissionDenied);
        assert_eq!((check.state, check.command), (State::Warning, None));
        let check = of("4\n", io::ErrorKind::NotFound);
        assert_eq!((check.state, check.command), (State::Warning, None));
        assert!(check.advice.unwrap().contains("virtual"));
        let (_folder, root) = machine(&[]);
        assert_eq!(counters(&root, &Ok(())).state, State::Fine);
    }
}
