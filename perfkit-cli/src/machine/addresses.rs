//! The addresses at which programs lie.

use super::check::{Affected, Check, Topic};
use super::root::Root;

const ADDRESSES: Topic = Topic {
    check: "address_randomisation",
    name: "random addresses (ASLR)",
    affects: &[Affected::Times, Affected::CpuTime],
};

/// Whether each process has its own addresses.
pub(super) fn randomisation(root: &Root) -> Check {
    match root.text("proc/sys/kernel/randomize_va_space").as_deref() {
        Ok("0") => ADDRESSES
            .note("off")
            .advice("every process of a program has the same luck with its addresses, good or bad: compare programs that were built alike"),
        Ok("1" | "2") => ADDRESSES
            .note("on")
            .advice("speed may differ from process to process: perfkit runs benchmarks of functions without it, and commands often enough to average over it; to see what it does, compare a command with itself behind setarch")
            .command("perfkit compare COMMAND 'setarch -R COMMAND'"),
        Ok(_) => ADDRESSES.unknown("/proc/sys/kernel/randomize_va_space is not understood"),
        Err(unread) => ADDRESSES.unknown(unread),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::super::root::recorded::machine;
    use super::*;

    #[test]
    fn addresses_are_no_warning_and_unknown_where_nothing_tells() {
        let of = |text: &str| {
            let (_folder, root) = machine(&[("proc/sys/kernel/randomize_va_space", text)]);
            randomisation(&root).state
        };
        assert_eq!(
            (of("2\n"), of("0\n"), of("7\n")),
            (State::Note, State::Note, State::Unknown)
        );
        let (_folder, root) = machine(&[]);
        assert_eq!(randomisation(&root).state, State::Unknown);
    }
}
