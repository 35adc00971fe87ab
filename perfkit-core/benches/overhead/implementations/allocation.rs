//! What counting costs an allocation: 64 bytes, allocated and released.
//!
//! The allocators are called directly, so that the counting one does not count
//! for both.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;

use perfkit::CountingAllocator;

use super::{Around, Implementation, Kind};

pub(crate) const SYSTEM: &str = "allocation, System";
pub(crate) const COUNTING: &str = "allocation, counted";
pub(crate) const SYSTEM_INSIDE: &str = "in a memory call, System";
pub(crate) const COUNTING_INSIDE: &str = "in a memory call, counted";

pub(super) fn all() -> Vec<Implementation> {
    let new = |name, pair| Implementation::new(Kind::Allocation, name, [pair; 2], None);
    vec![
        new(SYSTEM, system as fn(u64) -> u64),
        new(COUNTING, counting),
        new(SYSTEM_INSIDE, system).around(Around::MemoryCall),
        new(COUNTING_INSIDE, counting).around(Around::MemoryCall),
    ]
}

#[inline(never)]
fn system(input: u64) -> u64 {
    pair(&System, input)
}

#[inline(never)]
fn counting(input: u64) -> u64 {
    static COUNTING: CountingAllocator = CountingAllocator::system();
    pair(&COUNTING, input)
}

/// Allocates eight numbers, writes the first, reads it back and releases them.
#[inline(always)]
fn pair(allocator: &impl GlobalAlloc, input: u64) -> u64 {
    let layout = Layout::new::<[u64; 8]>();
    #[expect(unsafe_code, reason = "the methods of an allocator are unsafe")]
    // SAFETY: the layout has a size, the pointer is used only while allocated,
    // not if it is null, and released with its own layout.
    unsafe {
        let pointer = black_box(allocator.alloc(layout)).cast::<u64>();
        if pointer.is_null() {
            return 0;
        }
        pointer.write(input);
        let output = black_box(pointer).read();
        allocator.dealloc(pointer.cast(), layout);
        output
    }
}
