//! Who publishes does not know who listens, and must not wait for it. A connection can die without
//! a word, so a subscriber expects a heartbeat while there is nothing to tell, connects again when
//! that stays away, and asks for all since the last message that it saw, which a stream of Redis
//! keeps and its `PUBLISH` does not. What has arrived together is taken together, the urgent first.
//!
//! The knob: how much waits. While the consumer keeps up there is one message at a time, so that
//! batches have one message, and no message can overtake another.
//!
//! In production, watch how far each subscriber is behind (its last number against the newest), as
//! a gauge, and how often it connects again. What is kept for those who come back needs a bound:
//! who is away for longer must load the whole state anew. Priority alone lets the others starve.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, interval, sleep, timeout};

use crate::backpressure::mock_clock;
use crate::{Amounts, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 19,
    name: "publish",
    title: "Publish and subscribe: heartbeat, reconnect, batches, priority",
    source: include_str!("19_publish.rs"),
    measure,
};

/// A topic whose messages are numbers in order; it keeps them for those who come back.
#[derive(Clone)]
pub struct Topic {
    kept: Arc<Mutex<Vec<u64>>>,
    live: broadcast::Sender<u64>,
}

impl Topic {
    fn new() -> Self {
        let (kept, live) = (Arc::default(), broadcast::Sender::new(1000));
        Self { kept, live }
    }

    fn publish(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let number = kept.len() as u64;
        kept.push(number);
        // Nobody has to listen.
        let _ = self.live.send(number);
    }

    /// What was published from a number on, and what will be: no gap, and nothing twice.
    fn since(&self, number: u64) -> (Vec<u64>, broadcast::Receiver<u64>) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let missed = kept.get(number as usize..).unwrap_or_default();
        (missed.to_vec(), self.live.subscribe())
    }
}

/// What comes over a connection: a message, or a sign of life.
enum Frame {
    Message(u64),
    Heartbeat,
}

/// A connection to a topic, from a number on. It dies after a second, and nobody is told: frames
/// just stay away.
fn connect(topic: &Topic, from: u64) -> mpsc::Receiver<Frame> {
    let (missed, mut live) = topic.since(from);
    let (frames, received) = mpsc::channel(100);
    tokio::spawn(async move {
        let mut heartbeat = interval(Duration::from_millis(100));
        let pump = async {
            for number in missed {
                let _ = frames.send(Frame::Message(number)).await;
            }
            loop {
                let frame = tokio::select! {
                    Ok(number) = live.recv() => Frame::Message(number),
                    _ = heartbeat.tick() => Frame::Heartbeat,
                };
                let _ = frames.send(frame).await;
            }
        };
        let _ = timeout(Duration::from_secs(1), pump).await;
        // Dead, and not closed: `frames` lives on.
        sleep(Duration::from_secs(3600)).await;
    });
    received
}

/// Wrong: listens until the connection is closed, which never comes.
async fn trusting(topic: Topic, seen: Arc<Mutex<Vec<u64>>>) {
    let mut connection = connect(&topic, 0);
    while let Some(frame) = connection.recv().await {
        note(&seen, &frame);
    }
}

/// Right: connects again when three heartbeats have stayed away, and asks for what it missed.
async fn expecting_heartbeats(topic: Topic, seen: Arc<Mutex<Vec<u64>>>) {
    loop {
        let next = seen.lock().unwrap_or_else(PoisonError::into_inner).len() as u64;
        let mut connection = connect(&topic, next);
        while let Ok(Some(frame)) = timeout(Duration::from_millis(300), connection.recv()).await {
            note(&seen, &frame);
        }
    }
}

fn note(seen: &Mutex<Vec<u64>>, frame: &Frame) {
    if let Frame::Message(number) = frame {
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(*number);
    }
}

/// Which of 100 messages, one each 50 ms, each of both subscribers has seen after ten seconds.
pub async fn seen_by_both() -> [Vec<u64>; 2] {
    let topic = Topic::new();
    let [first, second] = [(); 2].map(|()| Arc::<Mutex<Vec<u64>>>::default());
    tokio::spawn(trusting(topic.clone(), Arc::clone(&first)));
    tokio::spawn(expecting_heartbeats(topic.clone(), Arc::clone(&second)));
    for _ in 0..100 {
        sleep(Duration::from_millis(50)).await;
        topic.publish();
    }
    sleep(Duration::from_secs(5)).await;
    [first, second].map(|seen| seen.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

/// How long ten urgent messages wait at most behind a thousand ordinary ones, each of which takes
/// a millisecond: in one queue (wrong), or in one of their own that is looked at first (right).
pub async fn longest_urgent_wait(own_queue: bool) -> Duration {
    let (ordinary, mut many) = mpsc::unbounded_channel();
    let (urgent, mut few) = mpsc::unbounded_channel();
    for number in 0..1000_u64 {
        let _ = ordinary.send((false, number));
        if number % 100 == 0 {
            let _ = if own_queue { &urgent } else { &ordinary }.send((true, number));
        }
    }
    drop((ordinary, urgent));
    let (start, mut longest) = (Instant::now(), Duration::ZERO);
    loop {
        let (is_urgent, _number) = tokio::select! {
            biased;
            Some(message) = few.recv() => message,
            Some(message) = many.recv() => message,
            else => return longest,
        };
        if is_urgent {
            longest = longest.max(start.elapsed());
        }
        sleep(Duration::from_millis(1)).await;
    }
}

/// Sends so many messages, and takes at most so many at a time; returns how often it took some.
pub async fn turns(messages: u64, at_a_time: usize) -> (u64, u64) {
    let (sender, mut receiver) = mpsc::channel(1000);
    let sending = async move {
        for number in 0..messages {
            let _ = sender.send(number).await;
        }
    };
    let receiving = async {
        let (mut batch, mut sum, mut turns) = (Vec::new(), 0, 0);
        while receiver.recv_many(&mut batch, at_a_time).await > 0 {
            sum += batch.drain(..).sum::<u64>();
            turns += 1;
        }
        (sum, turns)
    };
    tokio::join!(sending, receiving).1
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    let runtime = mock_clock()?;
    let lost = runtime
        .block_on(seen_by_both())
        .map(|seen| 100 - seen.len() as u64);
    lab.counted(
        Question::of(
            "a connection dies each second",
            "a connection can die without a word",
        ),
        ["no heartbeat", "heartbeat, reconnect"],
        "messages_lost",
        Amounts::Count(lost),
    )?;
    let waits = [false, true].map(|own| runtime.block_on(longest_urgent_wait(own)));
    lab.counted(
        Question::of(
            "10 urgent of 1000 messages",
            "more waits than is done at once",
        ),
        ["in order", "urgent first"],
        "longest_urgent_wait",
        Amounts::Time(waits),
    )?;
    let taken = [1, 100].map(|at_a_time| runtime.block_on(turns(10_000, at_a_time)).1);
    let (forms, holds) = (
        ["one at a time", "up to 100"],
        "a turn has a cost of its own",
    );
    let question = Question::of("10,000 messages at once", holds);
    lab.counted(question, forms, "turns", Amounts::Count(taken))?;
    lab.compare(
        Question::of(
            "the time of 10,000 messages",
            "hardly: to take one costs little here",
        ),
        [
            Form::new(forms[0], || runtime.block_on(turns(10_000, 1))),
            Form::new(forms[1], || runtime.block_on(turns(10_000, 100))),
        ],
    )
}
