//! Lesson 11: an HTTP service, measured by route without a change of a handler.
//!
//! In the `Cargo.toml` of a program of your own:
//! `perfkit-core = { version = "0.1", features = ["tower", "prometheus", "otlp"] }`
//!
//! A layer around the router makes an operation of each method and route. Statuses of 500
//! and above are failures, clients that leave are cancellations, and bodies are operations
//! of their own, so that a slow download is no slow handler.
//!
//! What is recorded is at `/metrics` for Prometheus too, and goes to a collector where
//! `OTEL_EXPORTER_OTLP_ENDPOINT` names one (features `prometheus` and `otlp`): the same numbers
//! as in the report at the end, as docs/export.md shows.
//!
//! Run it with `cargo run --example 11_http_service`, send requests to the address that it
//! prints, such as `curl http://127.0.0.1:PORT/users/7`, and press Enter or Ctrl-D to see
//! what it recorded.

use std::convert::Infallible;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Path};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use futures_util::stream;
use tokio::net::TcpListener;
use tokio::time::sleep;

async fn user(Path(id): Path<u32>) -> String {
    format!("user {id}\n")
}

/// The payment is out of order.
async fn order() -> (StatusCode, &'static str) {
    (StatusCode::SERVICE_UNAVAILABLE, "try again later\n")
}

static WAITING: AtomicUsize = AtomicUsize::new(0);

/// One that waits, until it is dropped.
struct Waiting;

impl Waiting {
    fn new() -> Self {
        WAITING.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Takes longer than any client waits.
async fn summary() -> &'static str {
    let _waiting = Waiting::new();
    sleep(Duration::from_secs(600)).await;
    "at last\n"
}

async fn waiting() -> String {
    WAITING.load(Ordering::SeqCst).to_string()
}

/// Row by row, for as long as it takes.
async fn export(Path(rows): Path<u32>) -> Body {
    Body::from_stream(stream::unfold(0, move |row| async move {
        sleep(Duration::from_millis(1)).await;
        let text = (row < rows).then(|| format!("row {row}\n"))?;
        Some((Ok::<_, Infallible>(text), row + 1))
    }))
}

async fn metrics(headers: HeaderMap) -> impl IntoResponse {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let (content_type, body) = perfkit::prometheus::respond(accept);
    ([(CONTENT_TYPE, content_type)], body)
}

/// Ready when somebody presses Enter.
fn enter() -> impl Future<Output = ()> {
    let pressed = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
    async { drop(pressed.await) }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    perfkit::report_at_exit();
    let has_collector = std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_some();
    let _otlp = has_collector.then(perfkit::otlp::start).transpose()?;
    let measured = perfkit::tower::Layer::new().route(|request| {
        let path = request.extensions.get::<MatchedPath>()?;
        Some(path.as_str().into())
    });
    let app = Router::new()
        .route("/users/{id}", get(user))
        .route("/orders", post(order))
        .route("/summary", get(summary))
        .route("/waiting", get(waiting))
        .route("/export/{rows}", get(export))
        // After the routes: a layer is around those that are there by then.
        .layer(measured)
        // And not around this one: scrapes are no work of the service.
        .route("/metrics", get(metrics));

    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, app)
        .with_graceful_shutdown(enter())
        .await?;
    Ok(())
}
