//! Calls on their way from the thread that made them to one that reads them.
//!
//! One thread puts calls in, one takes them out, nobody waits. It is a ring of bounded
//! length, in which nothing is overwritten: a full one takes no call.
//!
//! | write | ordering | what the other side may conclude |
//! |---|---|---|
//! | the words of a call | `Relaxed` | |
//! | `put` | `Release` | the reader that sees it sees the words of that many calls |
//! | `taken` | `Release` | the writer that sees it may write over that many calls: they were read |

use super::sync::{Acquire, AtomicU64, Own, Relaxed, Release};

/// What a call takes in the queue.
pub(crate) type Words = [u64; 4];

/// The calls of one thread that were not read yet.
#[derive(Debug)]
pub(crate) struct CallQueue {
    calls: Box<[Call]>,
    writer: Writer,
    reader: Reader,
}

#[derive(Debug, Default)]
struct Call([AtomicU64; 4]);

/// What the writer writes, in cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Writer {
    put: AtomicU64,
    /// How many calls were taken when the writer last looked, which it does when the queue
    /// seems to be full.
    known_taken: AtomicU64,
}

/// What the reader writes.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Reader {
    taken: AtomicU64,
}

impl CallQueue {
    /// A queue of so many calls, a power of two.
    pub(crate) fn new(len: usize) -> Self {
        let calls = (0..len.next_power_of_two()).map(|_| Call::default());
        Self {
            calls: calls.collect(),
            writer: Writer::default(),
            reader: Reader::default(),
        }
    }

    /// Whether there is room for one more. For the writer.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        let put = self.writer.put.own();
        let is_full = |taken: u64| put.wrapping_sub(taken) >= self.calls.len() as u64;
        if !is_full(self.writer.known_taken.own()) {
            return true;
        }
        let taken = self.reader.taken.load(Acquire);
        self.writer.known_taken.store(taken, Relaxed);
        !is_full(taken)
    }

    /// Puts a call in, where there is room; says whether the queue may be half full by now.
    /// For the writer.
    #[inline]
    pub(crate) fn put(&self, words: Words) -> bool {
        let put = self.writer.put.own();
        if let Some(call) = self.calls.get(self.index(put)) {
            for (to, from) in call.0.iter().zip(words) {
                to.store(from, Relaxed);
            }
            self.writer.put.store(put.wrapping_add(1), Release);
        }
        let waiting = put.wrapping_sub(self.writer.known_taken.own());
        waiting >= self.calls.len() as u64 / 2 && self.is_half_full(put)
    }

    /// Looks at what was taken. Every so many calls, so that it costs nothing on the whole.
    fn is_half_full(&self, put: u64) -> bool {
        if !put.is_multiple_of(16) {
            return false;
        }
        let taken = self.reader.taken.load(Acquire);
        self.writer.known_taken.store(taken, Relaxed);
        put.wrapping_sub(taken) >= self.calls.len() as u64 / 2
    }

    /// Takes out what is in it; says how many calls that were. For the reader.
    pub(crate) fn take(&self, mut each: impl FnMut(Words)) -> u64 {
        let put = self.writer.put.load(Acquire);
        let first = self.reader.taken.own();
        let mut taken = first;
        while taken != put {
            let words = self.calls.get(self.index(taken)).map(|call| {
                let [a, b, c, d] = &call.0;
                [a, b, c, d].map(|word| word.load(Relaxed))
            });
            taken = taken.wrapping_add(1);
            self.reader.taken.store(taken, Release);
            if let Some(words) = words {
                each(words);
            }
        }
        put.wrapping_sub(first)
    }

    /// How many calls were put in and not taken out. For any thread.
    pub(crate) fn waiting(&self) -> u64 {
        let taken = self.reader.taken.load(Acquire);
        self.writer.put.load(Acquire).wrapping_sub(taken)
    }

    fn index(&self, position: u64) -> usize {
        position as usize & (self.calls.len() - 1)
    }
}

#[cfg(all(test, perfkit_loom))]
mod loom {
    use ::loom::thread;

    use super::super::sync::Arc;
    use super::*;

    /// A queue of two, so that the writer comes round to what the reader reads. Each call
    /// has four words of one number: a torn one would differ.
    #[test]
    fn what_was_put_in_comes_out_once_in_its_order() {
        const CALLS: u64 = 5;
        let mut builder = ::loom::model::Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(|| {
            let queue = Arc::new(CallQueue::new(2));
            let writer = Arc::clone(&queue);
            let writes = thread::spawn(move || {
                let put = (1..=CALLS).filter(|_| writer.has_room());
                put.inspect(|number| {
                    writer.put([*number; 4]);
                })
                .collect::<Vec<_>>()
            });
            let mut taken = Vec::new();
            let mut take = || queue.take(|words| taken.push(words));
            take();
            take();
            let put = writes.join().unwrap();
            take();
            let expected: Vec<_> = put.into_iter().map(|number| [number; 4]).collect();
            assert_eq!(taken, expected);
            assert_eq!(queue.waiting(), 0);
        });
    }
}

#[cfg(all(test, not(perfkit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn threads_hand_calls_over_in_order_and_lose_only_what_had_no_room() {
        let calls: u64 = if cfg!(miri) { 200 } else { 1_000_000 };
        let queue = CallQueue::new(64);
        let mut taken = Vec::new();
        let put = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let put = (0..calls).filter(|_| queue.has_room());
                put.inspect(|number| {
                    queue.put([*number; 4]);
                })
                .collect::<Vec<_>>()
            });
            while !writer.is_finished() {
                queue.take(|words| taken.push(words));
            }
            writer.join().unwrap()
        });
        queue.take(|words| taken.push(words));
        let put: Vec<_> = put.into_iter().map(|number| [number; 4]).collect();
        assert!(taken == put, "{} of {}", taken.len(), put.len());
        assert_eq!(queue.waiting(), 0);
    }

    #[test]
    fn a_full_queue_has_no_room_until_something_is_taken() {
        let queue = CallQueue::new(4);
        for number in 0..4 {
            assert!(queue.has_room());
            queue.put([number; 4]);
        }
        assert!(!queue.has_room());
        assert_eq!(queue.take(drop), 4);
        assert!(queue.has_room());
    }
}
