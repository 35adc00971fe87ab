//! The processors that this process may use.

use super::check::{Affected, Check, Topic};
use super::root::{Root, Unread};

const TOPIC: Topic = Topic {
    check: "usable_cpus",
    name: "usable CPUs",
    affects: &[Affected::Times],
};

/// How many there are for this process, and what part of them a quota grants.
pub(super) fn usable(root: &Root) -> Check {
    let (usable, online) = match (allowed(root), online(root)) {
        (Ok(usable), Ok(online)) => (usable, online),
        (Err(unread), _) | (_, Err(unread)) => return TOPIC.unknown(unread),
    };
    let found = format!("{usable} of {online}");
    match quota(root) {
        Quota::Cpus(cpus, lift) if cpus < f64::from(usable) => TOPIC
            .warning(format!(
                "{found}, of which a quota grants the time of {cpus:.2}"
            ))
            .advice("once the quota is used up, all processes of the cgroup stand still for the rest of its period")
            .command(lift),
        _ if usable < 2 => TOPIC
            .warning(found)
            .advice("perfkit shares its only CPU with what it measures: allow it a second one"),
        Quota::Unknown => TOPIC
            .note(format!("{found}; whether there is a quota is unknown"))
            .advice("a container's quota would stop all of its processes now and then"),
        Quota::Cpus(..) | Quota::None => TOPIC.fine(found),
    }
}

/// How many CPUs this process is allowed.
fn allowed(root: &Root) -> Result<u32, Unread> {
    let status = root.text("proc/self/status")?;
    let list = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    Ok(list.map_or(0, count))
}

/// How many CPUs the machine has in use.
pub(super) fn online(root: &Root) -> Result<u32, Unread> {
    Ok(count(&root.text("sys/devices/system/cpu/online")?))
}

/// How many numbers a list such as `0-3,8` has.
fn count(list: &str) -> u32 {
    let of_range = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        last.checked_sub(first)?.checked_add(1)
    };
    let ranges = list.trim().split(',').filter_map(of_range);
    ranges.fold(0, u32::saturating_add)
}

/// What part of the processors' time the cgroups around this process grant.
enum Quota {
    /// So many processors, and what lifts it.
    Cpus(f64, String),
    None,
    Unknown,
}

impl Quota {
    /// What both leave.
    fn and(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Cpus(first, _), Self::Cpus(second, _)) if second < first => other,
            (Self::Cpus(..), _) | (Self::None, Self::Unknown) => self,
            _ => other,
        }
    }
}

fn quota(root: &Root) -> Quota {
    let Ok(groups) = root.text("proc/self/cgroup") else {
        return Quota::Unknown;
    };
    let of = |line: &str| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        match controllers {
            "" => Some(of_second_version(root, path)),
            controllers if controllers.split(',').any(|name| name == "cpu") => {
                Some(of_first_version(root, controllers, path))
            }
            _ => None,
        }
    };
    let quotas = groups.lines().filter_map(of);
    quotas.fold(Quota::Unknown, Quota::and)
}

/// The folders of a group and of those around it, the innermost first.
fn with_ancestors(path: &str) -> impl Iterator<Item = &str> {
    let groups = std::path::Path::new(path).ancestors();
    let groups = groups.filter_map(|group| group.to_str());
    groups.map(|group| group.trim_end_matches('/'))
}

/// `max 100000` or `150000 100000` in the group or one around it; the outermost has no
/// such file, as it has no limit.
fn of_second_version(root: &Root, path: &str) -> Quota {
    const FOLDER: &str = "sys/fs/cgroup";
    if !root.has("sys/fs/cgroup/cgroup.controllers") {
        return Quota::Unknown;
    }
    let mut least = Quota::None;
    for group in with_ancestors(path) {
        let file = format!("{FOLDER}{group}/cpu.max");
        let Ok(text) = root.text(&file) else { continue };
        let mut numbers = text.split(' ').map(|number| number.parse::<f64>().ok());
        if let (Some(Some(quota)), Some(Some(period))) = (numbers.next(), numbers.next()) {
            let lift = format!("echo max | sudo tee '/{file}'");
            least = least.and(Quota::Cpus(quota / period, lift));
        }
    }
    least
}

/// `-1`, or microseconds of each period, in the group or one around it.
fn of_first_version(root: &Root, controllers: &str, path: &str) -> Quota {
    let mut least = Quota::Unknown;
    for controllers in [controllers, "cpu"] {
        for group in with_ancestors(path) {
            let folder = format!("sys/fs/cgroup/{controllers}{group}");
            least = least.and(of_first_version_alone(root, &folder));
        }
        // The outermost group has no such file, as it has no limit.
        let outermost = format!("sys/fs/cgroup/{controllers}/cgroup.procs");
        if path.trim_end_matches('/').is_empty() && root.has(&outermost) {
            least = least.and(Quota::None);
        }
    }
    least
}

/// What one group grants.
fn of_first_version_alone(root: &Root, folder: &str) -> Quota {
    let number = |name: &str| {
        let text = root.text(&format!("{folder}/{name}")).ok()?;
        text.parse::<f64>().ok()
    };
    let (quota, period) = (number("cpu.cfs_quota_us"), number("cpu.cfs_period_us"));
    match (quota, period) {
        (Some(quota), Some(period)) if quota > 0.0 && period > 0.0 => {
            let lift = format!("echo -1 | sudo tee '/{folder}/cpu.cfs_quota_us'");
            Quota::Cpus(quota / period, lift)
        }
        (Some(_), _) => Quota::None,
        (None, _) => Quota::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::super::root::recorded::machine;
    use super::*;

    const FOUR: [(&str, &str); 2] = [
        ("proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-2,5\n"),
        ("sys/devices/system/cpu/online", "0-7\n"),
    ];

    fn with(files: &[(&str, &str)]) -> Check {
        let (_folder, root) = machine(&[&FOUR, files].concat());
        usable(&root)
    }

    #[test]
    fn lists_are_counted() {
        assert_eq!((count("0-3,8"), count("0"), count("")), (5, 1, 0));
        assert_eq!((count("3-1"), count("0-4294967295,9")), (0, 1));
    }

    #[test]
    fn a_quota_of_either_version_is_told_with_what_lifts_it() {
        let second = with(&[
            ("proc/self/cgroup", "0::/a/b\n"),
            ("sys/fs/cgroup/cgroup.controllers", "cpu memory\n"),
            ("sys/fs/cgroup/a/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/a/b/cpu.max", "max 100000\n"),
        ]);
        assert_eq!(second.state, State::Warning);
        assert!(
            second
                .found
                .contains("4 of 8, of which a quota grants the time of 1.50")
        );
        let command = second.command.unwrap();
        assert_eq!(command, "echo max | sudo tee '/sys/fs/cgroup/a/cpu.max'");
        let first = with(&[
            ("proc/self/cgroup", "3:cpuset:/x\n2:cpu,cpuacct:/x\n"),
            ("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "50000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n"),
        ]);
        assert!(first.found.contains("0.50"), "{first:?}");
    }

    #[test]
    fn the_least_quota_of_the_groups_around_counts_in_the_first_version_too() {
        let check = with(&[
            ("proc/self/cgroup", "2:cpu,cpuacct:/a/b/c\n"),
            ("sys/fs/cgroup/cpu,cpuacct/a/b/c/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "300000\n"),
            (
                "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us",
                "100000\n",
            ),
            ("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "100000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"),
        ]);
        assert!(check.found.contains("the time of 1.00"), "{check:?}");
        let lift = "echo -1 | sudo tee '/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us'";
        assert_eq!(check.command.as_deref(), Some(lift));
        // In a container the paths are those of the host, and the top is its own group.
        let check = with(&[
            ("proc/self/cgroup", "2:cpu:/docker/x\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
        ]);
        assert_eq!(check.state, State::Fine);
    }

    #[test]
    fn no_quota_is_fine_and_one_that_cannot_be_read_is_not() {
        let none = with(&[
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/cgroup.controllers", "cpu\n"),
        ]);
        assert_eq!((none.state, none.found.as_str()), (State::Fine, "4 of 8"));
        let first = with(&[
            ("proc/self/cgroup", "1:cpu:/\n0::/\n"),
            ("sys/fs/cgroup/cpu/cgroup.procs", "1\n"),
        ]);
        assert_eq!(first.state, State::Fine);
        assert_eq!(with(&[]).state, State::Note);
        let (_folder, nothing) = machine(&[]);
        let check = usable(&nothing);
        assert_eq!(check.state, State::Unknown);
        assert_eq!(check.found, "there is no /proc/self/status");
    }

    #[test]
    fn one_cpu_is_too_few() {
        let (_folder, root) = machine(&[
            ("proc/self/status", "Cpus_allowed_list:\t3\n"),
            ("sys/devices/system/cpu/online", "0-3\n"),
        ]);
        assert_eq!(usable(&root).state, State::Warning);
    }
}
