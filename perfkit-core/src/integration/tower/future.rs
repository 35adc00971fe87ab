//! A request in flight.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use crate::measure::MeasuredFuture;
use crate::outcome::Outcome;

use super::body_call::BodyCall;
use super::response_body::ResponseBody;
use super::routes::RouteOperations;
use super::settings::Settings;

type Judge<T> = fn(&(T, Outcome)) -> Outcome;

pin_project! {
    /// A request, measured from the first poll to the head of its response. Dropped
    /// between, it was cancelled.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F: Future> {
        #[pin]
        measured: MeasuredFuture<Judged<F>, Judge<F::Output>>,
        operations: Arc<RouteOperations>,
        settings: Arc<Settings>,
        may_have_body: bool,
    }
}

pin_project! {
    /// A future that says how it ended.
    #[derive(Debug)]
    struct Judged<F> {
        #[pin]
        work: F,
        settings: Arc<Settings>,
    }
}

impl<F, B, E> ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Display,
{
    pub(super) fn new(
        work: F,
        operations: Arc<RouteOperations>,
        settings: &Arc<Settings>,
        may_have_body: bool,
    ) -> Self {
        let judged = Judged {
            work,
            settings: Arc::clone(settings),
        };
        let outcome: Judge<F::Output> = |(_, outcome)| outcome.clone();
        Self {
            measured: MeasuredFuture::new(operations.request.clone(), judged, outcome),
            operations,
            settings: Arc::clone(settings),
            may_have_body,
        }
    }
}

impl<F, B, E> Future for Judged<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Display,
{
    type Output = (F::Output, Outcome);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.work.poll(context));
        let outcome = match &result {
            Ok(response) => this
                .settings
                .rule
                .of_head(response.status(), response.headers()),
            Err(_) => Outcome::of_result(&result),
        };
        Poll::Ready((result, outcome))
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: http_body::Body,
    E: Display,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (result, _) = ready!(this.measured.poll(context));
        let response = result.map(|response| {
            let has_body = *this.may_have_body && this.settings.has_bodies;
            let begin = || BodyCall::begin(&response, this.operations, &this.settings.rule);
            let call = has_body.then(begin).flatten();
            response.map(|body| ResponseBody::new(body, call))
        });
        Poll::Ready(response)
    }
}
