//! Instants for people.

use std::time::{Duration, SystemTime};

/// An instant to the second: as `2026-01-31T12:00:00Z`, for machines.
pub(crate) fn rfc_3339(time: SystemTime) -> String {
    // Beyond these years the format has no form, and formatting panics.
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    let time = time.clamp(SystemTime::UNIX_EPOCH, last);
    humantime::format_rfc3339_seconds(time).to_string()
}

/// The same for people: `2026-01-31 12:00:00 UTC`.
pub(crate) fn utc(time: SystemTime) -> String {
    rfc_3339(time).replace('T', " ").replace('Z', " UTC")
}
