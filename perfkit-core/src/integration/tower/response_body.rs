//! The body of a measured response.

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf as _;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::outcome::{Failure, Outcome};

use super::body_call::BodyCall;

pin_project! {
    /// The body of a response, measured to its end where it has one.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        body: B,
        call: Option<BodyCall>,
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn new(body: B, call: Option<BodyCall>) -> Self {
        Self { body, call }
    }
}

/// An empty one.
impl<B: Default> Default for ResponseBody<B> {
    fn default() -> Self {
        Self::new(B::default(), None)
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Error: Display,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(call) = this.call else {
            return this.body.poll_frame(context);
        };
        let frame = ready!(call.poll(|| this.body.as_mut().poll_frame(context)));
        match &frame {
            None => call.end(Outcome::Success),
            Some(Err(error)) => call.end(Outcome::Failure(Failure::of(error))),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    call.add_bytes(data.remaining());
                }
                if let Some(trailers) = frame.trailers_ref() {
                    call.end_with_trailers(trailers);
                } else if this.body.is_end_stream() {
                    call.end(Outcome::Success);
                }
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
