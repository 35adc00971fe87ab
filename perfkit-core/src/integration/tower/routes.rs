//! The operations of the routes that requests have had.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use http::Method;

use crate::integration::section_lock::SectionLock;
use crate::monitor::{Monitor, Operation};

use super::request_name::{UNMATCHED, body_name, method_name, request_name};

/// How many routes of a method are found again without looking for their operations.
const MOST_KEPT: usize = 2000;

/// The operations of one route and method.
#[derive(Debug)]
pub(super) struct RouteOperations {
    pub(super) request: Operation,
    body: OnceLock<Operation>,
}

impl RouteOperations {
    fn new(monitor: &Monitor, method: &str, route: &str) -> Self {
        Self {
            request: monitor.operation(&request_name(method, route)),
            body: OnceLock::new(),
        }
    }

    /// That of the bodies of responses.
    pub(super) fn body(&self) -> &Operation {
        if let Some(known) = self.body.get() {
            return known;
        }
        // Looked up before: a fork meanwhile leaves nothing begun in its child.
        let monitor = &self.request.destination.monitor;
        let operation = monitor.operation(&body_name(self.request.name()));
        self.body.get_or_init(|| operation)
    }
}

/// The routes of a service.
#[derive(Debug, Default)]
pub(super) struct Routes {
    by_method: SectionLock<HashMap<&'static str, ByRoute>>,
}

type ByRoute = HashMap<String, Arc<RouteOperations>>;

impl Routes {
    /// The operations of a request by this method on this route.
    pub(super) fn operations(
        &self,
        monitor: &Monitor,
        method: &Method,
        route: Option<&str>,
    ) -> Arc<RouteOperations> {
        let (method, route) = (method_name(method), route.unwrap_or(UNMATCHED));
        let by_method = self.by_method.read();
        let routes = by_method.get(method);
        if let Some(known) = routes.and_then(|routes| routes.get(route)) {
            return Arc::clone(known);
        }
        let is_full = routes.is_some_and(|routes| routes.len() >= MOST_KEPT);
        drop(by_method);
        let operations = Arc::new(RouteOperations::new(monitor, method, route));
        if is_full {
            return operations;
        }
        let mut by_method = self.by_method.write();
        let routes = by_method.entry(method).or_default();
        if let Some(known) = routes.get(route) {
            return Arc::clone(known);
        }
        if routes.len() < MOST_KEPT {
            routes.insert(route.to_owned(), Arc::clone(&operations));
        }
        operations
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integration::while_held::while_held;

    #[test]
    fn a_route_is_found_again_and_no_more_are_kept_than_that() {
        let (routes, monitor) = (Routes::default(), Monitor::new());
        let of = |method, route: &str| routes.operations(&monitor, method, Some(route));
        assert!(Arc::ptr_eq(
            &of(&Method::GET, "/a"),
            &of(&Method::GET, "/a")
        ));
        assert!(!Arc::ptr_eq(
            &of(&Method::GET, "/a"),
            &of(&Method::PUT, "/a")
        ));
        for number in 0..2 * MOST_KEPT {
            drop(of(&Method::GET, &number.to_string()));
        }
        assert_eq!(of(&Method::GET, "/b").request.name(), "overflow");
        let reader = routes.by_method.read();
        assert_eq!(reader["GET"].len(), MOST_KEPT);
        // One more route waits for nobody who looks one up.
        let found = while_held(reader, || of(&Method::GET, "/c"));
        assert_eq!(found.unwrap().request.name(), "overflow");
    }
}
