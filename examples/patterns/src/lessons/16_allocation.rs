//! To allocate takes time, and most of all where the allocator gives a large block back to the
//! system and gets it anew each time. A pool hands used objects out again, reset: blocks, parsers,
//! connections. An arena takes memory for many small values in a few blocks, and frees them all at
//! once.
//!
//! The knob: what it takes to make an object. A compressor, with its third of a megabyte of tables,
//! gains nothing from a pool here: the allocator is one, and to reset it is as much work. A single
//! value gains nothing from an arena, which takes a block for it.
//!
//! In production, watch allocations of a call (`#[measure(memory)]`) before and after: a pool that
//! saves none is code for nothing. A pool has to reset what it hands out, or one caller sees
//! another's data, and needs a bound, or the highest load ever is kept for good. What is in an
//! arena is not dropped one by one: no file is closed there.

use bumpalo::Bump;
use flate2::{Compress, Compression, FlushCompress};
use opool::{Pool, PoolAllocator};

use crate::{Amounts, Error, Form, Lab, Lesson, Question, memory_of};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 16,
    name: "allocation",
    title: "Object pools and arenas",
    source: include_str!("16_allocation.rs"),
    measure,
};

/// Makes compressors, which take a third of a megabyte each, and resets those that come back.
pub struct Compressors;

impl PoolAllocator<Compress> for Compressors {
    fn allocate(&self) -> Compress {
        Compress::new(Compression::fast(), false)
    }

    fn reset(&self, compressor: &mut Compress) {
        compressor.reset();
    }
}

/// Makes buffers with room for so many bytes, and empties those that come back.
pub struct Buffers(pub usize);

impl PoolAllocator<Vec<u8>> for Buffers {
    fn allocate(&self) -> Vec<u8> {
        Vec::with_capacity(self.0)
    }

    fn reset(&self, buffer: &mut Vec<u8>) {
        buffer.clear();
    }
}

/// A value that points to others.
struct Node<'a> {
    value: u64,
    next: Option<&'a Node<'a>>,
}

/// Wrong for many small values of one life: each is allocated, and freed, by itself.
#[must_use]
pub fn boxed_list(length: u64) -> u64 {
    struct Boxed {
        value: u64,
        next: Option<Box<Boxed>>,
    }
    let mut list: Option<Box<Boxed>> = None;
    for value in 0..length {
        let next = list.take();
        list = Some(Box::new(Boxed { value, next }));
    }
    let mut sum = 0;
    // One after the other: to drop a long list at once would take as deep a stack.
    while let Some(mut node) = list {
        sum += node.value;
        list = node.next.take();
    }
    sum
}

/// Right: they stand in an arena, and go with it.
#[must_use]
pub fn arena_list(length: u64) -> u64 {
    let arena = Bump::new();
    let mut list: Option<&Node<'_>> = None;
    for value in 0..length {
        list = Some(arena.alloc(Node { value, next: list }));
    }
    let mut sum = 0;
    while let Some(node) = list {
        sum += node.value;
        list = node.next;
    }
    sum
}

/// Fills a buffer, as reading a file would.
fn fill(buffer: &mut Vec<u8>, bytes: usize) -> usize {
    buffer.resize(bytes, 7);
    buffer.len()
}

/// Compresses a short text.
///
/// # Errors
/// None of this text.
pub fn compressed(compressor: &mut Compress) -> Result<Vec<u8>, Error> {
    let mut packed = Vec::with_capacity(1000);
    compressor.compress_vec(&[b'a'; 500], &mut packed, FlushCompress::Finish)?;
    Ok(packed)
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    const LARGE: usize = 40 << 20;
    let pool = Pool::new_prefilled(1, Buffers(LARGE));
    lab.compare(
        Question::of(
            "buffers of 40 MiB",
            "the allocator gives a block back each time: glibc above 32 MiB",
        ),
        [
            Form::new("made anew", || fill(&mut Buffers(LARGE).allocate(), LARGE)),
            Form::new("from a pool", || fill(&mut pool.get(), LARGE)),
        ],
    )?;
    let pool = Pool::new_prefilled(8, Compressors);
    lab.compare(
        Question::of(
            "compressors",
            "hardly: to reset one takes as long as to make one",
        ),
        [
            Form::fallible("made anew", || compressed(&mut Compressors.allocate())),
            Form::fallible("from a pool", || compressed(&mut pool.get())),
        ],
    )?;
    let allocations = [boxed_list, arena_list].map(|list| memory_of(|| list(10_000)).1.allocations);
    let forms = ["a box each", "an arena"];
    let question = Question::of("10,000 nodes", "many small values live and end together");
    lab.counted(question, forms, "allocations", Amounts::Count(allocations))?;
    lab.compare(
        Question::of(
            "the time of 10,000 nodes",
            "many small values live and end together",
        ),
        [
            Form::new(forms[0], || boxed_list(10_000)),
            Form::new(forms[1], || arena_list(10_000)),
        ],
    )?;
    lab.compare(
        Question::of(
            "a single node",
            "never: an arena takes a block for its first value",
        ),
        [
            Form::new(forms[0], || boxed_list(1)),
            Form::new(forms[1], || arena_list(1)),
        ],
    )
}
