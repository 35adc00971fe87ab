//! A request in flight.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use crate::labelled_outcome::LabelledOutcome;
use crate::measure::{CallLabels, MeasuredFuture};
use crate::outcome::Outcome;

use super::body_call::BodyCall;
use super::response_body::ResponseBody;
use super::routes::RouteOperations;
use super::settings::Settings;

/// The label that a status is.
const STATUS: &str = "status";

/// The status of a call that has no response because its service failed.
const NO_RESPONSE: &str = "error";

type Judge<T> = fn(&(T, LabelledOutcome)) -> LabelledOutcome;

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
        let operation = operations.request.clone();
        Self {
            measured: if settings.has_status_label {
                let labels = CallLabels::new(Vec::new(), &[STATUS]);
                MeasuredFuture::labelled(operation, labels, judged, outcome)
            } else {
                MeasuredFuture::of(operation, judged, outcome)
            },
            operations,
            settings: Arc::clone(settings),
            may_have_body,
        }
    }
}

impl Settings {
    fn outcome_of<B, E: Display>(&self, result: &Result<Response<B>, E>) -> LabelledOutcome {
        let outcome = match result {
            Ok(response) => self.rule.of_head(response.status(), response.headers()),
            Err(_) => Outcome::of_result(result),
        };
        if !self.has_status_label {
            return outcome.into();
        }
        match result {
            Ok(response) => outcome.label(STATUS, response.status().as_str()),
            Err(_) => outcome.label(STATUS, NO_RESPONSE),
        }
    }
}

impl<F, B, E> Future for Judged<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Display,
{
    type Output = (F::Output, LabelledOutcome);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.work.poll(context));
        let outcome = this.settings.outcome_of(&result);
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
