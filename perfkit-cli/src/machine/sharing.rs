//! Who else has the processors: threads of one core, and other machines.

use perfkit::unit::Unit;

use crate::text::shorten;

use super::check::{Affected, Check, Topic};
use super::root::Root;

const THREADS: Topic = Topic {
    check: "simultaneous_multithreading",
    name: "threads of a core (SMT)",
    affects: &[Affected::Times, Affected::CpuTime],
};

const MACHINE: Topic = Topic {
    check: "virtualisation",
    name: "virtualisation",
    affects: &[Affected::Times, Affected::CpuTime],
};

const STEAL: Topic = Topic {
    check: "steal_time",
    name: "time taken by the host",
    affects: &[Affected::Times],
};

/// The share of time taken by others that is felt.
const MUCH_STEAL: f64 = 0.01;

/// Whether two threads share the execution units of a core.
pub(super) fn threads(root: &Root, is_virtual: bool) -> Check {
    let control = root.text("sys/devices/system/cpu/smt/control");
    match root.text("sys/devices/system/cpu/smt/active").as_deref() {
        Ok("1") => {
            let check = THREADS
                .warning("on")
                .advice("what runs on the other thread of a core takes up to half of its speed");
            match control.as_deref() {
                Ok("on") => {
                    check.command("echo off | sudo tee /sys/devices/system/cpu/smt/control")
                }
                _ => check,
            }
        }
        Ok("0") if is_virtual => THREADS
            .unknown("off as this virtual machine sees it, which does not see the host's")
            .advice("another machine may have the other thread of each core"),
        Ok("0") => THREADS.fine("off"),
        Ok(_) => THREADS.unknown("/sys/devices/system/cpu/smt/active is not understood"),
        Err(unread) => THREADS.unknown(unread),
    }
}

/// What kind of machine it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Machine {
    /// A virtual one, with the name of what it runs on where that is told.
    Virtual(String),
    Physical,
    /// Nothing tells.
    Unknown(String),
}

impl Machine {
    pub(super) fn is_virtual(&self) -> bool {
        matches!(self, Self::Virtual(_))
    }

    pub(super) fn read(root: &Root) -> Self {
        const NAMES: [&str; 4] = [
            "sys/hypervisor/type",
            "proc/device-tree/hypervisor/compatible",
            "sys/class/dmi/id/product_name",
            "sys/class/dmi/id/sys_vendor",
        ];
        let names = NAMES.map(|path| root.text(path).ok().filter(|name| !name.is_empty()));
        let name = names.iter().flatten().next();
        let cpuinfo = match root.text("proc/cpuinfo") {
            Ok(text) => text,
            Err(unread) => return Self::Unknown(unread.to_string()),
        };
        let flags = cpuinfo.lines().find(|line| line.starts_with("flags"));
        let has_flag = |flags: &str| flags.split_whitespace().any(|flag| flag == "hypervisor");
        match flags {
            Some(flags) if has_flag(flags) => {
                Self::Virtual(name.map_or_else(String::new, |name| shorten(name, 60)))
            }
            Some(_) => Self::Physical,
            None if names[..2].iter().any(Option::is_some) => {
                Self::Virtual(name.map_or_else(String::new, |name| shorten(name, 60)))
            }
            None => Self::Unknown("processors of this kind do not tell it".to_owned()),
        }
    }
}

/// Whether other machines are on the same hardware, and whether this is a container.
pub(super) fn virtualisation(root: &Root, machine: &Machine) -> Check {
    const CONTAINERS: [&str; 3] = [".dockerenv", "run/.containerenv", "run/systemd/container"];
    let container = match CONTAINERS.iter().any(|path| root.has(path)) {
        true => ", in a container",
        false => "",
    };
    match machine {
        Machine::Virtual(name) => {
            let name = match name.as_str() {
                "" => String::new(),
                name => format!(" ({name})"),
            };
            MACHINE
                .warning(format!("a virtual machine{name}{container}"))
                .advice("other machines have the same caches, memory and perhaps cores: compare only what took turns here, as perfkit does, and leave room in absolute budgets")
        }
        Machine::Physical => MACHINE.fine(format!("none{container}")),
        Machine::Unknown(why) => MACHINE.unknown(why),
    }
}

/// How much of the time in which this machine wanted its processors others had them:
/// between two readings of `/proc/stat`, and since the machine started.
pub(super) fn steal(before: &str, after: &str, is_virtual: bool) -> Check {
    let (Some(before), Some(after)) = (Times::read(before), Times::read(after)) else {
        return STEAL.unknown("/proc/stat is not understood");
    };
    let Some(since_start) = after.stolen_share() else {
        return STEAL.unknown("/proc/stat has no times yet");
    };
    let now = after.since(before).stolen_share();
    let shown = |share: f64| Unit::Ratio.format(share, 2);
    let found = match now {
        Some(now) => format!(
            "{} just now, {} since the start",
            shown(now),
            shown(since_start)
        ),
        None => format!("{} since the start", shown(since_start)),
    };
    if now.unwrap_or(0.0).max(since_start) >= MUCH_STEAL {
        return STEAL.warning(found).advice(
            "the host gave the processors to others meanwhile: go by CPU time or instructions, or measure on another machine",
        );
    }
    if is_virtual && after.stolen == 0 {
        return STEAL
            .unknown("the host tells of none, which many hosts never do")
            .advice(
                "compare wall time with CPU time: what only wall time shows is not the program's",
            );
    }
    STEAL.fine(found)
}

/// Times of all processors, in ticks.
#[derive(Clone, Copy)]
struct Times {
    total: u64,
    stolen: u64,
}

impl Times {
    /// `cpu  user nice system idle iowait irq softirq steal guest guest_nice`
    fn read(stat: &str) -> Option<Self> {
        let all = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let numbers = all.split_whitespace().map(str::parse::<u64>);
        let numbers: Vec<u64> = numbers.collect::<Result<_, _>>().ok()?;
        // The guests' times are within those of users.
        let total = numbers
            .iter()
            .take(8)
            .fold(0, |a: u64, b| a.saturating_add(*b));
        Some(Self {
            total,
            stolen: *numbers.get(7)?,
        })
    }

    fn since(self, before: Self) -> Self {
        Self {
            total: self.total.saturating_sub(before.total),
            stolen: self.stolen.saturating_sub(before.stolen),
        }
    }

    fn stolen_share(self) -> Option<f64> {
        (self.total > 0).then(|| self.stolen as f64 / self.total as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::super::root::recorded::machine;
    use super::*;

    fn machine_of(files: &[(&str, &str)]) -> Machine {
        let (_folder, root) = machine(files);
        Machine::read(&root)
    }

    #[test]
    fn a_virtual_machine_is_told_by_its_processor_or_its_firmware() {
        let flags = "processor\t: 0\nflags\t\t: fpu hypervisor sse\n";
        let product = ("sys/class/dmi/id/product_name", "KVM Virtual Machine\n");
        let found = machine_of(&[("proc/cpuinfo", flags), product]);
        assert_eq!(found, Machine::Virtual("KVM Virtual Machine".to_owned()));
        let physical = machine_of(&[("proc/cpuinfo", "flags\t\t: fpu sse\n"), product]);
        assert_eq!(physical, Machine::Physical);
        let arm = ("proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\n");
        assert!(matches!(machine_of(&[arm]), Machine::Unknown(_)));
        let xen = ("sys/hypervisor/type", "xen\n");
        assert_eq!(machine_of(&[arm, xen]), Machine::Virtual("xen".to_owned()));
        assert!(matches!(machine_of(&[]), Machine::Unknown(_)));
    }

    #[test]
    fn containers_are_told_beside_machines() {
        let (_folder, root) = machine(&[(".dockerenv", "")]);
        let check = virtualisation(&root, &Machine::Physical);
        assert_eq!(
            (check.state, check.found.as_str()),
            (State::Fine, "none, in a container")
        );
        let check = virtualisation(&root, &Machine::Virtual(String::new()));
        assert_eq!(check.found, "a virtual machine, in a container");
        assert_eq!(check.state, State::Warning);
    }

    #[test]
    fn a_virtual_machine_does_not_know_the_cores_of_its_host() {
        let of = |active, control, is_virtual| {
            let (_folder, root) = machine(&[
                ("sys/devices/system/cpu/smt/active", active),
                ("sys/devices/system/cpu/smt/control", control),
            ]);
            threads(&root, is_virtual)
        };
        assert_eq!(of("0\n", "off\n", false).state, State::Fine);
        assert_eq!(of("0\n", "notsupported\n", true).state, State::Unknown);
        let on = of("1\n", "on\n", false);
        assert_eq!(on.state, State::Warning);
        assert!(on.command.unwrap().starts_with("echo off"));
        assert_eq!(of("1\n", "notimplemented\n", true).command, None);
    }

    #[test]
    fn stolen_time_is_told_of_now_and_of_all() {
        let stat = |total: u64, stolen: u64| {
            format!("cpu  {total} 0 0 0 0 0 0 {stolen} 7 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
        };
        let check = steal(&stat(9900, 10), &stat(9990, 20), true);
        assert_eq!(check.found, "10 % just now, 0.20 % since the start");
        assert_eq!(check.state, State::Warning);
        let check = steal(&stat(9990, 10), &stat(9990, 10), true);
        assert_eq!(check.state, State::Fine);
        assert_eq!(check.found, "0.10 % since the start");
        assert_eq!(steal(&stat(1, 0), &stat(2, 0), true).state, State::Unknown);
        assert_eq!(steal(&stat(1, 0), &stat(2, 0), false).state, State::Fine);
        assert_eq!(steal("", "", true).state, State::Unknown);
    }
}
