//! The frequency of the processors.

use std::collections::BTreeMap;

use crate::text::shorten;

use super::check::{Affected, Check, Topic};
use super::cpus::online;
use super::root::Root;

const GOVERNOR: Topic = Topic {
    check: "frequency_governor",
    name: "frequency governor",
    affects: &[Affected::Times, Affected::CpuTime],
};

const BOOST: Topic = Topic {
    check: "frequency_boost",
    name: "frequency boost",
    affects: &[Affected::Times, Affected::CpuTime],
};

const NOT_HERE: &str = "virtual machines do not show it: ask whoever runs the host, or go by instructions where they are counted";

/// What sets the frequency of each processor.
pub(super) fn governor(root: &Root) -> Check {
    let mut governors: BTreeMap<String, u64> = BTreeMap::new();
    let cpus = root.cpus();
    for cpu in &cpus {
        if let Ok(name) = root.text(&format!("{cpu}/cpufreq/scaling_governor")) {
            *governors.entry(shorten(&name, 40)).or_default() += 1;
        }
    }
    // A CPU that is offline, as the second thread of a core without SMT, has none to read.
    let read: u64 = governors.values().sum();
    let online = match online(root) {
        Ok(0) | Err(_) => cpus.len() as u64,
        Ok(online) => u64::from(online).max(read),
    };
    let of_each = |(name, count): (&String, &u64)| format!("{name} on {count} of {online}");
    let found: Vec<String> = governors.iter().map(of_each).collect();
    let found = found.join(", ");
    if governors.is_empty() {
        let why = "there is no /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor";
        return GOVERNOR.unknown(why).advice(NOT_HERE);
    }
    match governors.get("performance") {
        Some(count) if *count == online => GOVERNOR.fine(found),
        Some(count) if *count == read => {
            GOVERNOR.unknown(format!("{found}; of the others it could not be read"))
        }
        _ => GOVERNOR
            .warning(found)
            .advice("the frequency follows the load: first runs are slower, and short ones vary")
            .command(
                "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
            ),
    }
}

/// Whether processors run beyond the frequency that they can keep.
pub(super) fn boost(root: &Root) -> Check {
    // The file, what stands in it where there is boost, and what switches it off.
    const FILES: [(&str, &str, &str); 2] = [
        ("sys/devices/system/cpu/intel_pstate/no_turbo", "0", "1"),
        ("sys/devices/system/cpu/cpufreq/boost", "1", "0"),
    ];
    for (path, on, off) in FILES {
        let Ok(text) = root.text(path) else { continue };
        if text == off {
            return BOOST.fine("off");
        }
        if text != on {
            return BOOST.unknown(format!("/{path} is not understood"));
        }
        return BOOST
            .warning("on")
            .advice("how fast a CPU runs depends on its temperature and on how many others work")
            .command(format!("echo {off} | sudo tee /{path}"));
    }
    let why = format!("there is neither /{} nor /{}", FILES[0].0, FILES[1].0);
    BOOST.unknown(why).advice(NOT_HERE)
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::super::root::recorded::machine;
    use super::*;

    #[test]
    fn a_governor_that_follows_the_load_is_told_with_what_stops_it() {
        let governors = |first, second| {
            let (_folder, root) = machine(&[
                (
                    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
                    first,
                ),
                (
                    "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor",
                    second,
                ),
                ("sys/devices/system/cpu/cpufreq/x", ""),
            ]);
            governor(&root)
        };
        assert_eq!(
            governors("performance\n", "performance\n").state,
            State::Fine
        );
        let check = governors("performance\n", "schedutil\n");
        assert_eq!(check.state, State::Warning);
        assert_eq!(check.found, "performance on 1 of 2, schedutil on 1 of 2");
        assert!(check.command.unwrap().starts_with("echo performance | "));
    }

    #[test]
    fn cpus_that_are_offline_have_no_governor_and_need_none() {
        let of = |online| {
            let governor_of =
                |cpu| format!("sys/devices/system/cpu/{cpu}/cpufreq/scaling_governor");
            let (_folder, root) = machine(&[
                (&governor_of("cpu0"), "performance\n"),
                (&governor_of("cpu1"), "performance\n"),
                ("sys/devices/system/cpu/cpu2/online", "0\n"),
                ("sys/devices/system/cpu/cpu3/online", "0\n"),
                ("sys/devices/system/cpu/online", online),
            ]);
            governor(&root)
        };
        let check = of("0-1\n");
        assert_eq!(check.state, State::Fine);
        assert_eq!(check.found, "performance on 2 of 2");
        let check = of("0-2\n");
        assert_eq!(check.state, State::Unknown);
        assert!(check.found.starts_with("performance on 2 of 3; "));
        // Without a list, all that have a folder may be in use.
        for unread in ["", "\n", "none\n"] {
            let check = of(unread);
            assert_eq!(check.state, State::Unknown);
            assert!(check.found.starts_with("performance on 2 of 4; "));
        }
    }

    #[test]
    fn boost_of_either_driver_is_told() {
        let of = |path, text| {
            let (_folder, root) = machine(&[(path, text)]);
            boost(&root)
        };
        let intel = "sys/devices/system/cpu/intel_pstate/no_turbo";
        assert_eq!(of(intel, "1\n").state, State::Fine);
        let check = of(intel, "0\n");
        assert_eq!(check.state, State::Warning);
        assert_eq!(check.command, Some(format!("echo 1 | sudo tee /{intel}")));
        let other = "sys/devices/system/cpu/cpufreq/boost";
        assert_eq!(of(other, "0\n").state, State::Fine);
        assert_eq!(of(other, "1\n").state, State::Warning);
        for unclear in ["", "\n", "2\n", "off\n"] {
            assert_eq!(of(other, unclear).state, State::Unknown);
            assert_eq!(of(intel, unclear).state, State::Unknown);
        }
    }

    #[test]
    fn what_is_not_there_is_unknown() {
        let (_folder, root) = machine(&[("sys/devices/system/cpu/cpu0/x", "")]);
        assert_eq!(governor(&root).state, State::Unknown);
        assert_eq!(boost(&root).state, State::Unknown);
    }
}
