//! A service whose requests are measured.

use std::fmt::Display;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Method, Request, Response};

use super::future::ResponseFuture;
use super::response_body::ResponseBody;
use super::routes::Routes;
use super::settings::Settings;

/// What a [`Layer`](super::Layer) makes of a service.
#[derive(Clone, Debug)]
pub struct Service<S> {
    inner: S,
    settings: Arc<Settings>,
    routes: Arc<Routes>,
}

impl<S> Service<S> {
    pub(super) fn new(inner: S, settings: Settings) -> Self {
        Self {
            inner,
            settings: Arc::new(settings),
            routes: Arc::default(),
        }
    }
}

impl<S, RequestBody, Body, E> tower_service::Service<Request<RequestBody>> for Service<S>
where
    S: tower_service::Service<Request<RequestBody>, Response = Response<Body>, Error = E>,
    Body: http_body::Body,
    E: Display,
{
    type Response = Response<ResponseBody<Body>>;
    type Error = E;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let (head, body) = request.into_parts();
        let route = self.settings.route_of(&head);
        let monitor = self.settings.monitor();
        let routes = &self.routes;
        let operations = routes.operations(monitor, &head.method, route.as_deref());
        drop(route);
        // The body of the answer to one of these is none of HTTP's.
        let may_have_body = !matches!(head.method, Method::HEAD | Method::CONNECT);
        let inner = self.inner.call(Request::from_parts(head, body));
        ResponseFuture::new(inner, operations, &self.settings, may_have_body)
    }
}
