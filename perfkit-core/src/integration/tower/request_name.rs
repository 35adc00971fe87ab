//! What the operation of a request is called.

use http::Method;

/// What stands for a method that HTTP does not define, as in OpenTelemetry.
const OTHER_METHOD: &str = "_OTHER";

/// What stands for the route of a request that has none.
const UNMATCHED: &str = "(unmatched)";

/// The name of the operation of requests by this method on this route.
pub(super) fn request_name(method: &Method, route: Option<&str>) -> String {
    let route = route.unwrap_or(UNMATCHED);
    format!("{} {route}", method_name(method))
}

/// The name of the operation of their responses' bodies.
pub(super) fn body_name(request_name: &str) -> String {
    format!("{request_name} (body)")
}

/// A client may send any word as a method, but few are names.
fn method_name(method: &Method) -> &str {
    const KNOWN: [Method; 9] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
        Method::CONNECT,
        Method::TRACE,
    ];
    if KNOWN.contains(method) {
        method.as_str()
    } else {
        OTHER_METHOD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_make_up_is_no_name() {
        let made_up = Method::from_bytes(b"BREW").unwrap();
        assert_eq!(request_name(&Method::GET, Some("/a/{b}")), "GET /a/{b}");
        assert_eq!(request_name(&Method::PUT, None), "PUT (unmatched)");
        assert_eq!(request_name(&made_up, None), "_OTHER (unmatched)");
        assert_eq!(body_name("GET /a"), "GET /a (body)");
    }
}
