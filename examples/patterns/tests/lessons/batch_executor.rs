use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use perfkit::Monitor;
use perfkit_patterns::batch_executor::{Executor, callers, log};
use tokio::runtime::{Builder, Runtime};

/// What batches were of: their keys and items.
type Batches = Arc<Mutex<Vec<(char, Vec<u32>)>>>;

fn recording(most: usize, interval: Duration) -> (Executor<char, u32, u32>, Batches) {
    let batches = Batches::default();
    let seen = Arc::clone(&batches);
    let executor = Executor::new(most, interval, move |key: &char, items: Vec<u32>| {
        let results = items.iter().map(|item| item * 10).collect();
        seen.lock().unwrap().push((*key, items));
        results
    });
    (executor, batches)
}

#[test]
fn the_size_ends_a_batch_and_each_caller_gets_its_own_result() {
    let runtime = Runtime::new().unwrap();
    // An hour: nothing but the size ends these.
    let (executor, batches) = recording(3, Duration::from_secs(3600));
    let calls = (0..6).map(|item| executor.submit(&'a', item));
    let results = runtime.block_on(join_all(calls));
    let results: Vec<u32> = results.into_iter().map(Result::unwrap).collect();
    assert_eq!(results, [0, 10, 20, 30, 40, 50]);
    let batches = batches.lock().unwrap();
    assert_eq!(*batches, [('a', vec![0, 1, 2]), ('a', vec![3, 4, 5])]);
}

#[test]
fn the_interval_ends_a_batch_that_does_not_fill() {
    let runtime = Runtime::new().unwrap();
    let (executor, batches) = recording(1000, Duration::from_millis(1));
    assert_eq!(runtime.block_on(executor.submit(&'a', 7)).unwrap(), 70);
    assert_eq!(batches.lock().unwrap().len(), 1);
}

#[test]
fn each_key_has_batches_of_its_own() {
    let runtime = Runtime::new().unwrap();
    let (executor, batches) = recording(2, Duration::from_secs(3600));
    let calls = (0..4).map(|item| executor.submit(if item % 2 == 0 { &'a' } else { &'b' }, item));
    runtime.block_on(join_all(calls));
    let mut batches = batches.lock().unwrap();
    batches.sort();
    assert_eq!(*batches, [('a', vec![0, 2]), ('b', vec![1, 3])]);
}

#[test]
fn keys_go_on_in_parallel() {
    let runtime = Runtime::new().unwrap();
    // Each waits for the other: one after the other they would wait forever.
    let both = std::sync::Barrier::new(2);
    let executor = Executor::new(1, Duration::ZERO, move |_: &char, items: Vec<u32>| {
        both.wait();
        items
    });
    let calls = [executor.submit(&'a', 1), executor.submit(&'b', 2)];
    let results = runtime.block_on(join_all(calls));
    assert!(results.into_iter().all(|result| result.is_ok()));
}

#[test]
fn work_without_a_result_is_an_error_and_keeps_nobody_waiting() {
    let runtime = Runtime::new().unwrap();
    let nothing = |_: &char, _: Vec<u32>| Vec::<u32>::new();
    let executor = Executor::new(1, Duration::ZERO, nothing);
    let error = runtime.block_on(executor.submit(&'a', 1)).unwrap_err();
    assert!(error.to_string().contains("without a result"));
}

#[test]
fn batches_write_the_same_in_fewer_transactions() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let (database, connection) = log().unwrap();
    let connection = Arc::new(Mutex::new(connection));
    let monitor = Monitor::new();
    let call = |most, transactions| {
        let counter = monitor.counter(transactions);
        let all = callers(Arc::clone(&connection), 64, most, counter);
        runtime.block_on(all).unwrap()
    };
    let mut numbers = call(1, "each");
    let more = call(32, "batches");
    let snapshot = monitor.snapshot();
    let counted = |name| snapshot.counter(name).unwrap().lifetime.total;
    assert_eq!((counted("each"), counted("batches")), (64, 2));
    numbers.extend(more);
    assert_eq!(numbers, (1..=128).collect::<Vec<i64>>());
    let count = "SELECT count(*) FROM log";
    let written = database.connection.query_one(count, [], |row| row.get(0));
    assert_eq!(written, Ok(128));
}
