//! All checks of a machine.

use std::io;

use super::addresses;
use super::check::Check;
use super::clocks::{self, OwnClock};
use super::counters::{self, try_to_count};
use super::cpus;
use super::frequency;
use super::load::{self, RESOURCES};
use super::root::Root;
use super::sharing::{self, Machine};

/// What was tried on the machine that perfkit runs on.
#[derive(Debug)]
pub(crate) struct Probes {
    pub(crate) clock: OwnClock,
    counted: io::Result<()>,
}

impl Probes {
    pub(crate) fn run() -> Self {
        Self {
            clock: OwnClock::measure(),
            counted: try_to_count(),
        }
    }
}

/// Looks at everything. Time that a host takes shows between two moments, and `wait`
/// lets some of it pass.
pub(crate) fn examine(root: &Root, probes: &Probes, wait: impl FnOnce()) -> Vec<Check> {
    // What perfkit itself does meanwhile would be load.
    let load = load::load(root);
    let waiting = RESOURCES.map(|resource| load::pressure(root, &resource));
    let stat = || root.text("proc/stat").unwrap_or_default();
    let before = stat();
    wait();
    let after = stat();
    let machine = Machine::read(root);
    let mut checks = vec![
        frequency::governor(root),
        frequency::boost(root),
        sharing::threads(root, machine.is_virtual()),
        sharing::virtualisation(root, &machine),
        sharing::steal(&before, &after, machine.is_virtual()),
        cpus::usable(root),
        load,
    ];
    checks.extend(waiting);
    checks.extend([
        clocks::source(root),
        clocks::own(&probes.clock),
        counters::counters(root, &probes.counted),
        addresses::randomisation(root),
    ]);
    checks
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::check::State;
    use super::super::root::recorded::machine;
    use super::*;

    fn probes(resolution_ns: Option<f64>, counted: io::Result<()>) -> Probes {
        let clock = OwnClock {
            name: "tsc",
            resolution_ns,
            call_ns: None,
            inside_ns: None,
        };
        Probes { clock, counted }
    }

    #[test]
    fn of_a_machine_that_tells_nothing_nothing_is_fine() {
        let (_folder, root) = machine(&[]);
        let checks = examine(
            &root,
            &probes(None, Err(io::ErrorKind::Unsupported.into())),
            || (),
        );
        assert!(checks.len() >= 14);
        let fine = checks.iter().find(|check| check.state == State::Fine);
        assert_eq!(fine, None);
        let keys: BTreeSet<&str> = checks.iter().map(|check| check.check).collect();
        assert_eq!(keys.len(), checks.len());
    }

    /// As a desktop computer told it after its governor, boost and threads were set for
    /// measuring.
    #[test]
    fn a_quiet_machine_is_fine_in_everything() {
        let calm = "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n";
        let (_folder, root) = machine(&[
            (
                "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
                "performance\n",
            ),
            (
                "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor",
                "performance\n",
            ),
            ("sys/devices/system/cpu/intel_pstate/no_turbo", "1\n"),
            ("sys/devices/system/cpu/smt/active", "0\n"),
            ("sys/devices/system/cpu/smt/control", "off\n"),
            ("sys/devices/system/cpu/online", "0-1\n"),
            ("proc/cpuinfo", "flags\t\t: fpu sse\n"),
            ("proc/stat", "cpu  500 0 60 9000 5 0 1 0 0 0\n"),
            ("proc/self/status", "Cpus_allowed_list:\t0-1\n"),
            ("proc/self/cgroup", "0::/user.slice\n"),
            ("sys/fs/cgroup/cgroup.controllers", "cpu\n"),
            ("sys/fs/cgroup/user.slice/cpu.max", "max 100000\n"),
            ("proc/loadavg", "0.01 0.02 0.00 1/117 7880\n"),
            ("proc/pressure/cpu", calm),
            ("proc/pressure/memory", calm),
            ("proc/pressure/io", calm),
            (
                "sys/devices/system/clocksource/clocksource0/current_clocksource",
                "tsc\n",
            ),
            ("proc/sys/kernel/randomize_va_space", "2\n"),
        ]);
        let checks = examine(&root, &probes(Some(10.0), Ok(())), || ());
        let mut other = checks.iter().filter(|check| check.state != State::Fine);
        assert_eq!(
            other.next().map(|check| check.check),
            Some("address_randomisation")
        );
        assert_eq!(other.next(), None);
    }
}
