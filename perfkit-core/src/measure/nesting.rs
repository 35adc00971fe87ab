//! Which calls run within which on this thread, for self time and recursion.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::alloc;
use crate::recorder::{
    Outer, Recorder, Shard, add_waiting, enter_without_shard, leave_without_shard, shard_of_thread,
};

/// The frame of a call that nobody has asked for: most calls end before.
const UNNAMED: u64 = 0;

thread_local! {
    /// What shards remembered of calls that run within others of their operation.
    static ASIDE: RefCell<Vec<Outer>> = const { RefCell::new(Vec::new()) };

    static CURRENT: Current = const {
        Current {
            frame: Cell::new(UNNAMED),
            callees: Cell::new(0),
            until: Cell::new(0),
            last_frame: Cell::new(0),
        }
    };
}

/// The call that runs now on this thread; cells without a destructor, so that
/// they work while the thread ends.
struct Current {
    /// The call's number; [`UNNAMED`] until somebody asks for it. Frames of two
    /// threads may share a number: then a callee that wandered from one to the other is
    /// counted where it ended.
    frame: Cell<u64>,
    /// How much time measured callees took: of a call that runs, what was added since
    /// it began.
    callees: Cell<u64>,
    /// Up to when callees were counted.
    until: Cell<u64>,
    last_frame: Cell<u64>,
}

impl Current {
    #[inline(always)]
    fn new_frame(&self) -> u64 {
        let frame = self.last_frame.get() + 1;
        self.last_frame.set(frame);
        frame
    }

    /// The number of the call that runs now, which it has from here on.
    #[inline]
    fn named_frame(&self) -> u64 {
        if self.frame.get() == UNNAMED {
            self.frame.set(self.new_frame());
        }
        self.frame.get()
    }
}

/// Begins a call that ends before whatever began before it.
#[inline(always)]
pub(super) fn enter() -> Outer {
    CURRENT.with(|current| Outer {
        frame: current.frame.replace(UNNAMED),
        callees: current.callees.get(),
    })
}

/// How much time callees have taken up to now. The difference to what it was when a call
/// began is how much of it its callees cover.
#[inline(always)]
pub(super) fn callees() -> u64 {
    CURRENT.with(|current| current.callees.get())
}

/// Up to when callees were counted.
#[inline]
pub(super) fn until() -> u64 {
    CURRENT.with(|current| current.until.get())
}

/// Ends it, and counts it for the call around it.
#[inline(always)]
pub(super) fn leave(outer: Outer, end: u64, duration: u64) {
    CURRENT.with(|current| {
        current.frame.set(outer.frame);
        current.until.set(end);
        current.callees.set(outer.callees.wrapping_add(duration));
    });
}

/// Puts aside what a shard remembers of a call, because another of the operation begins
/// within it; says no while the thread ends.
pub(super) fn put_aside(outer: Outer) -> bool {
    let push = |aside: &RefCell<Vec<Outer>>| {
        let Ok(mut aside) = aside.try_borrow_mut() else {
            return false;
        };
        if aside.len() == aside.capacity() {
            alloc::uncounted(|| aside.reserve(1));
        }
        aside.push(outer);
        true
    };
    ASIDE.try_with(push).unwrap_or(false)
}

/// What was put aside last.
pub(super) fn take_back() -> Option<Outer> {
    let pop = |aside: &RefCell<Vec<Outer>>| aside.try_borrow_mut().ok()?.pop();
    ASIDE.try_with(pop).ok().flatten()
}

/// The same where callees may have been counted after its end, as part of what is covered.
pub(super) fn leave_late(outer: Outer, end: u64, covered: u64) {
    leave(outer, end.max(until()), covered);
}

/// Ends it as if it had not been.
pub(super) fn abandon(outer: Outer) {
    CURRENT.with(|current| {
        current.frame.set(outer.frame);
        current.callees.set(outer.callees);
    });
}

/// How much of a call's time its measured callees cover, where the call does not
/// run all the time.
///
/// Callees that were awaited side by side are counted once: of each, the part
/// after the end of the one before. Where a short one ends within a long one,
/// the long one's time before that is left uncovered, unless a guard measures it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Covered {
    pub(super) frame: u64,
    pub(super) callees: u64,
    until: u64,
}

impl Covered {
    /// Of a call that begins now.
    #[inline]
    pub(super) fn of_new_frame() -> Self {
        Self {
            frame: CURRENT.with(Current::new_frame),
            callees: 0,
            until: 0,
        }
    }

    /// Of the call that runs now on this thread and is about to wait, which goes back to
    /// the one around it. Also the number of that one, up to when whose callees were
    /// counted before.
    pub(super) fn suspended(outer: Outer, outer_until: u64) -> (Self, u64) {
        CURRENT.with(|current| {
            let suspended = Self {
                frame: current.named_frame(),
                callees: current.callees.get().wrapping_sub(outer.callees),
                until: current.until.get(),
            };
            current.frame.set(outer.frame);
            current.callees.set(outer.callees);
            current.until.set(outer_until);
            (suspended, current.named_frame())
        })
    }

    /// Of the call that runs now on this thread.
    pub(super) fn of_current() -> Self {
        CURRENT.with(|current| Self {
            frame: current.named_frame(),
            callees: current.callees.get(),
            until: current.until.get(),
        })
    }

    /// Makes the call the current one; what this returns is resumed after it.
    #[inline]
    pub(super) fn resume(self) -> Self {
        CURRENT.with(|current| Self {
            frame: {
                let outer = current.named_frame();
                current.frame.set(self.frame);
                outer
            },
            callees: current.callees.replace(self.callees),
            until: current.until.replace(self.until),
        })
    }
}

/// Counts a callee that ended for the call that it began in, if that is the one
/// that runs now.
#[inline]
pub(super) fn add_callee(parent: u64, start: u64, end: u64) {
    CURRENT.with(|current| {
        if current.frame.get() == parent {
            let until = current.until.get();
            let added = end.saturating_sub(start.max(until));
            current
                .callees
                .set(current.callees.get().wrapping_add(added));
            current.until.set(until.max(end));
        }
    });
}

/// As [`add_callee`], of a callee that stayed on this thread: the call that it
/// began in, as it was then, is covered by all of it, whatever ended meanwhile.
pub(super) fn add_guarded(parent: Covered, start: u64, end: u64) {
    add_callee(parent.frame, start, end);
    CURRENT.with(|current| {
        if current.frame.get() == parent.frame {
            let least = parent.callees.wrapping_add(end.saturating_sub(start));
            current.callees.set(current.callees.get().max(least));
        }
    });
}

/// Ends a guard, which began in a call as it was then: how much of its time its callees
/// covered.
#[inline]
pub(super) fn leave_guarded(outer: Covered, start: u64, end: u64) -> u64 {
    if leave_undisturbed(outer, start, end) {
        return 0;
    }
    let now = Covered::of_current();
    let ended = match now.frame == outer.frame {
        true => now.callees.saturating_sub(outer.callees),
        false => 0,
    };
    add_guarded(outer, start, end);
    ended
}

/// The same where nothing was counted since it began; else says no, and has done nothing.
#[inline(always)]
fn leave_undisturbed(outer: Covered, start: u64, end: u64) -> bool {
    CURRENT.with(|current| {
        let is_undisturbed = current.frame.get() == outer.frame
            && current.callees.get() == outer.callees
            && current.until.get() == outer.until
            && outer.until <= start
            && start <= end;
        if is_undisturbed {
            current.callees.set(outer.callees.wrapping_add(end - start));
            current.until.set(end);
        }
        is_undisturbed
    })
}

/// A segment of a call on one thread, for knowing calls of an operation within
/// itself: all of a plain call, one poll of an async one. They end in the reverse
/// order in which they began.
#[derive(Debug)]
pub(super) enum Depth {
    /// In the shard, and whether the operation was running.
    InShard(&'static Shard, bool),
    /// In the thread's list: the number there, and the same.
    Listed(u64, bool),
}

/// What sets apart the numbers of operations whose labels are not known yet: calls that the
/// operations themselves have are none of theirs.
const UNRESOLVED: u64 = 1 << 63;

impl Depth {
    #[inline]
    pub(super) fn enter(recorder: &Arc<Recorder>) -> Self {
        if let Some(shard) = shard_of_thread(recorder) {
            return Self::InShard(shard, shard.gate.enter() > 0);
        }
        Self::listed(recorder, recorder.id)
    }

    /// Of a call whose result tells labels: it will be counted for another operation, and
    /// needs no shard of this one.
    pub(super) fn enter_unresolved(recorder: &Arc<Recorder>) -> Self {
        Self::listed(recorder, recorder.id | UNRESOLVED)
    }

    fn listed(recorder: &Recorder, id: u64) -> Self {
        add_waiting(recorder, 1);
        Self::Listed(id, enter_without_shard(id))
    }

    /// Whether the operation was already running on this thread.
    #[inline]
    pub(super) fn is_nested(&self) -> bool {
        match self {
            Self::InShard(_, is_nested) => *is_nested,
            Self::Listed(_, is_nested) => *is_nested,
        }
    }

    /// As [`add_waiting`], where the segment is of the call.
    #[inline]
    pub(super) fn add_waiting(&self, recorder: &Recorder, more: i64) {
        match self {
            Self::InShard(shard, _) => shard.add_waiting(more),
            Self::Listed(..) => add_waiting(recorder, more),
        }
    }

    #[inline]
    pub(super) fn leave(&self, recorder: &Recorder) {
        match self {
            Self::InShard(shard, _) => {
                shard.gate.leave();
            }
            Self::Listed(id, _) => {
                leave_without_shard(*id);
                add_waiting(recorder, -1);
            }
        }
    }
}
