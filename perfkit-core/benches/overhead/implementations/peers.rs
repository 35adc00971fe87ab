//! Other libraries, each used as its documentation says.
//!
//! All threads record to the same metric. Handles are kept in statics, as a
//! program would keep them. What a library does on threads of its own, or in
//! [`upkeep`], is not in the time of its calls, but is measured for itself.

mod hotpath;
mod metered;
mod metrics;
mod opentelemetry;
mod prometheus;

use std::error::Error;

use super::{Implementation, Kind, forms};

/// Keeps the peers running that must be started.
pub(crate) struct Started {
    _hotpath: ::hotpath::HotpathGuard,
}

/// Starts the peers that must be started, first thing in `main`.
pub(crate) fn start() -> Result<Started, Box<dyn Error>> {
    metrics::install()?;
    Ok(Started {
        _hotpath: hotpath::start(),
    })
}

/// What a program does every few seconds for the peers that ask for it.
pub(crate) fn upkeep() {
    metrics::upkeep();
}

pub(super) fn all() -> Vec<Implementation> {
    use {hotpath::hotpath, metered::metered, metrics::by_macro, metrics::kept};
    use {opentelemetry::opentelemetry, prometheus::prometheus};

    let new = |name, forms, counted| Implementation::new(Kind::Peer, name, forms, counted);
    vec![
        new("hotpath", forms!(hotpath), None),
        new("metered", forms!(metered), Some(metered::counted)),
        new(
            "metrics, kept handle",
            forms!(kept),
            Some(metrics::counted_kept),
        ),
        new(
            "metrics, macro per call",
            forms!(by_macro),
            Some(metrics::counted_by_macro),
        ),
        new(
            "prometheus-client",
            forms!(prometheus),
            Some(prometheus::counted),
        ),
        new(
            "OpenTelemetry SDK",
            forms!(opentelemetry),
            Some(opentelemetry::counted),
        ),
    ]
}

/// The number that follows the beginning of a line; 0 without such a line.
fn number_after(text: &str, beginning: &str) -> u64 {
    let mut rests = text.lines().filter_map(|line| line.strip_prefix(beginning));
    rests.find_map(|rest| rest.trim().parse().ok()).unwrap_or(0)
}
