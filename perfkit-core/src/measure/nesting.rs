//! Which operations are running on this thread, for self time and recursion.

use std::cell::{Cell, RefCell};

thread_local! {
    /// Time of the measured callees that ended within the innermost frame.
    static CALLEES_NS: Cell<u64> = const { Cell::new(0) };
    /// The running operations and how deep each is nested in itself.
    static RUNNING: RefCell<Vec<(OperationId, u32)>> = const { RefCell::new(Vec::new()) };
}

/// The address of the operation's entry, which its handles keep alive.
pub(super) type OperationId = usize;

/// A stretch of a call on one thread. Frames end in the reverse order in which
/// they began.
#[derive(Debug)]
pub(super) struct Frame {
    operation: OperationId,
    outer_callees_ns: u64,
    /// Whether the operation was already running on this thread.
    pub(super) nested: bool,
}

impl Frame {
    pub(super) fn enter(operation: OperationId) -> Self {
        let outer_callees_ns = CALLEES_NS.try_with(|ns| ns.replace(0)).unwrap_or(0);
        let deepen = |running: &mut Vec<(OperationId, u32)>| {
            let known = running.iter_mut().find(|(id, _)| *id == operation);
            match known {
                Some((_, depth)) => {
                    *depth += 1;
                    true
                }
                None => {
                    running.push((operation, 1));
                    false
                }
            }
        };
        Self {
            operation,
            outer_callees_ns,
            nested: with_running(deepen).unwrap_or(false),
        }
    }

    /// Ends the frame and returns the time of the callees within it.
    pub(super) fn leave(self) -> u64 {
        with_running(|running| {
            let position = running.iter().position(|(id, _)| *id == self.operation);
            if let Some(position) = position {
                running[position].1 -= 1;
                if running[position].1 == 0 {
                    running.swap_remove(position);
                }
            }
        });
        CALLEES_NS
            .try_with(|ns| ns.replace(self.outer_callees_ns))
            .unwrap_or(0)
    }
}

/// Tells the frame around a call that ended how long the call took.
pub(super) fn add_callee(total_ns: u64) {
    // While the thread ends there is no frame around.
    let _ = CALLEES_NS.try_with(|ns| ns.set(ns.get().saturating_add(total_ns)));
}

/// `None` while the thread ends.
fn with_running<T>(change: impl FnOnce(&mut Vec<(OperationId, u32)>) -> T) -> Option<T> {
    RUNNING
        .try_with(|running| running.try_borrow_mut().ok().map(|mut r| change(&mut r)))
        .ok()
        .flatten()
}
