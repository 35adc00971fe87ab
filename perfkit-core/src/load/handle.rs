//! How a run is watched and ended from elsewhere.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::load_run::LoadRun;
use crate::snapshot::OperationSnapshot;

use super::meter::Meter;

/// Ends a run before its time, and reads what it came to so far. Clones are of the same run.
#[derive(Clone, Debug, Default)]
pub struct Handle {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    requests: AtomicU32,
    running: Mutex<Option<(Arc<Meter>, LoadRun)>>,
}

impl Handle {
    /// Starts nothing more. What is in flight is waited for as at any end, unless it is asked
    /// for once more: then it is cancelled at once. The result is kept.
    pub fn stop(&self) {
        self.shared.requests.fetch_add(1, Ordering::SeqCst);
    }

    /// How often an end was asked for.
    pub(super) fn requests(&self) -> u32 {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// What was counted so far, with what is in flight; `None` before the run began.
    #[must_use]
    pub fn so_far(&self) -> Option<OperationSnapshot> {
        let running = self.shared.running.lock();
        let running = running.unwrap_or_else(PoisonError::into_inner);
        let (meter, run) = running.as_ref()?;
        let (meter, run) = (Arc::clone(meter), run.clone());
        Some(meter.so_far(run))
    }

    pub(super) fn is_of(&self, meter: &Arc<Meter>, run: &LoadRun) {
        let running = self.shared.running.lock();
        let mut running = running.unwrap_or_else(PoisonError::into_inner);
        *running = Some((Arc::clone(meter), run.clone()));
    }
}

/// Ends a run when whoever waits for it does so no more.
pub(super) struct StopWhenDropped(pub(super) Handle);

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        self.0.stop();
        self.0.stop();
    }
}
