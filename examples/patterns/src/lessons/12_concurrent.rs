//! Calls that do not need each other's answers need not wait for each other. One after the
//! other they take the sum of their times, all at once as long as the longest of them. So the
//! gain is at most the sum over the longest, and one slow call among quick ones takes it away.
//!
//! The knob: make one call as long as all others together, and sixfold becomes twofold; make
//! the calls compute in place of waiting, and one thread gains nothing.
//!
//! In production, watch how many calls the other side gets at once (lesson 13 bounds them),
//! and decide what one failure means: `try_join_all` gives up at the first one and cancels the
//! others, `join_all` keeps what succeeded.

use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::{Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 12,
    name: "concurrent",
    title: "Concurrent instead of sequential calls",
    source: include_str!("12_concurrent.rs"),
    measure,
};

/// A call of a service that is somewhere else: it waits, and answers its number.
pub async fn call(number: u32, takes: Duration) -> u32 {
    sleep(takes).await;
    number
}

/// Wrong: each call waits for the one before it.
pub async fn one_after_the_other(times: &[Duration]) -> Vec<u32> {
    let mut answers = Vec::new();
    for (number, takes) in (0..).zip(times) {
        answers.push(call(number, *takes).await);
    }
    answers
}

/// Right: all wait at the same time. The answers are in the order of the calls.
pub async fn all_at_once(times: &[Duration]) -> Vec<u32> {
    let calls = (0..).zip(times).map(|(number, takes)| call(number, *takes));
    join_all(calls).await
}

/// A call that may fail.
///
/// # Errors
/// Every third call fails.
pub async fn fallible(number: u32, takes: Duration) -> Result<u32, String> {
    match call(number, takes).await {
        number if number % 3 == 2 => Err(format!("call {number} failed")),
        number => Ok(number),
    }
}

/// Wrong where some answers are better than none: the first failure cancels the others.
///
/// # Errors
/// The first failure.
pub async fn all_or_nothing(times: &[Duration]) -> Result<Vec<u32>, String> {
    let calls = (0..).zip(times).map(|(n, takes)| fallible(n, *takes));
    try_join_all(calls).await
}

/// Right there: each failure is its own, and the others' answers are kept.
pub async fn what_succeeds(times: &[Duration]) -> (Vec<u32>, Vec<String>) {
    let calls = (0..).zip(times).map(|(n, takes)| fallible(n, *takes));
    let mut parts = (Vec::new(), Vec::new());
    for result in join_all(calls).await {
        match result {
            Ok(answer) => parts.0.push(answer),
            Err(error) => parts.1.push(error),
        }
    }
    parts
}

/// A group of tasks: whoever drops it, at a timeout say, cancels all that still run. Returns
/// how many had answered by then.
pub async fn group_until(times: &[Duration], timeout: Duration) -> usize {
    let mut group = JoinSet::new();
    for (number, takes) in (0..).zip(times) {
        group.spawn(call(number, *takes));
    }
    let mut answered = 0;
    let all = async {
        while group.join_next().await.is_some() {
            answered += 1;
        }
    };
    // Late is as good as never: what was answered in time counts.
    let _ = tokio::time::timeout(timeout, all).await;
    answered
}

/// Work that needs the processor, and no other side.
fn compute(number: u64) -> u64 {
    (0..200_000).fold(number, |sum, n| sum.rotate_left(5) ^ n) % 1000
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    let runtime = Runtime::new()?;
    let ms = Duration::from_millis;
    let equal = [ms(10); 6];
    lab.compare(
        Question::of(
            "six calls of 10 ms",
            "calls wait for others and need no answer of each other; at most the sum of their \
             times over the longest",
        )
        .claimed("6x", 6.0),
        [
            Form::new("one after the other", || {
                runtime.block_on(one_after_the_other(&equal))
            }),
            Form::new("all at once", || runtime.block_on(all_at_once(&equal))),
        ],
    )?;
    let unequal = [ms(25), ms(5), ms(5), ms(5), ms(5), ms(5)];
    lab.compare(
        Question::of(
            "one call of 25 ms and five of 5 ms",
            "the longest call bounds it: 50 ms over 25 ms is 2x, whatever the number",
        )
        .claimed("6x", 6.0),
        [
            Form::new("one after the other", || {
                runtime.block_on(one_after_the_other(&unequal))
            }),
            Form::new("all at once", || runtime.block_on(all_at_once(&unequal))),
        ],
    )?;
    lab.compare(
        Question::of(
            "six computations on one thread",
            "never: there is nothing to wait for, so futures only take turns",
        ),
        [
            Form::new("one after the other", || (0..6).map(compute).sum::<u64>()),
            Form::new("all at once", || {
                let computations = (0..6).map(|number| async move { compute(number) });
                let results = runtime.block_on(join_all(computations));
                results.into_iter().sum::<u64>()
            }),
        ],
    )
}
