//! Lesson 3: measure async code.
//!
//! In the `Cargo.toml` of a program of your own:
//! `perfkit-core = "0.1"`
//!
//! An async call's time runs from its first poll to its end, waiting included;
//! the time in its polls is the busy time. A future that is dropped before it
//! finishes, by a timeout for example, is counted as cancelled.
//!
//! Run it with `cargo run --example 03_async`.

use std::time::Duration;

use perfkit::measure;
use tokio::time::{sleep, timeout};

#[measure]
async fn fetch(page: u32) -> Result<String, String> {
    sleep(Duration::from_millis(u64::from(page) * 10)).await;
    if page == 3 {
        return Err("page 3 is missing".to_owned());
    }
    Ok(format!("page {page}"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    perfkit::report_at_exit();
    for page in 1..=5 {
        match timeout(Duration::from_millis(45), fetch(page)).await {
            Ok(Ok(text)) => println!("{text}"),
            Ok(Err(error)) => println!("failed: {error}"),
            Err(_) => println!("page {page} took too long"),
        }
    }

    let snapshot = perfkit::snapshot();
    let fetch = snapshot
        .operation("03_async::fetch")
        .expect("it was called");
    println!("{:?}", fetch.lifetime.calls);
    let mean_ms = |metric: &str| {
        let summary = fetch.lifetime.metric(metric).expect("it was timed");
        summary.mean.expect("it succeeded at least once") / 1e6
    };
    println!("mean time {:.1} ms,", mean_ms("execution_time"));
    println!("of which {:.3} ms busy", mean_ms("busy_time"));
}
