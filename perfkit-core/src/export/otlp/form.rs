//! What requests and answers look like over http.

use std::borrow::Cow;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use prost::Message as _;

use super::send_error::SendError;

/// A request as it is sent, but for its compression.
pub(super) type Body<'a> = Result<Cow<'a, [u8]>, SendError>;

/// What requests and answers look like.
pub(super) struct Form {
    pub(super) content_type: &'static str,
    /// A request, which is protobuf, in this form.
    pub(super) request: fn(&[u8]) -> Body<'_>,
    /// How many data points an answer says to be rejected, and why; `None` if it is no answer
    /// of a collector.
    pub(super) rejected: fn(&[u8]) -> Option<(u64, String)>,
}

/// That of http/protobuf.
pub(super) const PROTOBUF: Form = Form {
    content_type: "application/x-protobuf",
    request: |request| Ok(Cow::Borrowed(request)),
    rejected: |answer| {
        let answer = ExportMetricsServiceResponse::decode(answer).ok()?;
        let partial = answer.partial_success.unwrap_or_default();
        let points = u64::try_from(partial.rejected_data_points).unwrap_or(0);
        Some((points, partial.error_message))
    },
};
