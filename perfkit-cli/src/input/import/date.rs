//! When another tool measured.

use std::time::{Duration, SystemTime};

/// A time in RFC 3339 with its offset from UTC. One without an offset could be
/// meant for any place on earth, and is none.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    let text = text.trim();
    if let Ok(time) = humantime::parse_rfc3339(text) {
        return Some(time);
    }
    let (local, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes): (u64, u64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let offset_seconds = Duration::from_secs(hours * 3600 + minutes * 60);
    let local = humantime::parse_rfc3339(&format!("{local}Z")).ok()?;
    match offset.as_bytes()[0] {
        b'+' => local.checked_sub(offset_seconds),
        b'-' => local.checked_add(offset_seconds),
        _ => None,
    }
}

/// A time without an offset that is known to be in UTC, or one with an offset.
pub(super) fn parse_utc(text: &str) -> Option<SystemTime> {
    parse(text).or_else(|| parse(&format!("{}Z", text.trim())))
}

/// Seconds since 1970.
pub(super) fn from_seconds(seconds: f64) -> Option<SystemTime> {
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_an_offset_are_read() {
        let shown = |text: &str| parse(text).map(|t| humantime::format_rfc3339(t).to_string());
        let table = [
            ("2026-11-20T12:28:26Z", "2026-11-20T12:28:26Z"),
            ("2026-11-20T12:28:26+00:00", "2026-11-20T12:28:26Z"),
            (
                "2026-11-20T12:28:26.5+05:30",
                "2026-11-20T06:58:26.500000000Z",
            ),
            ("2026-12-31T20:00:00-08:00", "2027-01-01T04:00:00Z"),
            (
                "2026-11-20T12:27:10.786361+00:00",
                "2026-11-20T12:27:10.786361000Z",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
        let odd = [
            "",
            "é",
            "2026-11-20T12:28:26",
            "2026-11-20 12:28",
            "2026-11-20T12:28:26+0000",
            "2026-11-20T12:28:26+é:00",
            "2026-11-20T12:28:26*00:00",
            "2026-13-20T12:28:26Z",
            "99999999999999999999999Z",
            "1970-01-01T00:00:00+99999999999999999:00",
        ];
        for text in odd {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!(parse_utc("2026-11-20T12:28:26.1").is_some());
        assert_eq!(from_seconds(1.0), parse("1970-01-01T00:00:01Z"));
        for seconds in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
            assert_eq!(from_seconds(seconds), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_a_panic(text in ".{0,60}") {
            let _ = (parse(&text), parse_utc(&text));
        }
    }
}
