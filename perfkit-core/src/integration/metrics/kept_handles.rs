//! Handles that are found again.

use std::collections::HashMap;
use std::sync::Arc;

use metrics::Key;

use crate::integration::section_lock::SectionLock;

/// How many metrics of a type are found again without looking for their operations.
pub(super) const MOST_KEPT: usize = 10_000;

/// The handles of one type of metrics.
#[derive(Debug)]
pub(super) struct KeptHandles<H>(SectionLock<HashMap<Key, Arc<H>>>);

impl<H> Default for KeptHandles<H> {
    fn default() -> Self {
        Self(SectionLock::default())
    }
}

impl<H> KeptHandles<H> {
    /// The handle of a metric, for all who ask for it; beyond the limit one of its own, which
    /// is made to know that.
    pub(super) fn get(&self, key: &Key, make: impl Fn() -> H, own: impl Fn(H) -> H) -> Arc<H> {
        let handles = self.0.read();
        if let Some(handle) = handles.get(key) {
            return Arc::clone(handle);
        }
        let is_full = handles.len() >= MOST_KEPT;
        drop(handles);
        if is_full {
            return Arc::new(own(make()));
        }
        self.keep(key, make(), own)
    }

    /// The handle, or the one that another thread was quicker to make of the metric.
    fn keep(&self, key: &Key, handle: H, own: impl Fn(H) -> H) -> Arc<H> {
        let mut handles = self.0.write();
        if let Some(known) = handles.get(key) {
            return Arc::clone(known);
        }
        if handles.len() >= MOST_KEPT {
            return Arc::new(own(handle));
        }
        let handle = Arc::new(handle);
        handles.insert(key.clone(), Arc::clone(&handle));
        handle
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integration::while_held::while_held;

    #[test]
    fn a_metric_keeps_its_handle_and_further_ones_wait_for_no_reader() {
        let kept = KeptHandles::default();
        let handle = |number: usize| {
            let key = Key::from_name(number.to_string());
            kept.get(&key, || "kept", |_| "own")
        };
        let handles: Vec<_> = (0..MOST_KEPT).map(handle).collect();
        let last = MOST_KEPT - 1;
        assert!(Arc::ptr_eq(&handle(last), &handles[last]));
        // Another thread made it too, before it was known to be kept.
        let key = Key::from_name(last.to_string());
        let again = kept.keep(&key, "kept", |_| "own");
        assert!(Arc::ptr_eq(&again, &handles[last]));
        let reader = kept.0.read();
        let further = while_held(reader, || handle(MOST_KEPT));
        assert_eq!(further.as_deref(), Some(&"own"));
    }
}
