//! A runtime's few threads take turns at many tasks, and a task gives its turn up only where
//! it waits with `.await`. One that blocks, in a file, a lock or a long computation, keeps the
//! thread, and all other tasks wait for it. `spawn_blocking` moves such work to threads that
//! may be kept; a pool of its own keeps its number down too.
//!
//! The knob: how much blocks. The gain is how long the jobs block over how long a task takes to
//! be scheduled, some microseconds: choose the jobs, and any number comes out, 350x as well as
//! 10,000x. And for jobs of a microsecond the way to another thread costs more than it saves.
//!
//! In production, watch how late a timer fires, or the longest poll of a task: `#[measure]` on
//! an async function has `busy_time` for that. The usual threads for blocking are up to 512:
//! they also are a queue that grows unseen, and a job that has begun cannot be cancelled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::{Amounts, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 15,
    name: "blocking",
    title: "Blocking work away from the threads of async tasks",
    source: include_str!("15_blocking.rs"),
    measure,
};

/// A job that keeps its thread, as reading a large file would.
pub fn block(takes: Duration) {
    thread::sleep(takes);
}

/// Wrong: the jobs block the threads that all tasks share.
pub fn on_the_runtime(runtime: &Runtime, jobs: usize, takes: Duration) -> Jobs<'_> {
    let start = |_| runtime.spawn(async move { block(takes) });
    Jobs {
        runtime,
        handles: (0..jobs).map(start).collect(),
    }
}

/// Right: they block threads that are there for it.
pub fn on_blocking_threads(runtime: &Runtime, jobs: usize, takes: Duration) -> Jobs<'_> {
    let start = |_| runtime.spawn_blocking(move || block(takes));
    Jobs {
        runtime,
        handles: (0..jobs).map(start).collect(),
    }
}

/// What somebody else asks of the same runtime meanwhile: `GET /health`, say.
pub fn health_check(runtime: &Runtime) -> Result<&'static str, Error> {
    Ok(runtime.block_on(runtime.spawn(async { "healthy" }))?)
}

/// Jobs that run; dropped, they are waited for.
pub struct Jobs<'a> {
    runtime: &'a Runtime,
    handles: Vec<JoinHandle<()>>,
}

impl Drop for Jobs<'_> {
    fn drop(&mut self) {
        for handle in self.handles.drain(..) {
            // A job that panicked is over, too.
            let _ = self.runtime.block_on(handle);
        }
    }
}

/// A server's runtime, with two threads for tasks and so many at most for what blocks.
///
/// # Errors
/// That of the system.
pub fn runtime(blocking_threads: usize) -> Result<Runtime, Error> {
    let mut builder = Builder::new_multi_thread();
    let builder = builder.worker_threads(2).enable_time();
    Ok(builder.max_blocking_threads(blocking_threads).build()?)
}

/// How many of so many jobs ran at the same time at most.
///
/// # Errors
/// A job that panicked.
pub fn at_once(runtime: &Runtime, jobs: usize, takes: Duration) -> Result<usize, Error> {
    let [running, most] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let start = |_| {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        runtime.spawn_blocking(move || {
            most.fetch_max(
                running.fetch_add(1, Ordering::Relaxed) + 1,
                Ordering::Relaxed,
            );
            block(takes);
            running.fetch_sub(1, Ordering::Relaxed);
        })
    };
    let handles: Vec<_> = (0..jobs).map(start).collect();
    for handle in handles {
        runtime.block_on(handle)?;
    }
    Ok(most.load(Ordering::Relaxed))
}

/// Work that blocks, but for no longer than it takes to find another thread for it.
fn checksum(text: &[u8]) -> u64 {
    let mix = |sum: u64, byte: &u8| sum.rotate_left(5) ^ u64::from(*byte);
    text.iter().fold(0, mix)
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    let many = runtime(512)?;
    // The check comes when the jobs have begun.
    let begun = |jobs| {
        thread::sleep(Duration::from_millis(1));
        Ok(jobs)
    };
    let holds = "other tasks share the threads; the factor is how long the jobs block over some \
                 microseconds, whatever one wishes";
    for (what, jobs) in [
        ("a health check beside 2 jobs of 10 ms", 2),
        ("a health check beside 8 jobs of 10 ms", 8),
        ("a health check beside 32 jobs of 10 ms", 32),
    ] {
        let takes = Duration::from_millis(10);
        let check = |jobs| {
            let answer = health_check(&many)?;
            Ok((answer, jobs))
        };
        lab.compare(
            Question::of(what, holds).claimed("350x", 350.0),
            [
                Form::with_input(
                    "blocking tasks",
                    || begun(on_the_runtime(&many, jobs, takes)),
                    check,
                ),
                Form::with_input(
                    "spawn_blocking",
                    || begun(on_blocking_threads(&many, jobs, takes)),
                    check,
                ),
            ],
        )?;
    }
    let text = vec![7; 1000];
    lab.compare(
        Question::of(
            "100 checksums of 1 kB",
            "never: a job of a microsecond is over before another thread has it",
        ),
        [
            Form::new("at once", || {
                let all = async { (0..100).fold(0, |sum, _| sum ^ checksum(&text)) };
                many.block_on(all)
            }),
            Form::new("spawn_blocking", || {
                many.block_on(async {
                    let mut sum = 0;
                    for _ in 0..100 {
                        let text = text.clone();
                        let one = tokio::task::spawn_blocking(move || checksum(&text)).await;
                        sum ^= one.unwrap_or_default();
                    }
                    sum
                })
            }),
        ],
    )?;
    let (few, takes) = (runtime(4)?, Duration::from_millis(20));
    let threads = [&many, &few].map(|pool| at_once(pool, 64, takes));
    let [many, few] = threads;
    lab.counted(
        Question::of(
            "64 jobs of 20 ms",
            "jobs use memory, file handles or processors, of which there are few",
        ),
        ["spawn_blocking", "a pool of 4 threads"],
        "jobs_at_once",
        Amounts::Count([many? as u64, few? as u64]),
    )
}
