//! The day, by which waivers expire.

use std::time::SystemTime;

use toml::value::{Date, Datetime};

use crate::text::rfc_3339;

/// The day, in UTC.
pub(in crate::command) fn today() -> Date {
    let now = rfc_3339(SystemTime::now());
    let day = now.get(..10).and_then(|day| day.parse::<Datetime>().ok());
    // Every day has this form; without one, all waivers have expired.
    day.and_then(|day| day.date).unwrap_or(Date {
        year: 9999,
        month: 12,
        day: 31,
    })
}
