//! Whoever starts all work at once moves the queue to where nobody sees it: into memory, and
//! into the other side, which works on requests that have timed out long ago. A semaphore
//! keeps as many in flight as the other side can serve; a bounded queue makes the producer
//! wait once the consumer falls behind. Throughput is the same, memory and waiting times are
//! bounded.
//!
//! The knob: a consumer that is as quick as the producer. Then no queue grows, and a bound
//! changes nothing.
//!
//! In production, watch how long things wait in a queue rather than how many there are, and
//! how often a permit was not there at once. A bound that is never reached is too large to
//! protect anything; one that is always reached says that the consumer is too slow.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;
use perfkit::unit::Unit;
use perfkit::{Gauge, MetricSummary};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep, timeout};

use crate::{Amounts, Error, Form, Lab, Lesson, Question, memory_of};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 13,
    name: "backpressure",
    title: "Semaphores, bounded queues and batches in place of unbounded concurrency",
    source: include_str!("13_backpressure.rs"),
    measure,
};

/// A service with four workers, each of which takes 10 ms for a request, even for one whose
/// client has given up.
struct Service {
    workers: Semaphore,
}

impl Service {
    async fn serve(&self) {
        let _worker = self.workers.acquire().await;
        sleep(Duration::from_millis(10)).await;
    }
}

/// How many of so many requests are answered within 50 ms each. `permits` is how many are
/// in flight at most: without a bound (wrong) as many as there are, with one (right) as many
/// as the service has workers.
pub async fn answered_in_time(requests: usize, permits: usize) -> usize {
    let workers = Semaphore::new(4);
    let service = Arc::new(Service { workers });
    let permits = Semaphore::new(permits);
    let one = || async {
        let _permit = permits.acquire().await;
        let service = Arc::clone(&service);
        // The service does not notice that its client is gone: a task of its own.
        let answer = tokio::spawn(async move { service.serve().await });
        timeout(Duration::from_millis(50), answer).await.is_ok()
    };
    let answers = join_all((0..requests).map(|_| one())).await;
    answers.into_iter().filter(|in_time| *in_time).count()
}

/// What went through a queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passage {
    /// How many items arrived.
    pub items: usize,
    /// The 99th percentile of the times from being made to being taken.
    pub p99_wait: Duration,
    /// How long all of it took.
    pub took: Duration,
}

/// Sends so many items of 1 KiB, one each millisecond if the queue lets it, to a consumer
/// that takes `each` for one. A `bound` as large as the number of items (wrong) never stops
/// the producer. The gauge follows the length of the queue.
pub async fn through_queue(items: usize, bound: usize, each: Duration, queue: &Gauge) -> Passage {
    let start = Instant::now();
    let (sender, mut receiver) = mpsc::channel(bound);
    let producer = async move {
        for _ in 0..items {
            sleep(Duration::from_millis(1)).await;
            let item = (Instant::now(), vec![0_u8; 1024]);
            if sender.send(item).await.is_err() {
                break;
            }
        }
    };
    let consumer = async {
        let mut waits = Vec::new();
        while let Some((made, _item)) = receiver.recv().await {
            queue.set(receiver.len() as f64 + 1.0);
            waits.push(made.elapsed().as_nanos() as f64);
            sleep(each).await;
        }
        waits
    };
    let ((), waits) = tokio::join!(producer, consumer);
    let items = waits.len();
    let waits = MetricSummary::from_samples(Unit::Nanoseconds, waits);
    Passage {
        items,
        p99_wait: waits.percentile_duration(0.99).unwrap_or_default(),
        took: start.elapsed(),
    }
}

/// Wrong: each item of a stream is brought to the disk by itself.
///
/// # Errors
/// Those of the file.
pub async fn each_by_itself(items: &[&str], file: &mut File) -> Result<usize, Error> {
    let mut syncs = 0;
    let mut stream = stream::iter(items);
    while let Some(item) = stream.next().await {
        file.write_all(item.as_bytes())?;
        file.sync_data()?;
        syncs += 1;
    }
    Ok(syncs)
}

/// Right: what has arrived meanwhile goes to the disk together, up to so many.
///
/// # Errors
/// Those of the file.
pub async fn in_batches(items: &[&str], most: usize, file: &mut File) -> Result<usize, Error> {
    let mut syncs = 0;
    let mut stream = stream::iter(items.iter().copied()).ready_chunks(most);
    while let Some(batch) = stream.next().await {
        file.write_all(batch.concat().as_bytes())?;
        file.sync_data()?;
        syncs += 1;
    }
    Ok(syncs)
}

/// A runtime whose clock runs ahead whenever all wait, so that counts are exact.
///
/// # Errors
/// That of the system.
pub fn mock_clock() -> Result<Runtime, Error> {
    let mut builder = Builder::new_current_thread();
    Ok(builder.enable_time().start_paused(true).build()?)
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    let runtime = mock_clock()?;
    let late = |permits| 200 - runtime.block_on(answered_in_time(200, permits)) as u64;
    lab.counted(
        Question::of(
            "200 requests, four workers",
            "more is asked for at once than the other side can serve within the 50 ms of each",
        ),
        ["all at once", "a permit for each worker"],
        "timed_out",
        Amounts::Count([late(200), late(4)]),
    )?;
    let slower = Question::of("a consumer half as quick", "the consumer is slower");
    queues(lab, &runtime, slower, Duration::from_millis(2))?;
    let quicker = Question::of("a consumer that is quicker", "never: no queue grows");
    queues(lab, &runtime, quicker, Duration::ZERO)?;
    let texts: Vec<String> = (0..64).map(|n| format!("item {n}\n")).collect();
    let items: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut files = [tempfile::tempfile()?, tempfile::tempfile()?];
    let [first, second] = &mut files;
    lab.compare(
        Question::of(
            "a stream of 64 items to the disk",
            "a step has a cost of its own, here bringing a file to the disk, and items arrive \
             quicker than it is done",
        ),
        [
            Form::fallible("each by itself", || {
                runtime.block_on(each_by_itself(&items, first))
            }),
            Form::fallible("in batches of 32", || {
                runtime.block_on(in_batches(&items, 32, second))
            }),
        ],
    )
}

/// Counts what queues without and with a bound do before such a consumer.
fn queues(
    lab: &mut Lab,
    runtime: &Runtime,
    question: Question,
    each: Duration,
) -> Result<(), Error> {
    let forms = ["without a bound", "at most 16"];
    let bounds = [1000, 16];
    let gauge = |bound: usize| format!("queue_at_most_{bound}_{}_ms", each.as_millis());
    let both = bounds.map(|bound| {
        let queue = lab.monitor.gauge(&gauge(bound));
        let passage = through_queue(1000, bound, each, &queue);
        memory_of(|| runtime.block_on(passage))
    });
    let snapshot = lab.monitor.snapshot();
    let queues = bounds.map(|bound| {
        let queue = snapshot.gauge(&gauge(bound));
        queue
            .and_then(|queue| queue.lifetime.max)
            .unwrap_or_default() as u64
    });
    lab.counted(question, forms, "longest_queue", Amounts::Count(queues))?;
    let waits = both.map(|(passage, _)| passage.p99_wait);
    lab.counted(question, forms, "p99_wait", Amounts::Time(waits))?;
    let times = both.map(|(passage, _)| passage.took);
    lab.counted(question, forms, "total_time", Amounts::Time(times))?;
    let bytes = both.map(|(_, memory)| memory.peak_bytes);
    lab.counted(question, forms, "peak_growth", Amounts::Bytes(bytes))
}
