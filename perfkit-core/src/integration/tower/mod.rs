//! Requests of HTTP services, measured by a layer of tower's: of axum, hyper, tonic and
//! whatever else serves through [`tower_service::Service`]. No handler changes.
//!
//! ```
//! use axum::extract::MatchedPath;
//!
//! let layer = perfkit::tower::Layer::new().route(|request| {
//!     let path = request.extensions.get::<MatchedPath>()?;
//!     Some(path.as_str().into())
//! });
//! let app: axum::Router = axum::Router::new()
//!     .route("/users/{id}", axum::routing::get(async || "a user"))
//!     .layer(layer);
//! # drop(app);
//! ```
//!
//! | operation | is | ends as |
//! |---|---|---|
//! | `GET /users/{id}` | a request, from the first poll of its future to the head of the response | success; failure, of the kind `503`, where the status is 500 or above ([`Layer::failure_if`]); failure, by the error's type, where the service has no response; panic; cancelled, where the client left before |
//! | `GET /users/{id} (body)` | the body of the response, from its head to its end, with its bytes | success; failure, where the body is broken off by an error; cancelled, where the client left before its end |
//!
//! The route is what a function finds in the request ([`Layer::route`]). Without one the
//! name is `GET (unmatched)`: the path itself may be anything that a client thinks of, and
//! so is no name. A method that HTTP does not define is `_OTHER`.
//!
//! Measured functions that a handler calls are its callees: the self time of a request is
//! the time less theirs. A response that cannot have a body, or whose body is empty, has
//! no operation for it.

mod body_call;
mod detached_call;
mod failure_rule;
mod future;
mod layer;
mod request_name;
mod response_body;
mod routes;
mod service;
mod settings;

pub use future::ResponseFuture;
pub use layer::Layer;
pub use response_body::ResponseBody;
pub use service::Service;
