//! Lesson 9: a service, measured in development, in CI and in production.
//!
//! In the `Cargo.toml` of a program of your own:
//! `perfkit-core = { version = "0.1", features = ["otlp"] }`
//!
//! The handlers' p99 has the same name wherever it is read: in the summary at
//! exit, in a report, in a gate, and in whatever a collector feeds.
//!
//! Run it with `cargo run --example 09_service`. With a collector on
//! `http://localhost:4318`, or where `OTEL_EXPORTER_OTLP_ENDPOINT` points, the
//! same numbers arrive there.

use std::time::Duration;

use perfkit::measure;
use tokio::task::JoinSet;
use tokio::time::sleep;

#[measure(name = "checkout::pay")]
async fn pay(order: u64) -> Result<u64, String> {
    reserve(order).await;
    if order % 50 == 49 {
        return Err(format!("the card of order {order} was refused"));
    }
    sleep(Duration::from_millis(2)).await;
    Ok(order)
}

#[measure(name = "checkout::reserve")]
async fn reserve(order: u64) {
    sleep(Duration::from_millis(1 + order % 3)).await;
}

#[tokio::main]
async fn main() -> Result<(), perfkit::otlp::StartError> {
    perfkit::report_at_exit();
    let otlp = perfkit::otlp::start()?;

    let mut requests = JoinSet::new();
    for order in 0..1000 {
        requests.spawn(pay(order));
        if order % 100 == 99 {
            while requests.join_next().await.is_some() {}
        }
    }

    // Sends the last values; without a collector it gives up after a second.
    let arrived = otlp.flush(Duration::from_secs(1));
    println!("1000 orders; a collector got the numbers: {arrived}");
    otlp.shutdown(Duration::from_secs(1));
    Ok(())
}
