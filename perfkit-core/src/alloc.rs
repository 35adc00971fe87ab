//! Counting what a thread allocates.
//!
//! [`CountingAllocator`] wraps any global allocator and keeps four numbers per
//! thread. It never allocates, locks or makes a system call. It sees what goes
//! through the global allocator of the program: not memory that C libraries
//! take from `malloc`, not stacks, not memory maps. Memory that one thread
//! allocates and another frees counts as growth for the first and as shrinking
//! for the second.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};

/// A global allocator that counts, for calls measured with `memory`.
///
/// ```
/// use perfkit::CountingAllocator;
///
/// #[global_allocator]
/// static ALLOCATOR: CountingAllocator = CountingAllocator::system();
///
/// let monitor = perfkit::Monitor::new();
/// let text = monitor.operation("greet").memory().measure(|| "hello".repeat(100));
/// let snapshot = monitor.snapshot();
/// let greet = snapshot.operation("greet").unwrap();
/// assert_eq!(greet.lifetime.allocated().unwrap().max, Some(500.0));
/// # drop(text);
/// ```
#[derive(Debug)]
pub struct CountingAllocator<A = System> {
    inner: A,
}

impl CountingAllocator {
    /// Counts on top of the system's allocator.
    #[must_use]
    pub const fn system() -> Self {
        Self::new(System)
    }
}

impl<A> CountingAllocator<A> {
    /// Counts on top of the given allocator.
    #[must_use]
    pub const fn new(inner: A) -> Self {
        Self { inner }
    }
}

/// Whether allocations go through a [`CountingAllocator`], once that is known.
static INSTALLED: AtomicU8 = AtomicU8::new(UNKNOWN);

const UNKNOWN: u8 = 0;
const NO: u8 = 1;
const YES: u8 = 2;

thread_local! {
    static COUNTERS: Counters = const {
        Counters {
            allocated_bytes: Cell::new(0),
            allocations: Cell::new(0),
            freed_bytes: Cell::new(0),
            peak_bytes: Cell::new(i64::MIN),
        }
    };
}

/// The numbers of one thread; cells without a destructor, so that they work
/// while the thread ends.
#[derive(Clone)]
struct Counters {
    allocated_bytes: Cell<u64>,
    allocations: Cell<u64>,
    freed_bytes: Cell<u64>,
    /// The highest growth since the innermost [`Mark`] was set.
    peak_bytes: Cell<i64>,
}

impl Counters {
    /// Bytes allocated less bytes freed by this thread.
    #[inline]
    fn growth_bytes(&self) -> i64 {
        let (allocated, freed) = (self.allocated_bytes.get(), self.freed_bytes.get());
        allocated.wrapping_sub(freed) as i64
    }

    #[inline]
    fn grow(&self, bytes: usize) {
        self.allocations.set(self.allocations.get().wrapping_add(1));
        let allocated = self.allocated_bytes.get().wrapping_add(bytes as u64);
        self.allocated_bytes.set(allocated);
        let growth = self.growth_bytes();
        if growth > self.peak_bytes.get() {
            self.peak_bytes.set(growth);
        }
    }

    #[inline(always)]
    fn have_moved_since(&self, before: &Self) -> bool {
        self.allocations.get() != before.allocations.get()
            || self.freed_bytes.get() != before.freed_bytes.get()
    }

    #[inline]
    fn set_back(&self, before: &Self) {
        self.allocated_bytes.set(before.allocated_bytes.get());
        self.allocations.set(before.allocations.get());
        self.freed_bytes.set(before.freed_bytes.get());
        self.peak_bytes.set(before.peak_bytes.get());
    }

    #[inline]
    fn shrink(&self, bytes: usize) {
        let freed = self.freed_bytes.get().wrapping_add(bytes as u64);
        self.freed_bytes.set(freed);
    }
}

#[inline]
fn grow(bytes: usize) {
    // An allocation after the thread's locals are gone is not counted.
    let _ = COUNTERS.try_with(|counters| counters.grow(bytes));
}

#[inline]
fn shrink(bytes: usize) {
    let _ = COUNTERS.try_with(|counters| counters.shrink(bytes));
}

// SAFETY: every method passes its arguments on to `inner` and returns what it
// returns; the counting touches only thread-local cells and cannot unwind.
#[expect(unsafe_code, reason = "a global allocator is an unsafe trait")]
unsafe impl<A: GlobalAlloc> GlobalAlloc for CountingAllocator<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`.
        let pointer = unsafe { self.inner.alloc(layout) };
        if !pointer.is_null() {
            grow(layout.size());
        }
        pointer
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        let pointer = unsafe { self.inner.alloc_zeroed(layout) };
        if !pointer.is_null() {
            grow(layout.size());
        }
        pointer
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        shrink(layout.size());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { self.inner.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `realloc`.
        let moved = unsafe { self.inner.realloc(pointer, layout, new_size) };
        if !moved.is_null() {
            shrink(layout.size());
            grow(new_size);
        }
        moved
    }
}

/// Allocates to see whether that is counted.
#[cold]
fn is_installed() -> bool {
    let allocations = || COUNTERS.try_with(|counters| counters.allocations.get());
    let is_counted = uncounted(|| {
        let before = allocations();
        drop(std::hint::black_box(Box::new(0_u8)));
        before.is_ok() && allocations() != before
    });
    INSTALLED.store(if is_counted { YES } else { NO }, Ordering::Relaxed);
    is_counted
}

/// Runs perfkit's own work so that none of it counts for the program's calls.
pub(crate) fn uncounted<T>(work: impl FnOnce() -> T) -> T {
    struct Restore(Counters);
    impl Drop for Restore {
        fn drop(&mut self) {
            let _ = COUNTERS.try_with(|counters| counters.set_back(&self.0));
        }
    }
    let _restore = COUNTERS.try_with(|counters| Restore(counters.clone()));
    work()
}

/// The same for work that takes no memory as a rule, and costs next to nothing then.
#[inline(always)]
pub(crate) fn uncounted_if_any<T>(work: impl FnOnce() -> T) -> T {
    struct Restore(Counters);
    impl Drop for Restore {
        #[inline(always)]
        fn drop(&mut self) {
            let _ = COUNTERS.try_with(|counters| {
                if counters.have_moved_since(&self.0) {
                    counters.set_back(&self.0);
                }
            });
        }
    }
    let _restore = COUNTERS.try_with(|counters| Restore(counters.clone()));
    work()
}

/// What a segment of work did to memory, on the thread that did it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MemoryUse {
    pub(crate) allocated_bytes: u64,
    pub(crate) allocations: u64,
    pub(crate) net_growth_bytes: i64,
    pub(crate) peak_growth_bytes: u64,
}

impl MemoryUse {
    /// Appends a later segment: its peak stands on the growth before it.
    pub(crate) fn then(&mut self, later: Self) {
        let base = self.net_growth_bytes;
        let later_peak = base.saturating_add(later.peak_growth_bytes as i64).max(0) as u64;
        self.peak_growth_bytes = self.peak_growth_bytes.max(later_peak);
        self.net_growth_bytes = base.saturating_add(later.net_growth_bytes);
        self.allocated_bytes += later.allocated_bytes;
        self.allocations += later.allocations;
    }
}

/// The thread's numbers at the start of a segment of work. Marks nest: each
/// must be read before the one around it.
#[derive(Debug)]
pub(crate) struct Mark {
    allocated_bytes: u64,
    allocations: u64,
    growth_bytes: i64,
    outer_peak_bytes: i64,
}

impl Mark {
    /// Starts a segment; `None` where no [`CountingAllocator`] is installed.
    #[inline]
    pub(crate) fn set() -> Option<Self> {
        let is_installed = match INSTALLED.load(Ordering::Relaxed) {
            YES => true,
            NO => false,
            _ => is_installed(),
        };
        if !is_installed {
            return None;
        }
        COUNTERS
            .try_with(|counters| {
                let growth_bytes = counters.growth_bytes();
                Self {
                    allocated_bytes: counters.allocated_bytes.get(),
                    allocations: counters.allocations.get(),
                    growth_bytes,
                    outer_peak_bytes: counters.peak_bytes.replace(growth_bytes),
                }
            })
            .ok()
    }

    /// Ends the segment.
    #[inline]
    pub(crate) fn read(&self) -> MemoryUse {
        COUNTERS
            .try_with(|counters| {
                let peak = counters.peak_bytes.get();
                counters.peak_bytes.set(peak.max(self.outer_peak_bytes));
                let growth = counters.growth_bytes();
                let allocated = counters.allocated_bytes.get();
                MemoryUse {
                    allocated_bytes: allocated.wrapping_sub(self.allocated_bytes),
                    allocations: counters.allocations.get().wrapping_sub(self.allocations),
                    net_growth_bytes: growth.wrapping_sub(self.growth_bytes),
                    peak_growth_bytes: peak.wrapping_sub(self.growth_bytes).max(0) as u64,
                }
            })
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[global_allocator]
    static ALLOCATOR: CountingAllocator = CountingAllocator::system();

    #[test]
    fn allocations_and_growth_are_counted() {
        let mark = Mark::set().unwrap();
        let kept: Vec<u8> = Vec::with_capacity(1000);
        drop(Vec::<u8>::with_capacity(5000));
        let used = mark.read();
        assert_eq!(used.allocated_bytes, 6000);
        assert_eq!(used.allocations, 2);
        assert_eq!(used.net_growth_bytes, 1000);
        assert_eq!(used.peak_growth_bytes, 6000);
        drop(kept);
    }

    #[test]
    fn a_nested_mark_has_its_own_peak_and_leaves_the_outer_one_right() {
        let outer = Mark::set().unwrap();
        drop(Vec::<u8>::with_capacity(8000));
        let inner = Mark::set().unwrap();
        drop(Vec::<u8>::with_capacity(3000));
        assert_eq!(inner.read().peak_growth_bytes, 3000);
        assert_eq!(outer.read().peak_growth_bytes, 8000);
    }

    #[test]
    fn freeing_what_was_there_before_is_negative_growth() {
        let earlier: Vec<u8> = Vec::with_capacity(4096);
        let mark = Mark::set().unwrap();
        drop(earlier);
        let used = mark.read();
        assert_eq!(used.net_growth_bytes, -4096);
        assert_eq!(used.peak_growth_bytes, 0);
    }

    #[test]
    fn a_reallocation_is_one_allocation_of_the_new_size() {
        let mut vec: Vec<u8> = Vec::with_capacity(100);
        let mark = Mark::set().unwrap();
        vec.reserve_exact(400);
        let used = mark.read();
        assert_eq!((used.allocations, used.allocated_bytes), (1, 400));
        assert_eq!(used.net_growth_bytes, 300);
    }

    #[test]
    fn uncounted_work_leaves_no_trace() {
        let mark = Mark::set().unwrap();
        let kept = uncounted(|| vec![0_u8; 100_000]);
        assert_eq!(mark.read(), MemoryUse::default());
        drop(kept);
    }

    #[test]
    fn a_later_stretch_peaks_on_top_of_the_growth_before_it() {
        let mut total = MemoryUse {
            allocated_bytes: 100,
            allocations: 1,
            net_growth_bytes: 60,
            peak_growth_bytes: 100,
        };
        total.then(MemoryUse {
            allocated_bytes: 50,
            allocations: 2,
            net_growth_bytes: -60,
            peak_growth_bytes: 50,
        });
        assert_eq!(total.peak_growth_bytes, 110);
        assert_eq!(total.net_growth_bytes, 0);
        assert_eq!(total.allocations, 3);
    }
}
