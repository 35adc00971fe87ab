//! Which calls run within which on this thread, for self time and recursion.

use std::cell::{Cell, RefCell};

thread_local! {
    static CURRENT: Cell<Covered> = const { Cell::new(Covered::nothing(0)) };
    /// The running operations and how deep each is nested in itself.
    static RUNNING: RefCell<Vec<(OperationId, u32)>> = const { RefCell::new(Vec::new()) };
    static NEXT_FRAME: Cell<u64> = const { Cell::new(0) };
}

/// The address of the operation's entry, which its handles keep alive.
pub(super) type OperationId = usize;

/// How much of a call's time its measured callees cover.
///
/// Callees that were awaited side by side are counted once: of each, the part
/// after the end of the one before. Where a short one ends within a long one,
/// the long one's time before that is left uncovered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Covered {
    /// The call; zero where no measured call runs. Frames of two threads may
    /// share a number: then a callee that wandered from one to the other is
    /// counted where it ended.
    pub(super) frame: u64,
    pub(super) callees_ns: u64,
    /// Up to when callees were counted.
    until_ns: u64,
}

impl Covered {
    const fn nothing(frame: u64) -> Self {
        Self {
            frame,
            callees_ns: 0,
            until_ns: 0,
        }
    }

    /// Of a call that begins now.
    pub(super) fn of_new_frame() -> Self {
        let number = NEXT_FRAME.try_with(|next| {
            next.set(next.get() + 1);
            next.get()
        });
        Self::nothing(number.unwrap_or(u64::MAX))
    }
}

/// The call that runs now on this thread.
pub(super) fn current() -> Covered {
    CURRENT
        .try_with(Cell::get)
        .unwrap_or(const { Covered::nothing(0) })
}

/// Counts a callee that ended for the call that it began in, if that is the one
/// that runs now.
pub(super) fn add_callee(parent: u64, start_ns: u64, end_ns: u64) {
    // While the thread ends there is no call around.
    let _ = CURRENT.try_with(|current| {
        let mut covered = current.get();
        if covered.frame == parent {
            let from_ns = start_ns.max(covered.until_ns);
            covered.callees_ns += end_ns.saturating_sub(from_ns);
            covered.until_ns = covered.until_ns.max(end_ns);
            current.set(covered);
        }
    });
}

/// A stretch of a call on one thread: all of a plain call, one poll of an async
/// one. Frames end in the reverse order in which they began.
#[derive(Debug)]
pub(super) struct Frame {
    operation: OperationId,
    outer: Covered,
    /// Whether the operation was already running on this thread.
    pub(super) nested: bool,
}

impl Frame {
    /// Makes a call the current one.
    pub(super) fn enter(operation: OperationId, covered: Covered) -> Self {
        let outer = CURRENT.try_with(|current| current.replace(covered));
        let deepen = |running: &mut Vec<(OperationId, u32)>| {
            let known = running.iter_mut().find(|(id, _)| *id == operation);
            if let Some((_, depth)) = known {
                *depth += 1;
                return true;
            }
            running.push((operation, 1));
            false
        };
        Self {
            operation,
            outer: outer.unwrap_or(const { Covered::nothing(0) }),
            nested: with_running(deepen).unwrap_or(false),
        }
    }

    /// The call that this one runs in.
    pub(super) fn parent(&self) -> u64 {
        self.outer.frame
    }

    /// Makes the outer call the current one again, and returns what callees
    /// cover of this one.
    pub(super) fn leave(self) -> Covered {
        with_running(|running| {
            let position = running.iter().position(|(id, _)| *id == self.operation);
            if let Some(position) = position {
                running[position].1 -= 1;
                if running[position].1 == 0 {
                    running.swap_remove(position);
                }
            }
        });
        CURRENT
            .try_with(|current| current.replace(self.outer))
            .unwrap_or(const { Covered::nothing(0) })
    }
}

/// `None` while the thread ends.
fn with_running<T>(change: impl FnOnce(&mut Vec<(OperationId, u32)>) -> T) -> Option<T> {
    RUNNING
        .try_with(|running| running.try_borrow_mut().ok().map(|mut r| change(&mut r)))
        .ok()
        .flatten()
}
