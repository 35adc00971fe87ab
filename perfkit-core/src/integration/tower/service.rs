//! A service whose requests are measured.

use std::fmt::Display;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Method, Request, Response};

use super::future::ResponseFuture;
use super::request_name::request_name;
use super::response_body::ResponseBody;
use super::settings::Settings;

/// What a [`Layer`](super::Layer) makes of a service.
#[derive(Clone, Debug)]
pub struct Service<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> Service<S> {
    pub(super) fn new(inner: S, settings: Settings) -> Self {
        Self {
            inner,
            settings: Arc::new(settings),
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
        let name = request_name(&head.method, self.settings.route_of(&head).as_deref());
        let operation = self.settings.monitor().operation(&name);
        // The body of the answer to one of these is none of HTTP's.
        let may_have_body = !matches!(head.method, Method::HEAD | Method::CONNECT);
        let inner = self.inner.call(Request::from_parts(head, body));
        ResponseFuture::new(inner, operation, &self.settings, may_have_body)
    }
}
