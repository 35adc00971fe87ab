//! The operating system's monotonic clock.

use std::sync::OnceLock;
use std::time::Instant;

/// Nanoseconds since the first call in this process, plus one, so that zero
/// never is a timestamp.
pub(super) fn now_ns() -> u64 {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    let origin = ORIGIN.get_or_init(Instant::now);
    let elapsed = Instant::now().saturating_duration_since(*origin);
    u64::try_from(elapsed.as_nanos())
        .unwrap_or(u64::MAX)
        .saturating_add(1)
}

#[cfg(test)]
mod tests {
    #[test]
    fn time_never_runs_backwards() {
        let mut last = 0;
        let readings = if cfg!(miri) { 100 } else { 10_000 };
        for _ in 0..readings {
            let now = super::now_ns();
            assert!(now >= last);
            last = now;
        }
    }
}
