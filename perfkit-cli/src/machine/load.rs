//! What else the machine does.

use perfkit::unit::Unit;

use super::check::{Affected, Check, Topic};
use super::cpus;
use super::root::Root;

const LOAD: Topic = Topic {
    check: "load",
    name: "load",
    affects: &[Affected::Times],
};

/// The load of each CPU that is felt.
const MUCH_LOAD: f64 = 0.25;

const WHO: &str = "ps -eo pcpu,pid,comm --sort=-pcpu | head";

/// How many tasks ran or waited for a CPU in the last minute, on average.
pub(super) fn load(root: &Root) -> Check {
    let text = match root.text("proc/loadavg") {
        Ok(text) => text,
        Err(unread) => return LOAD.unknown(unread),
    };
    let (Some(load), Ok(cpus)) = (first_number(&text), cpus::online(root)) else {
        return LOAD.unknown("/proc/loadavg or the number of CPUs is not understood");
    };
    let found = format!("{load:.2} over the last minute, on {cpus} CPUs");
    if load <= MUCH_LOAD * f64::from(cpus) {
        return LOAD.fine(found);
    }
    LOAD.warning(found)
        .advice("other programs take turns with what is measured, also those that just ended: see who they are, or wait a minute")
        .command(WHO)
}

fn first_number(text: &str) -> Option<f64> {
    let number = text.split(' ').next()?.parse::<f64>().ok()?;
    (0.0..1e9).contains(&number).then_some(number)
}

/// A resource for which tasks wait, and how long a share of the time is felt.
pub(super) struct Resource {
    topic: Topic,
    path: &'static str,
    much: f64,
    advice: &'static str,
    command: &'static str,
}

pub(super) const RESOURCES: [Resource; 3] = [
    Resource {
        topic: Topic {
            check: "cpu_pressure",
            name: "waiting for a CPU",
            affects: &[Affected::Times],
        },
        path: "proc/pressure/cpu",
        much: 0.02,
        advice: "more programs are ready to run than there are CPUs",
        command: WHO,
    },
    Resource {
        topic: Topic {
            check: "memory_pressure",
            name: "waiting for memory",
            affects: &[Affected::Times, Affected::CpuTime],
        },
        path: "proc/pressure/memory",
        much: 0.005,
        advice: "memory is short, and is reclaimed or swapped while programs wait",
        command: "ps -eo rss,pid,comm --sort=-rss | head",
    },
    Resource {
        topic: Topic {
            check: "io_pressure",
            name: "waiting for disks",
            affects: &[Affected::Times],
        },
        path: "proc/pressure/io",
        much: 0.05,
        advice: "disks are busy, which is felt by what reads or writes files",
        command: "ps -eo stat,pid,comm | grep '^D'",
    },
];

/// The share of the last minute in which some task waited for a resource.
pub(super) fn pressure(root: &Root, resource: &Resource) -> Check {
    let topic = resource.topic;
    let text = match root.text(resource.path) {
        Ok(text) => text,
        Err(unread) => {
            return topic
                .unknown(unread)
                .advice("kernels tell it when they are started with psi=1");
        }
    };
    let Some(share) = waited(&text) else {
        return topic.unknown(format!("/{} is not understood", resource.path));
    };
    let shown = Unit::Ratio.format(share, 2);
    let found = format!("some program did in {shown} of the last minute");
    if share < resource.much {
        return topic.fine(found);
    }
    let check = topic.warning(found).advice(resource.advice);
    check.command(resource.command)
}

/// `some avg10=1.59 avg60=4.86 …`: the second, as a share.
fn waited(text: &str) -> Option<f64> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let mut fields = some.split(' ');
    let percent = fields.find_map(|field| field.strip_prefix("avg60="))?;
    let share = percent.parse::<f64>().ok()? / 100.0;
    (0.0..=1.0).contains(&share).then_some(share)
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::super::root::recorded::machine;
    use super::*;

    #[test]
    fn load_counts_by_the_number_of_cpus() {
        let of = |text| {
            let cpus = ("sys/devices/system/cpu/online", "0-3\n");
            let (_folder, root) = machine(&[("proc/loadavg", text), cpus]);
            load(&root)
        };
        let check = of("0.90 2.74 3.18 2/117 7880\n");
        assert_eq!(check.state, State::Fine);
        assert_eq!(check.found, "0.90 over the last minute, on 4 CPUs");
        assert_eq!(of("1.10 0 0 2/117 7880\n").state, State::Warning);
        assert_eq!(of("no number\n").state, State::Unknown);
    }

    #[test]
    fn waiting_is_felt_sooner_for_memory_than_for_disks() {
        let of = |index: usize, percent: &str| {
            let text = format!("some avg10=0.00 avg60={percent} avg300=2.40 total=1\nfull x\n");
            let resource = &RESOURCES[index];
            let (_folder, root) = machine(&[(resource.path, &text)]);
            pressure(&root, resource).state
        };
        assert_eq!(
            (of(1, "0.26"), of(1, "0.60")),
            (State::Fine, State::Warning)
        );
        assert_eq!(
            (of(2, "4.86"), of(2, "5.00")),
            (State::Fine, State::Warning)
        );
        assert_eq!((of(0, "1.00"), of(0, "x")), (State::Fine, State::Unknown));
        let (_folder, root) = machine(&[]);
        assert_eq!(pressure(&root, &RESOURCES[0]).state, State::Unknown);
    }
}
