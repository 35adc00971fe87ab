//! The channel from the measured threads to one collector.
//!
//! Each thread has a queue of its own, which it finds in a thread-local. A thread that ends,
//! and those beyond [`MOST_QUEUES`], share one behind a lock. A thread that once used that
//! one keeps to it, so that its calls stay in order.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::Thread;

use crate::clock::Clock;
use crate::outcome::{Ending, Failure};
use crate::recorder::{CallQueue, OptionalValues, Sample, Section, Words, generation};

use super::Entry;

/// How many calls of a thread wait for the collector at most; few under Miri, where each
/// takes long.
pub(super) const QUEUE: usize = if cfg!(miri) { 32 } else { 4096 };

/// How many threads have a queue of their own at most: 64 MiB for all.
const MOST_QUEUES: usize = 512;

/// How many queues of threads that ended are kept for the next.
const MOST_SPARE: usize = 16;

/// The bits below the duration.
const ENDING: u64 = 0b11;
const NESTED: u64 = 1 << 2;
const HAS_MORE: u64 = 1 << 3;
const FLAGS: u32 = 4;

/// The channel to one collector. It ends with it.
#[derive(Debug)]
pub(super) struct Channel {
    /// Never given twice, nor zero.
    pub(super) id: u64,
    pub(super) clock: Clock,
    /// Of the process that the collector's thread is in.
    generation: u64,
    /// What the collector's thread does: see [`Rest`].
    rest: AtomicU8,
    reader: OnceLock<Thread>,
    shared: Mutex<Shared>,
    /// Whether a thread that has a queue here need not keep it.
    is_closed: AtomicBool,
    /// Counts the calls that found no room.
    dropped: Arc<AtomicU64>,
}

/// What is behind the lock of a [`Channel`].
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) queues: Vec<Arc<ThreadQueue>>,
    spare: Vec<Arc<ThreadQueue>>,
    /// The operations that calls name by their numbers.
    pub(super) entries: BTreeMap<u64, Arc<Entry>>,
    /// Calls of threads that have no queue of their own.
    pub(super) late: VecDeque<Call>,
    /// Answered when everything before was collected.
    pub(super) flushes: Vec<SyncSender<()>>,
    /// Whether no further queues and late calls are taken.
    pub(super) is_ended: bool,
    /// Whether the collector's thread takes nothing more: what waits was not delivered.
    pub(super) is_finished: bool,
}

/// A call on its way. Times are ticks.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The number of its operation, which was [announced](Channel::announce).
    pub(crate) operation: u64,
    pub(crate) sample: Sample,
    pub(crate) failure: Option<Failure>,
}

/// The queue of one thread.
#[derive(Debug)]
pub(super) struct ThreadQueue {
    calls: CallQueue,
    /// What does not fit the queue's words, of those calls that say so.
    more: Mutex<VecDeque<(OptionalValues, Option<Failure>)>>,
    /// Whether its thread puts nothing more in.
    is_left: AtomicBool,
}

/// What the collector's thread does while it has nothing to collect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Rest {
    /// It is awake, or soon will be.
    None,
    /// It lets calls come together, unless they come fast.
    Nap,
    /// It waits for the next call.
    Sleep,
}

/// How the calls of this thread get to a collector.
enum Sender {
    Queue(Arc<Channel>, Arc<ThreadQueue>),
    Late(Arc<Channel>),
    /// It is the collector's own thread: measuring there would feed itself.
    None,
}

/// The senders of one thread, by the numbers of channels.
struct Senders(Vec<(u64, Sender)>);

impl Drop for Senders {
    fn drop(&mut self) {
        self.0.iter().for_each(|(_, sender)| sender.leave());
    }
}

impl Senders {
    /// Leaves the queues of collectors that are gone.
    fn forget_closed(&mut self) {
        let closed = self.0.iter().filter(|(_, sender)| sender.is_closed());
        closed.for_each(|(_, sender)| sender.leave());
        self.0.retain(|(_, sender)| !sender.is_closed());
    }
}

impl Sender {
    fn leave(&self) {
        if let Self::Queue(_, queue) = self {
            queue.is_left.store(true, Ordering::Release);
        }
    }

    fn is_closed(&self) -> bool {
        match self {
            Self::Queue(channel, _) | Self::Late(channel) => {
                channel.is_closed.load(Ordering::Relaxed)
            }
            Self::None => false,
        }
    }
}

thread_local! {
    static SENDERS: RefCell<Senders> = const { RefCell::new(Senders(Vec::new())) };
}

/// All channels that there are, by their numbers.
static CHANNELS: Mutex<BTreeMap<u64, Weak<Channel>>> = Mutex::new(BTreeMap::new());

fn with_channels<T>(work: impl FnOnce(&mut BTreeMap<u64, Weak<Channel>>) -> T) -> T {
    let _section = Section::enter();
    work(&mut CHANNELS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Sends a call of this thread to the channel of the given number, or counts that there is no
/// room.
#[inline]
pub(crate) fn send_anyway(channel: u64, call: Call) {
    if let Some(call) = send(channel, call) {
        send_elsewhere(channel, call);
    }
}

/// The same of a successful call, in no other of its operation, of which nothing but time was
/// measured: it stays in registers.
#[inline]
pub(crate) fn send_plain(channel: u64, operation: u64, end: u64, duration: u64, self_time: u64) {
    let send = |senders: &RefCell<Senders>| {
        let senders = senders.try_borrow().ok()?;
        let (_, sender) = senders.0.iter().find(|(id, _)| *id == channel)?;
        let Sender::Queue(channel, queue) = sender else {
            return None;
        };
        let duration = duration.min(u64::MAX >> FLAGS) << FLAGS;
        channel.put(
            queue,
            [operation, end, duration | Ending::Success as u64, self_time],
        );
        Some(())
    };
    if SENDERS.try_with(send).ok().flatten().is_none() {
        send_plain_elsewhere(channel, operation, end, duration, self_time);
    }
}

#[cold]
fn send_plain_elsewhere(channel: u64, operation: u64, end: u64, duration: u64, self_time: u64) {
    let sample = Sample {
        end,
        duration,
        ending: Ending::Success,
        nested: false,
        self_time,
        optional: OptionalValues::default(),
    };
    let call = Call {
        operation,
        sample,
        failure: None,
    };
    send_anyway(channel, call);
}

/// Sends a call that ends when its collector is gone, or its thread's sender to it.
#[cold]
fn send_elsewhere(channel: u64, call: Call) {
    if let Some(channel) = with_channels(|channels| channels.get(&channel)?.upgrade()) {
        channel.send_late(call);
    }
}

/// The same, but hands a call back where the thread has no sender to the channel.
#[inline]
pub(super) fn send(channel: u64, call: Call) -> Option<Call> {
    let mut call = Some(call);
    let _ = SENDERS.try_with(|senders| {
        let senders = senders.try_borrow().ok()?;
        let (_, sender) = senders.0.iter().find(|(id, _)| *id == channel)?;
        let call = call.take()?;
        match sender {
            Sender::Queue(channel, queue) => channel.send(queue, call),
            Sender::Late(channel) => channel.send_late(call),
            Sender::None => {}
        }
        Some(())
    });
    call
}

/// Whether this thread has a sender to the channel of the given number.
pub(super) fn is_known(channel: u64) -> bool {
    let is_known =
        |senders: &RefCell<Senders>| senders.borrow().0.iter().any(|(id, _)| *id == channel);
    SENDERS.try_with(is_known).unwrap_or(false)
}

impl Channel {
    pub(super) fn new(clock: Clock, dropped: Arc<AtomicU64>) -> Arc<Self> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let channel = Arc::new(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            clock,
            generation: generation(),
            rest: AtomicU8::new(Rest::None as u8),
            reader: OnceLock::new(),
            shared: Mutex::default(),
            is_closed: AtomicBool::new(false),
            dropped,
        });
        with_channels(|channels| channels.insert(channel.id, Arc::downgrade(&channel)));
        channel
    }

    /// Whether the collector's thread exists: a forked child does not have it.
    pub(super) fn is_here(&self) -> bool {
        self.generation == generation()
    }

    /// Works on what is behind the lock.
    pub(super) fn with_shared<T>(&self, work: impl FnOnce(&mut Shared) -> T) -> T {
        let _section = Section::enter();
        let mut shared: MutexGuard<'_, Shared> =
            self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut shared)
    }

    /// This thread is the collector's.
    pub(super) fn begin_reading(&self) {
        let _ = self.reader.set(std::thread::current());
        let ignore =
            |senders: &RefCell<Senders>| senders.borrow_mut().0.push((self.id, Sender::None));
        let _ = SENDERS.try_with(ignore);
    }

    pub(super) fn is_read_by_this_thread(&self) -> bool {
        let reader = self.reader.get().map(Thread::id);
        reader == Some(std::thread::current().id())
    }

    /// Nobody need keep a queue here.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    pub(super) fn set_rest(&self, rest: Rest) {
        self.rest.store(rest as u8, Ordering::SeqCst);
    }

    /// Wakes the collector's thread, whatever it does.
    pub(super) fn wake(&self) {
        self.set_rest(Rest::None);
        if let Some(reader) = self.reader.get() {
            reader.unpark();
        }
    }

    /// Wakes it where it waits for a call that came.
    #[inline]
    fn wake_for_call(&self, is_half_full: bool) {
        let rest = self.rest.load(Ordering::Relaxed);
        if rest == Rest::Sleep as u8 || (rest == Rest::Nap as u8 && is_half_full) {
            self.wake_by_call();
        }
    }

    #[cold]
    fn wake_by_call(&self) {
        if self.is_here() {
            self.wake();
        }
    }

    #[inline]
    fn send(&self, queue: &ThreadQueue, call: Call) {
        if !queue.calls.has_room() {
            return self.drop_call();
        }
        let Call {
            operation,
            sample,
            failure,
        } = call;
        let has_more = failure.is_some() || !sample.optional.is_empty();
        if has_more {
            queue.put_more(sample.optional, failure);
        }
        let flags = sample.ending as u64
            | if sample.nested { NESTED } else { 0 }
            | if has_more { HAS_MORE } else { 0 };
        let duration = sample.duration.min(u64::MAX >> FLAGS) << FLAGS;
        let words = [operation, sample.end, duration | flags, sample.self_time];
        self.put(queue, words);
    }

    #[inline]
    fn put(&self, queue: &ThreadQueue, words: Words) {
        if !queue.calls.has_room() {
            return self.drop_call();
        }
        let is_half_full = queue.calls.put(words);
        self.wake_for_call(is_half_full);
    }

    /// Sends a call of a thread that has no queue.
    pub(super) fn send_late(&self, call: Call) {
        if !self.is_here() || self.is_read_by_this_thread() {
            return;
        }
        let has_room = self.with_shared(|shared| {
            let has_room = shared.late.len() < QUEUE && !shared.is_ended;
            if has_room {
                shared.late.push_back(call);
            }
            has_room
        });
        match has_room {
            true => self.wake_for_call(false),
            false => self.drop_call(),
        }
    }

    /// Counts a call that found no room. In a forked child nobody makes any, and nobody
    /// wants calls.
    #[cold]
    fn drop_call(&self) {
        if self.is_here() {
            self.wake_for_call(true);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sees to it that the collector's thread knows the operation.
    #[inline]
    pub(super) fn announce(&self, entry: &Arc<Entry>) {
        if entry.known_to.load(Ordering::Acquire) != self.id {
            self.announce_first(entry);
        }
    }

    #[cold]
    fn announce_first(&self, entry: &Arc<Entry>) {
        self.with_shared(|shared| {
            let id = entry.recorder.id;
            shared.entries.insert(id, Arc::clone(entry));
        });
        entry.known_to.store(self.id, Ordering::Release);
    }

    /// Gives this thread a sender to the channel, unless it ends.
    #[cold]
    pub(super) fn register(self: &Arc<Self>) {
        let register = |senders: &RefCell<Senders>| {
            let mut senders = senders.try_borrow_mut().ok()?;
            senders.forget_closed();
            let queue = self.with_shared(Shared::lend_queue);
            let sender = match queue {
                Some(queue) => Sender::Queue(Arc::clone(self), queue),
                None => Sender::Late(Arc::clone(self)),
            };
            senders.0.push((self.id, sender));
            Some(())
        };
        let _ = SENDERS.try_with(register);
    }

    /// How many calls are on their way.
    pub(super) fn waiting(&self) -> u64 {
        self.with_shared(|shared| shared.waiting())
    }

    /// How many calls the collector's end left behind.
    pub(super) fn left_behind(&self) -> u64 {
        self.with_shared(|shared| match shared.is_finished {
            true => shared.waiting(),
            false => 0,
        })
    }

    /// Takes out of account what the collector's end left behind, as far as it is final.
    /// Says how many calls that were, and whether there may be more.
    pub(super) fn settle(&self) -> (u64, bool) {
        self.with_shared(|shared| {
            if !shared.is_finished {
                return (0, true);
            }
            let is_left = |queue: &Arc<ThreadQueue>| queue.is_left.load(Ordering::Acquire);
            let (left, kept) = shared.queues.drain(..).partition(is_left);
            shared.queues = kept;
            let left: Vec<_> = left;
            let in_queues: u64 = left.iter().map(|queue| queue.calls.waiting()).sum();
            let late = shared.late.len() as u64;
            shared.late.clear();
            (in_queues + late, !shared.queues.is_empty())
        })
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        with_channels(|channels| channels.remove(&self.id));
    }
}

impl Shared {
    fn lend_queue(&mut self) -> Option<Arc<ThreadQueue>> {
        if self.queues.len() >= MOST_QUEUES || self.is_ended {
            return None;
        }
        let queue = self.spare.pop().unwrap_or_else(|| {
            Arc::new(ThreadQueue {
                calls: CallQueue::new(QUEUE),
                more: Mutex::default(),
                is_left: AtomicBool::new(false),
            })
        });
        self.queues.push(Arc::clone(&queue));
        Some(queue)
    }

    fn waiting(&self) -> u64 {
        let queues = self.queues.iter().map(|queue| queue.calls.waiting());
        queues.sum::<u64>() + self.late.len() as u64
    }

    /// Takes back the queues of threads that ended, once they are empty.
    pub(super) fn take_back(&mut self) {
        let is_over = |queue: &ThreadQueue| {
            queue.is_left.load(Ordering::Acquire) && queue.calls.waiting() == 0
        };
        let mut position = 0;
        while let Some(queue) = self.queues.get(position) {
            if !is_over(queue) {
                position += 1;
                continue;
            }
            let queue = self.queues.swap_remove(position);
            queue.is_left.store(false, Ordering::Relaxed);
            if self.spare.len() < MOST_SPARE {
                self.spare.push(queue);
            }
        }
    }
}

impl ThreadQueue {
    fn put_more(&self, optional: OptionalValues, failure: Option<Failure>) {
        let _section = Section::enter();
        let mut more = self.more.lock().unwrap_or_else(PoisonError::into_inner);
        more.push_back((optional, failure));
    }

    /// Takes out what is in it; says how many calls that were.
    pub(super) fn take(&self, mut each: impl FnMut(Call)) -> u64 {
        self.calls.take(|[operation, end, packed, self_time]| {
            let more = (packed & HAS_MORE != 0).then(|| {
                let _section = Section::enter();
                let mut more = self.more.lock().unwrap_or_else(PoisonError::into_inner);
                more.pop_front()
            });
            let (optional, failure) = more.flatten().unwrap_or_default();
            let ending = Ending::ALL.get((packed & ENDING) as usize);
            each(Call {
                operation,
                sample: Sample {
                    end,
                    duration: packed >> FLAGS,
                    ending: ending.copied().unwrap_or(Ending::Success),
                    nested: packed & NESTED != 0,
                    self_time,
                    optional,
                },
                failure,
            });
        })
    }
}
