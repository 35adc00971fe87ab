//! What a layer is told.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::request::Parts;

use crate::monitor::Monitor;

use super::failure_rule::FailureRule;

type FindRoute = dyn Fn(&Parts) -> Option<Cow<'_, str>> + Send + Sync;

/// How the requests of a service are measured.
#[derive(Clone)]
pub(super) struct Settings {
    /// The global one unless another is given.
    pub(super) monitor: Option<Monitor>,
    pub(super) find_route: Option<Arc<FindRoute>>,
    pub(super) rule: FailureRule,
    pub(super) has_bodies: bool,
    pub(super) has_status_label: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            monitor: None,
            find_route: None,
            rule: FailureRule::default(),
            has_bodies: true,
            has_status_label: false,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("monitor", &self.monitor)
            .field("has_route", &self.find_route.is_some())
            .field("rule", &self.rule)
            .field("has_bodies", &self.has_bodies)
            .field("has_status_label", &self.has_status_label)
            .finish()
    }
}

impl Settings {
    pub(super) fn monitor(&self) -> &Monitor {
        self.monitor.as_ref().unwrap_or_else(|| Monitor::global())
    }

    pub(super) fn route_of<'a>(&self, request: &'a Parts) -> Option<Cow<'a, str>> {
        self.find_route.as_ref().and_then(|find| find(request))
    }
}
