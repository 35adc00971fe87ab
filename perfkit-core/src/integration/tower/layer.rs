//! What wraps a service.

use std::borrow::Cow;
use std::sync::Arc;

use http::StatusCode;
use http::request::Parts;

use crate::monitor::Monitor;

use super::failure_rule::FailureRule;
use super::service::Service;
use super::settings::Settings;

/// Measures the requests of the service that it wraps; see the [module](crate::tower).
///
/// ```
/// use perfkit::tower::Layer;
/// use tower_layer::Layer as _;
/// use tower_service::Service as _;
///
/// # use http::{Request, Response};
/// # struct Hello;
/// # impl tower_service::Service<Request<String>> for Hello {
/// #     type Response = Response<String>;
/// #     type Error = std::convert::Infallible;
/// #     type Future = std::future::Ready<Result<Response<String>, Self::Error>>;
/// #     fn poll_ready(
/// #         &mut self,
/// #         _: &mut std::task::Context<'_>,
/// #     ) -> std::task::Poll<Result<(), Self::Error>> {
/// #         std::task::Poll::Ready(Ok(()))
/// #     }
/// #     fn call(&mut self, _: Request<String>) -> Self::Future {
/// #         std::future::ready(Ok(Response::new("hello".to_owned())))
/// #     }
/// # }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let monitor = perfkit::Monitor::new();
/// let layer = Layer::new()
///     .monitor(&monitor)
///     .route(|request| request.uri.path().starts_with("/hello/").then_some("/hello/{name}".into()));
/// let mut service = layer.layer(Hello);
///
/// let request = Request::get("/hello/world").body(String::new()).unwrap();
/// service.call(request).await.unwrap();
///
/// let snapshot = monitor.snapshot();
/// assert_eq!(snapshot.operation("GET /hello/{name}").unwrap().lifetime.calls.success, 1);
/// # });
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a layer measures nothing until it wraps a service"]
pub struct Layer {
    settings: Settings,
}

impl Layer {
    /// A layer that records to the global monitor.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records to a monitor of one's own.
    pub fn monitor(mut self, monitor: &Monitor) -> Self {
        self.settings.monitor = Some(monitor.clone());
        self
    }

    /// How to find the route of a request: the pattern that it matched, of which there
    /// are few, such as `/users/{id}`. A path has no place here, because each is an
    /// operation of its own, up to [`crate::MonitorBuilder::max_operations`].
    pub fn route(
        mut self,
        find: impl Fn(&Parts) -> Option<Cow<'_, str>> + Send + Sync + 'static,
    ) -> Self {
        self.settings.find_route = Some(Arc::new(find));
        self
    }

    /// Which responses are failures, by their status: without this, those of 500 and
    /// above. The kind of the failure is the status.
    pub fn failure_if(
        mut self,
        is_failure: impl Fn(StatusCode) -> bool + Send + Sync + 'static,
    ) -> Self {
        let is_grpc = self.settings.rule.is_grpc;
        self.settings.rule = FailureRule::new(is_failure);
        self.settings.rule.is_grpc = is_grpc;
        self
    }

    /// Of a service that speaks gRPC: also the `grpc-status` tells failures. The codes
    /// UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE and DATA_LOSS
    /// are, as in OpenTelemetry. Where it comes after a body, the body's operation has it.
    pub fn grpc(mut self) -> Self {
        self.settings.rule.is_grpc = true;
        self
    }

    /// Keeps the calls of a route apart by the status of their responses: an operation is
    /// then `GET /users/{id}{status="404"}`. Calls without a response have `error` in its
    /// place, or how they ended: `panic`, `cancelled`.
    pub fn label_status(mut self) -> Self {
        self.settings.has_status_label = true;
        self
    }

    /// Leaves the bodies of responses unmeasured.
    pub fn without_bodies(mut self) -> Self {
        self.settings.has_bodies = false;
        self
    }
}

impl<S> tower_layer::Layer<S> for Layer {
    type Service = Service<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Service::new(inner, self.settings.clone())
    }
}
