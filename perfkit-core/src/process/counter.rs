//! What the processor counts, where the system lets it be read.

use std::io;

/// Something that processors count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HardwareEvent {
    /// Executed instructions. They tell how much is done and not how long it takes:
    /// a loop that does more has more of them, however busy the machine is.
    Instructions,
    /// Cycles of the core. They tell how long it takes, by a clock that slows down
    /// with the processor and stands still while another machine has it.
    Cycles,
}

/// Counts what the processor does in user mode, which is steadier than any time.
///
/// Not counted is what the kernel does, and processes that outlive the one that
/// started them. Many virtual machines and containers have no such counter, or do not
/// let everybody read it; only Linux is asked for it.
#[derive(Debug)]
pub struct HardwareCounter {
    #[cfg(all(target_os = "linux", target_endian = "little"))]
    counter: std::fs::File,
}

impl HardwareCounter {
    /// Of the next child process that the calling thread starts, and of its own, from
    /// the moment that it executes a program. The count is complete once it was waited
    /// for. Each child needs a counter of its own: the kernel may hand one over to the
    /// first, with which it ends.
    ///
    /// # Errors
    /// The system has no such counter, or does not let us read it.
    pub fn of_children(event: HardwareEvent) -> io::Result<Self> {
        Self::open(event, Whose::Children)
    }

    /// The same of the next child of another process, which has one thread.
    ///
    /// # Errors
    /// The system has no such counter, or does not let us read it.
    pub fn of_children_of(event: HardwareEvent, process: u32) -> io::Result<Self> {
        Self::open(event, Whose::ChildrenOf(process))
    }

    /// Of the calling thread, from now on.
    ///
    /// # Errors
    /// The system has no such counter, or does not let us read it.
    pub fn of_this_thread(event: HardwareEvent) -> io::Result<Self> {
        Self::open(event, Whose::ThisThread)
    }
}

/// Whose events are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Children,
    ChildrenOf(u32),
    ThisThread,
}

#[cfg(all(target_os = "linux", target_endian = "little"))]
mod system {
    use std::fs::File;
    use std::io::{self, Read};
    use std::os::fd::{FromRawFd, OwnedFd};

    use super::{HardwareCounter, HardwareEvent, Whose};

    /// The first version of `perf_event_attr`, which every kernel still takes.
    #[derive(Default)]
    #[repr(C)]
    struct Attributes {
        kind: u32,
        size: u32,
        config: u64,
        sample_period: u64,
        sample_type: u64,
        read_format: u64,
        flags: u64,
        wakeup_events: u32,
        breakpoint_type: u32,
        breakpoint_address: u64,
    }

    const HARDWARE: u32 = 0;
    const CYCLES: u64 = 0;
    const INSTRUCTIONS: u64 = 1;
    const TIME_ENABLED: u64 = 1 << 0;
    const TIME_RUNNING: u64 = 1 << 1;
    const DISABLED: u64 = 1 << 0;
    const INHERIT: u64 = 1 << 1;
    const EXCLUDE_KERNEL: u64 = 1 << 5;
    const EXCLUDE_HYPERVISOR: u64 = 1 << 6;
    const ENABLE_ON_EXEC: u64 = 1 << 12;
    const CLOSE_ON_EXEC: libc::c_ulong = 1 << 3;

    impl HardwareCounter {
        pub(super) fn open(event: HardwareEvent, whose: Whose) -> io::Result<Self> {
            let config = match event {
                HardwareEvent::Instructions => INSTRUCTIONS,
                HardwareEvent::Cycles => CYCLES,
            };
            let flags = match whose {
                Whose::Children | Whose::ChildrenOf(_) => DISABLED | INHERIT | ENABLE_ON_EXEC,
                Whose::ThisThread => 0,
            };
            let thread = match whose {
                Whose::ChildrenOf(process) => {
                    libc::pid_t::try_from(process).map_err(io::Error::other)?
                }
                Whose::Children | Whose::ThisThread => 0,
            };
            let attributes = Attributes {
                kind: HARDWARE,
                size: size_of::<Attributes>() as u32,
                config,
                read_format: TIME_ENABLED | TIME_RUNNING,
                flags: flags | EXCLUDE_KERNEL | EXCLUDE_HYPERVISOR,
                ..Attributes::default()
            };
            let counter = File::from(open(&attributes, thread)?);
            Ok(Self { counter })
        }

        /// All that was counted so far; `None` where the counter cannot be read, or
        /// had to be shared with others and so missed some.
        #[must_use]
        pub fn read(&self) -> Option<u64> {
            let mut bytes = [0; 24];
            (&self.counter).read_exact(&mut bytes).ok()?;
            let mut numbers = bytes
                .chunks_exact(8)
                .map(|bytes| bytes.try_into().map(u64::from_ne_bytes));
            let mut next = || numbers.next()?.ok();
            let (count, enabled_ns, running_ns) = (next()?, next()?, next()?);
            (running_ns >= enabled_ns).then_some(count)
        }
    }

    #[expect(unsafe_code, reason = "no safe interface that closes it in children")]
    fn open(attributes: &Attributes, thread: libc::pid_t) -> io::Result<OwnedFd> {
        let (any_cpu, no_group) = (-1, -1);
        // SAFETY: the pointer is to a structure of the size that it states, which
        // lives across the call; the kernel writes to nothing of ours but that
        // size, where it is wrong.
        let fd = unsafe {
            libc::syscall(
                libc::SYS_perf_event_open,
                std::ptr::from_ref(attributes),
                thread,
                any_cpu as libc::c_int,
                no_group as libc::c_int,
                CLOSE_ON_EXEC,
            )
        };
        let fd = libc::c_int::try_from(fd).map_err(io::Error::other)?;
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was just made, and nobody else has it.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }
}

#[cfg(not(all(target_os = "linux", target_endian = "little")))]
impl HardwareCounter {
    fn open(_: HardwareEvent, _: Whose) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// All that was counted so far: nothing on this system.
    #[must_use]
    pub fn read(&self) -> Option<u64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::process::Command;

    use super::HardwareEvent::{Cycles, Instructions};
    use super::*;

    /// The counter, or a word on why there is none.
    fn counter(opened: io::Result<HardwareCounter>) -> Option<HardwareCounter> {
        let counter = opened.map_err(|error| println!("skipped: counters: {error}"));
        counter.ok().filter(|counter| counter.read().is_some())
    }

    /// At least an instruction for each step.
    fn work(steps: u64) {
        for step in 0..steps {
            black_box(step);
        }
    }

    #[test]
    fn a_thread_that_does_more_executes_more() {
        let Some(counter) = counter(HardwareCounter::of_this_thread(Instructions)) else {
            return;
        };
        let count = |steps| {
            let before = counter.read().unwrap();
            work(steps);
            (counter.read().unwrap() - before) as f64
        };
        let (once, thrice) = (count(1_000_000), count(3_000_000));
        assert!(once >= 1e6);
        assert!((2.9..3.1).contains(&(thrice / once)), "{once} {thrice}");
    }

    #[test]
    fn both_events_count_at_the_same_time() {
        let counters = [Instructions, Cycles].map(HardwareCounter::of_this_thread);
        let [Some(instructions), Some(cycles)] = counters.map(counter) else {
            return;
        };
        let count = |steps| {
            let before = cycles.read().unwrap();
            work(steps);
            (cycles.read().unwrap() - before) as f64
        };
        let executed = instructions.read().unwrap();
        let (once, thrice) = (count(1_000_000), count(3_000_000));
        assert!(instructions.read().unwrap() - executed >= 4_000_000);
        assert!((2.0..4.0).contains(&(thrice / once)), "{once} {thrice}");
    }

    #[test]
    fn children_count_and_this_process_does_not() {
        if counter(HardwareCounter::of_children(Instructions)).is_none() {
            return;
        }
        let count = |steps: u32| {
            let counter = HardwareCounter::of_children(Instructions).unwrap();
            let script = format!("i=0; while [ $i -lt {steps} ]; do i=$((i+1)); done");
            let mut sh = Command::new("sh");
            assert!(sh.args(["-c", &script]).status().unwrap().success());
            let count = counter.read().unwrap();
            work(1_000_000);
            assert_eq!(counter.read(), Some(count));
            count as f64
        };
        let (few, many) = (count(10_000), count(30_000));
        assert!(few >= 1e4);
        assert!((2.0..3.1).contains(&(many / few)), "{few} {many}");
    }

    #[test]
    fn grandchildren_count_once_they_were_waited_for() {
        let Some(counter) = counter(HardwareCounter::of_children(Instructions)) else {
            return;
        };
        let script = "sh -c 'i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done'; exit 0";
        let before = counter.read().unwrap();
        assert!(
            Command::new("sh")
                .args(["-c", script])
                .status()
                .unwrap()
                .success()
        );
        assert!(counter.read().unwrap() - before >= 30_000);
    }
}
