//! hotpath 0.30, with its feature `hotpath` and its defaults.
//!
//! Each call is pushed to a ring of the thread, which a thread of hotpath sweeps
//! every 50 ms. The ring grows with what is pushed in between, so a program that
//! does nothing but measured calls pays more than is shown here, where hotpath's
//! batches make up a small part of the time. Its server listens on a port of this
//! machine meanwhile, as is its default; `HOTPATH_METRICS_SERVER_OFF=1` keeps it
//! from that.

use ::hotpath::{Format, HotpathGuard, HotpathGuardBuilder, measure};

use crate::work::body;

/// Starts its threads. Its report is thrown away.
pub(super) fn start() -> HotpathGuard {
    HotpathGuardBuilder::new("main")
        .format(Format::None)
        .build()
}

#[measure]
#[inline(never)]
pub(super) fn hotpath<const WORK: bool>(input: u64) -> u64 {
    body::<WORK>(input)
}
