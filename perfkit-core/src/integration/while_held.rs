//! For tests: what another thread can do while a lock is held.

use std::sync::mpsc::channel;
use std::time::Duration;

/// What the work gives on a thread of its own while a lock is held; `None` where it waits
/// for the lock.
pub(super) fn while_held<T: Send>(lock: impl Sized, work: impl FnOnce() -> T + Send) -> Option<T> {
    const PATIENCE: Duration = Duration::from_secs(60);
    std::thread::scope(|scope| {
        let (sender, receiver) = channel();
        scope.spawn(move || sender.send(work()));
        let done = receiver.recv_timeout(PATIENCE).ok();
        drop(lock);
        done
    })
}
