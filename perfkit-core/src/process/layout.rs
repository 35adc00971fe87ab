//! Where a child process lies in its memory.

use std::io;
use std::process::{Child, Command};

/// Starts a process whose stack, heap and libraries lie where they always do, and
/// not at random addresses: where the system lets us, else as any other.
#[cfg(target_os = "linux")]
pub(crate) fn spawn_at_fixed_addresses(command: &mut Command) -> io::Result<Child> {
    /// Asks what the personality is.
    const QUERY: libc::c_ulong = 0xffff_ffff;
    let own = personality(QUERY);
    let fixed = own.map(|own| own | libc::ADDR_NO_RANDOMIZE as libc::c_ulong);
    let is_changed = fixed.is_some_and(|fixed| personality(fixed).is_some());
    let child = command.spawn();
    if let Some(own) = own.filter(|_| is_changed) {
        personality(own);
    }
    child
}

/// Sets the personality of the calling thread, which the processes that it starts
/// inherit; returns the one before, or `None` where that is refused.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "no safe interface without a further dependency")]
fn personality(persona: libc::c_ulong) -> Option<libc::c_ulong> {
    // SAFETY: the call takes a number and touches no memory of ours; no address
    // of a running process changes.
    let before = unsafe { libc::personality(persona) };
    libc::c_ulong::try_from(before).ok()
}

/// Starts a process; this system has no say in where it lies.
#[cfg(not(target_os = "linux"))]
pub(crate) fn spawn_at_fixed_addresses(command: &mut Command) -> io::Result<Child> {
    command.spawn()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::process::Stdio;

    use super::*;

    fn stack_of_a_child() -> String {
        let mut command = Command::new("cat");
        command.arg("/proc/self/maps").stdout(Stdio::piped());
        let child = spawn_at_fixed_addresses(&mut command).unwrap();
        let maps = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        let stack = maps.lines().find(|line| line.ends_with("[stack]"));
        stack.unwrap().split(' ').next().unwrap().to_owned()
    }

    #[test]
    fn children_lie_at_the_same_place_where_the_system_allows_it() {
        let before = personality(0xffff_ffff);
        let is_on_fast_path = before.is_some_and(|own| {
            let fixed = own | libc::ADDR_NO_RANDOMIZE as libc::c_ulong;
            let was_set = personality(fixed).is_some();
            personality(own);
            was_set
        });
        assert!(!is_on_fast_path || stack_of_a_child() == stack_of_a_child());
        assert_eq!(personality(0xffff_ffff), before, "our own is as it was");
    }
}
