//! What a call and a clock cost without any library.

use std::hint::black_box;
use std::time::Instant;

use crate::work::body;

use super::{Implementation, Kind, forms};

pub(crate) const EMPTY: &str = "empty call";
pub(crate) const RAW: &str = "two raw counter reads";
pub(crate) const INSTANT: &str = "two Instant::now()";

pub(super) fn all() -> Vec<Implementation> {
    let new = |name, forms| Implementation::new(Kind::Reference, name, forms, None);
    vec![
        new(EMPTY, forms!(empty)),
        #[cfg(target_arch = "x86_64")]
        new(RAW, forms!(raw)),
        new(INSTANT, forms!(instant)),
    ]
}

#[inline(never)]
fn empty<const WORK: bool>(input: u64) -> u64 {
    body::<WORK>(input)
}

/// The least that a duration costs: two reads of the time stamp counter, not
/// fenced, as a recorder would read it.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
fn raw<const WORK: bool>(input: u64) -> u64 {
    let start = counter();
    let output = body::<WORK>(input);
    black_box(counter().saturating_sub(start));
    output
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn counter() -> u64 {
    #[expect(unsafe_code, reason = "the counter has no safe function")]
    // SAFETY: every x86_64 processor has the instruction, and it touches no
    // memory.
    unsafe {
        std::arch::x86_64::_rdtsc()
    }
}

#[inline(never)]
fn instant<const WORK: bool>(input: u64) -> u64 {
    let start = Instant::now();
    let output = body::<WORK>(input);
    black_box(start.elapsed());
    output
}
