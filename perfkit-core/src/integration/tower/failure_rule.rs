//! Which responses are failures.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, StatusCode};

use crate::outcome::{Failure, Outcome};

/// Decides by the status of a response, and of gRPC by its own, how the call ended.
#[derive(Clone)]
pub(super) struct FailureRule {
    is_failure: Arc<dyn Fn(StatusCode) -> bool + Send + Sync>,
    pub(super) is_grpc: bool,
}

impl Default for FailureRule {
    fn default() -> Self {
        Self::new(|status| status.is_server_error())
    }
}

impl fmt::Debug for FailureRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rule = f.debug_struct("FailureRule");
        rule.field("is_grpc", &self.is_grpc).finish_non_exhaustive()
    }
}

impl FailureRule {
    pub(super) fn new(is_failure: impl Fn(StatusCode) -> bool + Send + Sync + 'static) -> Self {
        Self {
            is_failure: Arc::new(is_failure),
            is_grpc: false,
        }
    }

    /// How a call ended whose response has this head.
    pub(super) fn of_head(&self, status: StatusCode, headers: &HeaderMap) -> Outcome {
        if (self.is_failure)(status) {
            let text = status.canonical_reason().unwrap_or_default();
            return Outcome::Failure(Failure::new(status.as_str().to_owned(), text));
        }
        self.of_trailers(headers)
    }

    /// How a call ended whose response has these trailers.
    pub(super) fn of_trailers(&self, trailers: &HeaderMap) -> Outcome {
        let failure = self.is_grpc.then(|| grpc_failure(trailers)).flatten();
        failure.map_or(Outcome::Success, Outcome::Failure)
    }
}

/// The codes of gRPC that are failures of a server rather than answers to its client, as
/// OpenTelemetry's conventions tell them apart.
const GRPC_FAILURES: [(&str, &str); 6] = [
    ("2", "UNKNOWN"),
    ("4", "DEADLINE_EXCEEDED"),
    ("12", "UNIMPLEMENTED"),
    ("13", "INTERNAL"),
    ("14", "UNAVAILABLE"),
    ("15", "DATA_LOSS"),
];

fn grpc_failure(headers: &HeaderMap) -> Option<Failure> {
    let status = headers.get("grpc-status")?;
    let mut failures = GRPC_FAILURES.iter();
    let (_, kind) = failures.find(|(code, _)| status.as_bytes() == code.as_bytes())?;
    let message = headers.get("grpc-message");
    let text = message.and_then(|message| message.to_str().ok());
    Some(Failure::new(*kind, text.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(rule: &FailureRule, status: u16, headers: &HeaderMap) -> Option<String> {
        let status = StatusCode::from_u16(status).unwrap();
        match rule.of_head(status, headers) {
            Outcome::Failure(failure) => Some(failure.kind().to_owned()),
            _ => None,
        }
    }

    #[test]
    fn a_status_of_500_and_above_is_a_failure_unless_another_rule_is_set() {
        let none = HeaderMap::new();
        let rule = FailureRule::default();
        for status in [200, 302, 404, 499] {
            assert_eq!(kind(&rule, status, &none), None, "{status}");
        }
        for status in [500, 503, 599] {
            assert_eq!(kind(&rule, status, &none), Some(status.to_string()));
        }
        let strict = FailureRule::new(|status| status == StatusCode::NOT_FOUND);
        assert_eq!(kind(&strict, 404, &none), Some("404".to_owned()));
        assert_eq!(kind(&strict, 500, &none), None);
    }

    #[test]
    fn a_status_of_grpc_counts_only_where_the_service_speaks_it() {
        let headers = |status: &str| {
            let header = ("grpc-status", status);
            HeaderMap::from_iter([(header.0.parse().unwrap(), header.1.parse().unwrap())])
        };
        let http = FailureRule::default();
        let grpc = FailureRule {
            is_grpc: true,
            ..FailureRule::default()
        };
        assert_eq!(kind(&http, 200, &headers("14")), None);
        assert_eq!(
            kind(&grpc, 200, &headers("14")),
            Some("UNAVAILABLE".to_owned())
        );
        // Not found is an answer.
        for answer in ["0", "5", "99", "x"] {
            assert_eq!(kind(&grpc, 200, &headers(answer)), None, "{answer}");
        }
        assert_eq!(kind(&grpc, 502, &headers("0")), Some("502".to_owned()));
    }
}
