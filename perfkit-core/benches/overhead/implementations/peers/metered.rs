//! metered 0.9, with a hit count and a response time: by default in whole
//! milliseconds, so that every call here is one of 0 ms.

use std::sync::LazyLock;

use ::metered::{HitCount, ResponseTime};

use crate::work::body;

#[derive(Debug, Default)]
struct Service {
    metrics: ServiceMetrics,
}

#[::metered::metered(registry = ServiceMetrics)]
impl Service {
    #[measure([HitCount, ResponseTime])]
    fn call<const WORK: bool>(&self, input: u64) -> u64 {
        body::<WORK>(input)
    }
}

static SERVICE: LazyLock<Service> = LazyLock::new(Service::default);

#[inline(never)]
pub(super) fn metered<const WORK: bool>(input: u64) -> u64 {
    SERVICE.call::<WORK>(input)
}

pub(super) fn counted() -> u64 {
    SERVICE.metrics.call.hit_count.get()
}
