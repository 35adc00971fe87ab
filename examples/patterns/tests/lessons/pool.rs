use std::time::Duration;

use perfkit_patterns::pool::{connect_each_time, from_pool, mock_clock, p99_wait, pool, users};

#[test]
fn both_forms_answer_alike_and_a_pool_connects_once() {
    let (users, runtime) = (users().unwrap(), mock_clock().unwrap());
    let pool = pool(&users, 4).unwrap();
    for _ in 0..10 {
        assert_eq!(connect_each_time(&users).unwrap(), "user 7");
        assert_eq!(runtime.block_on(from_pool(&pool)).unwrap(), "user 7");
    }
    assert_eq!(pool.status().size, 1, "one after the other need no more");
}

#[test]
fn waits_grow_with_the_load_beyond_what_a_pool_serves() {
    let (users, runtime) = (users().unwrap(), mock_clock().unwrap());
    let wait = |size, interval| {
        let pool = pool(&users, size).unwrap();
        let interval = Duration::from_millis(interval);
        let wait = runtime.block_on(p99_wait(&pool, 100, interval)).unwrap();
        assert!(pool.status().size <= size);
        wait.as_millis()
    };
    // Each query waits 5 ms longer than the one before it; the 99th of them by 98 of these.
    assert!((488..=500).contains(&wait(1, 5)), "{}", wait(1, 5));
    for (size, interval) in [(2, 6), (4, 5), (1, 12)] {
        assert_eq!(wait(size, interval), 0, "{size} connections");
    }
}

#[test]
fn a_connection_that_is_left_in_a_transaction_is_not_lent_again() {
    let (users, runtime) = (users().unwrap(), mock_clock().unwrap());
    let pool = pool(&users, 1).unwrap();
    runtime.block_on(async {
        let connection = pool.get().await.unwrap();
        connection.execute_batch("BEGIN").unwrap();
        drop(connection);
        let connection = pool.get().await.unwrap();
        assert!(connection.is_autocommit());
    });
}
