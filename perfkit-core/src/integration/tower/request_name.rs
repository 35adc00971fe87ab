//! What the operation of a request is called.

use http::Method;

/// What stands for a method that HTTP does not define, as in OpenTelemetry.
const OTHER_METHOD: &str = "_OTHER";

/// What stands for the route of a request that has none.
pub(super) const UNMATCHED: &str = "(unmatched)";

/// The name of the operation of requests by this method on this route.
pub(super) fn request_name(method: &str, route: &str) -> String {
    format!("{method} {route}")
}

/// The name of the operation of their responses' bodies.
pub(super) fn body_name(request_name: &str) -> String {
    format!("{request_name} (body)")
}

/// A client may send any word as a method, but few are names.
pub(super) fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => OTHER_METHOD,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_make_up_is_no_name() {
        let made_up = Method::from_bytes(b"BREW").unwrap();
        assert_eq!(method_name(&made_up), "_OTHER");
        assert_eq!(method_name(&Method::PATCH), "PATCH");
        assert_eq!(
            body_name(&request_name("GET", "/a/{b}")),
            "GET /a/{b} (body)"
        );
    }
}
