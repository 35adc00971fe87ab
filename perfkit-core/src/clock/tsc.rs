//! The processor's cycle counter, where it counts time.
//!
//! Usable is a counter that the processor calls invariant: it runs at one rate
//! in every sleep state, and on one machine all cores agree on it. Its rate is
//! measured against the operating system's clock when it is first needed, over
//! at least two milliseconds, and then kept, so that numbers once read stay
//! comparable.

use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::scale::Scale;

/// The shortest time over which the rate is measured: both clocks are read to
/// some 30 ns, which over this time is 30 millionths.
const SHORTEST: Duration = Duration::from_millis(2);

/// How far both clocks may drift apart beyond a thousandth before it is a step.
const TOLERANCE: Duration = Duration::from_millis(1);

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug)]
struct Moment {
    ticks: u64,
    os: Instant,
}

impl Moment {
    /// The tightest of a few readings.
    fn now() -> Self {
        let reading = || {
            let before = now();
            let os = Instant::now();
            let after = now();
            let width = after.saturating_sub(before);
            let ticks = before + width / 2;
            (width, Self { ticks, os })
        };
        let mut best = reading();
        for _ in 0..4 {
            let next = reading();
            if next.0 < best.0 {
                best = next;
            }
        }
        best.1
    }
}

static FIRST: OnceLock<Option<Moment>> = OnceLock::new();
static SCALE: OnceLock<Scale> = OnceLock::new();

/// The counter. Later on one core is never less; across cores a reading may be
/// early by less than a microsecond.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[expect(unsafe_code, reason = "the instruction is an intrinsic")]
#[inline(always)]
pub(crate) fn now() -> u64 {
    // SAFETY: reading the counter has no precondition where it exists, which is
    // on every x86-64; where a kernel forbids it, `is_usable` was told so.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
#[inline(always)]
pub(crate) fn now() -> u64 {
    super::os::now_ns()
}

/// Whether the counter can serve as a clock. The first call begins to measure
/// its rate.
pub(super) fn is_usable() -> bool {
    let first = FIRST.get_or_init(|| (is_invariant() && kernel_trusts_it()).then(Moment::now));
    first.is_some()
}

/// The rate; `None` while less than two milliseconds went by since the first
/// use.
pub(super) fn scale_by_now() -> Option<Scale> {
    if let Some(scale) = SCALE.get() {
        return Some(*scale);
    }
    let first = FIRST.get().copied().flatten()?;
    if first.os.elapsed() < SHORTEST {
        return None;
    }
    let now = Moment::now();
    let ns = now.os.saturating_duration_since(first.os).as_nanos();
    let ticks = now.ticks.saturating_sub(first.ticks);
    let scale = Scale::measured(ticks, u64::try_from(ns).unwrap_or(u64::MAX));
    // A counter that stood still or ran wild meanwhile is read as nanoseconds.
    Some(*SCALE.get_or_init(|| scale.unwrap_or(Scale::IDENTITY)))
}

/// The rate, after waiting for the rest of the two milliseconds.
pub(super) fn scale() -> Scale {
    loop {
        if let Some(scale) = scale_by_now() {
            return scale;
        }
        if !is_usable() {
            return Scale::IDENTITY;
        }
        std::thread::sleep(SHORTEST / 4);
    }
}

/// A time in which the counter ran ahead of the operating system's clock by
/// more than clocks drift, as it does when a virtual machine moves or a machine
/// sleeps. All in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ClockJump {
    after: u64,
    before: u64,
    length: u64,
}

/// The last moment at which both clocks were compared, and the last jump.
static COMPARED: Mutex<(Option<Moment>, Option<ClockJump>)> = Mutex::new((None, None));

/// Whether a time, in ticks, is none, because the counter jumped by as much within
/// it.
pub(super) fn is_clock_jump(end: u64, ticks: u64) -> bool {
    let (Some(Some(first)), Some(scale)) = (FIRST.get(), scale_by_now()) else {
        return false;
    };
    // Drift is no jump, and most times are shorter.
    if scale.ns(ticks) < TOLERANCE.as_nanos() as u64 {
        return false;
    }
    let attempt = || COMPARED.try_lock().ok();
    let Some(mut compared) = (0..100).find_map(|_| attempt()) else {
        return false;
    };
    let now = Moment::now();
    let last = compared.0.replace(now).unwrap_or(*first);
    let jump = jump_between(last, now, scale).or(compared.1);
    compared.1 = jump;
    jump.is_some_and(|jump| jump.is_within(end, ticks))
}

impl ClockJump {
    fn is_within(self, end: u64, ticks: u64) -> bool {
        let start = end.saturating_sub(ticks);
        ticks >= self.length && start < self.before && end > self.after
    }
}

fn jump_between(earlier: Moment, later: Moment, scale: Scale) -> Option<ClockJump> {
    let by_os = later.os.saturating_duration_since(earlier.os);
    let by_counter = Duration::from_nanos(scale.ns(later.ticks.saturating_sub(earlier.ticks)));
    let ahead = by_counter.checked_sub(by_os)?;
    let ahead_ns = u64::try_from(ahead.as_nanos()).unwrap_or(u64::MAX);
    (ahead > TOLERANCE + by_os / 1000).then(|| ClockJump {
        after: earlier.ticks,
        before: later.ticks,
        length: scale.ticks(ahead_ns),
    })
}

/// What the processor says: leaf 8000_0007, EDX bit 8.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[expect(unsafe_code, reason = "the instruction is an intrinsic")]
#[allow(unused_unsafe, reason = "newer compilers call it safe")]
fn is_invariant() -> bool {
    const HIGHEST_LEAF: u32 = 0x8000_0000;
    const POWER_LEAF: u32 = 0x8000_0007;
    // SAFETY: every x86-64 has the instruction, and the leaf is asked for only
    // where it exists.
    unsafe {
        core::arch::x86_64::__cpuid(HIGHEST_LEAF).eax >= POWER_LEAF
            && core::arch::x86_64::__cpuid(POWER_LEAF).edx & (1 << 8) != 0
    }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
fn is_invariant() -> bool {
    false
}

/// Linux gives a counter up that it caught going wrong.
fn kernel_trusts_it() -> bool {
    const SOURCES: &str = "/sys/devices/system/clocksource/clocksource0/available_clocksource";
    if !cfg!(target_os = "linux") {
        return true;
    }
    // Where nothing is told, as in a sandbox, the processor's word stands.
    std::fs::read_to_string(SOURCES).map_or(true, |sources| {
        let is_virtual = |name: &str| name.contains("kvm") || name.contains("hyperv");
        sources
            .split_whitespace()
            .any(|name| name == "tsc" || is_virtual(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_agrees_with_the_operating_system() {
        if !is_usable() {
            return;
        }
        let scale = scale();
        let earlier = Moment::now();
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(jump_between(earlier, Moment::now(), scale), None);
    }

    #[test]
    fn a_leap_forward_is_seen_and_times_that_contain_it_are_none() {
        let os = Instant::now();
        let ticks = 1_000_000_000;
        let earlier = Moment { ticks, os };
        let jump = |ticks| {
            let os = os + Duration::from_secs(1);
            jump_between(earlier, Moment { ticks, os }, Scale::IDENTITY)
        };
        assert_eq!((jump(2_000_000_000), jump(2_001_500_000)), (None, None));
        assert_eq!((jump(0), jump(1_900_000_000)), (None, None));
        let jump = jump(7_000_000_000).unwrap();
        assert_eq!(jump.length, 5_000_000_000);
        assert!(jump.is_within(6_800_000_000, 5_100_000_000));
        assert!(!jump.is_within(6_800_000_000, 4_900_000_000));
        assert!(!jump.is_within(900_000_000, 900_000_000));
        assert!(!jump.is_within(14_000_000_000, 6_000_000_000));
    }
}
