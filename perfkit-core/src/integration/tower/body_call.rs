//! The call that the body of a response is.

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Response, StatusCode};
use http_body::Body;

use crate::outcome::Outcome;
use crate::recorder::Work;

use super::detached_call::DetachedCall;
use super::failure_rule::FailureRule;
use super::routes::RouteOperations;

/// A body in flight. Dropped before it ended, it was cancelled.
#[derive(Debug)]
pub(super) struct BodyCall {
    /// `None` once it was recorded.
    call: Option<DetachedCall>,
    rule: FailureRule,
    /// How many bytes it has, where that was said.
    length: Option<u64>,
    sent: u64,
}

impl BodyCall {
    /// Begins with the head of a response, of a request on the given route; `None`
    /// where it has no body.
    pub(super) fn begin<B: Body>(
        response: &Response<B>,
        operations: &RouteOperations,
        rule: &FailureRule,
    ) -> Option<Self> {
        let status = response.status();
        let is_bodiless = status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if is_bodiless || response.body().is_end_stream() {
            return None;
        }
        let monitor = &operations.request.destination.monitor;
        let declared = response.headers().get(CONTENT_LENGTH);
        let declared = declared.and_then(|length| length.to_str().ok()?.parse().ok());
        Some(Self {
            call: Some(DetachedCall::begin(monitor, || operations.body())?),
            rule: rule.clone(),
            length: declared.or_else(|| response.body().size_hint().exact()),
            sent: 0,
        })
    }

    /// Polls the body, which is busy meanwhile. A panic ends the call, whatever becomes of the
    /// body then.
    pub(super) fn poll<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        let mut guard = PollGuard {
            start: self.call.as_ref().map_or(0, DetachedCall::now),
            call: self,
            has_returned: false,
        };
        let polled = poll();
        guard.has_returned = true;
        polled
    }

    pub(super) fn add_bytes(&mut self, bytes: usize) {
        self.sent = self.sent.saturating_add(bytes as u64);
    }

    /// Ends with trailers, which tell how.
    pub(super) fn end_with_trailers(&mut self, trailers: &HeaderMap) {
        let outcome = self.rule.of_trailers(trailers);
        self.end(outcome);
    }

    pub(super) fn end(&mut self, outcome: Outcome) {
        if let Some(call) = self.call.take() {
            call.end(outcome, Work::Bytes(self.sent));
        }
    }
}

impl Drop for BodyCall {
    fn drop(&mut self) {
        let is_complete = self.length.is_some_and(|length| self.sent >= length);
        self.end(if is_complete {
            // A server may leave it there: all that was announced is sent.
            Outcome::Success
        } else {
            Outcome::Cancelled
        });
    }
}

/// A poll of the body.
struct PollGuard<'a> {
    call: &'a mut BodyCall,
    start: u64,
    has_returned: bool,
}

impl Drop for PollGuard<'_> {
    fn drop(&mut self) {
        if let Some(call) = &mut self.call.call {
            call.add_busy(call.now().saturating_sub(self.start));
        }
        if !self.has_returned {
            self.call.end(Outcome::Panic);
        }
    }
}
