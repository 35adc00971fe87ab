//! Requests and answers as JSON: OTLP's own mapping, in which numbers of 64 bits are texts and
//! identifiers are hexadecimal.

use std::borrow::Cow;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message as _;
use serde::Deserialize;
use serde_json::Value;

use super::form::Form;
use super::send_error::SendError;

pub(super) const FORM: Form = Form {
    content_type: "application/json",
    request: |request| of_protobuf(request).map(Cow::Owned),
    rejected,
};

/// A request that is protobuf, as JSON.
fn of_protobuf(request: &[u8]) -> Result<Vec<u8>, SendError> {
    let failed = |why: String| SendError::Unreachable(format!("no JSON can be made: {why}"));
    let request = ExportMetricsServiceRequest::decode(request);
    let request = request.map_err(|error| failed(error.to_string()))?;
    serde_json::to_vec(&request).map_err(|error| failed(error.to_string()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    partial_success: Option<Partial>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Partial {
    /// A text, or a number of those who do not keep to the mapping.
    rejected_data_points: Value,
    error_message: Option<String>,
}

/// How many data points the answer says to be rejected, and why; `None` if it is no answer of
/// a collector.
fn rejected(answer: &[u8]) -> Option<(u64, String)> {
    if answer.is_empty() {
        return Some(Default::default());
    }
    let answer: Answer = serde_json::from_slice(answer).ok()?;
    let Partial {
        rejected_data_points,
        error_message,
    } = answer.partial_success.unwrap_or_default();
    let points = match &rejected_data_points {
        Value::Null => 0,
        Value::String(points) => points.parse().ok()?,
        points => points.as_i64()?,
    };
    Some((
        u64::try_from(points).unwrap_or(0),
        error_message.unwrap_or_default(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_say_what_was_rejected() {
        let none = Some((0, String::new()));
        for answer in ["", "{}", r#"{"partialSuccess":{}}"#, r#"{"other":1}"#] {
            assert_eq!(rejected(answer.as_bytes()), none, "{answer}");
        }
        let warned = r#"{"partialSuccess":{"errorMessage":"slow down"}}"#;
        assert_eq!(
            rejected(warned.as_bytes()),
            Some((0, "slow down".to_owned()))
        );
        for points in ["\"7\"", "7"] {
            let answer = format!(
                r#"{{"partialSuccess":{{"rejectedDataPoints":{points},"errorMessage":"no"}}}}"#
            );
            assert_eq!(rejected(answer.as_bytes()), Some((7, "no".to_owned())));
        }
        for answer in [
            "<html>",
            "[]",
            "null",
            r#"{"partialSuccess":{"rejectedDataPoints":"x"}}"#,
        ] {
            assert_eq!(rejected(answer.as_bytes()), None, "{answer}");
        }
    }
}
