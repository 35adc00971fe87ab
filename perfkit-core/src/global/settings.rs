//! What the environment variables ask for.

use std::env::{self, VarError};
use std::path::PathBuf;
use std::time::Duration;

use crate::process::has_elevated_rights;
use crate::unit::Unit;

/// What the environment asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) is_enabled: bool,
    pub(super) summary_at_exit: bool,
    pub(super) report_path: Option<PathBuf>,
    pub(super) report_every: Option<Duration>,
    /// Values that were not understood, to be told once.
    pub(super) complaints: Vec<String>,
}

const MODE: &str = "PERFKIT";
const REPORT: &str = "PERFKIT_REPORT";
const REPORT_EVERY: &str = "PERFKIT_REPORT_EVERY";

/// What the environment asks for. Where the program has rights that whoever started it has
/// not, such as to write to files of others, it asks for nothing.
pub(super) fn from_environment() -> Settings {
    if has_elevated_rights() {
        return of_elevated_rights(|name| env::var_os(name).is_some_and(|value| !value.is_empty()));
    }
    let text = |name: &str| match env::var(name) {
        Ok(value) => Some(value),
        Err(VarError::NotPresent) => None,
        Err(VarError::NotUnicode(value)) => Some(value.to_string_lossy().into_owned()),
    };
    let mut settings = parse(text(MODE).as_deref(), text(REPORT_EVERY).as_deref());
    let path = env::var_os(REPORT).filter(|path| !path.is_empty());
    settings.report_path = path.map(PathBuf::from);
    settings
}

/// Nothing but to say that what was asked for is not done. The values, which are anybody's,
/// are not told.
fn of_elevated_rights(is_set: impl Fn(&str) -> bool) -> Settings {
    let mut settings = parse(None, None);
    let set = [MODE, REPORT, REPORT_EVERY].into_iter();
    let set: Vec<&str> = set.filter(|name| is_set(name)).collect();
    if !set.is_empty() {
        settings.complaints.push(format!(
            "{} without effect: the program has rights that whoever started it has not (setuid, setgid, capabilities of its file): measure a copy without them",
            set.join(", ")
        ));
    }
    settings
}

fn parse(mode: Option<&str>, report_every: Option<&str>) -> Settings {
    let mut complaints = Vec::new();
    let mode = mode.unwrap_or_default();
    if !matches!(mode, "" | "on" | "off" | "summary") {
        complaints.push(format!(
            "PERFKIT is `{}`, and known are off, on and summary: recording is on",
            mode.escape_debug()
        ));
    }
    let report_every = report_every.filter(|text| !text.is_empty());
    let report_every = report_every.and_then(|text| match Unit::Nanoseconds.parse(text) {
        Ok(ns) if ns <= 0.0 => {
            complaints.push(format!("PERFKIT_REPORT_EVERY: `{text}` is no time to wait"));
            None
        }
        Ok(ns) => Some(Duration::from_nanos(ns as u64).max(Duration::from_millis(10))),
        Err(error) => {
            complaints.push(format!("PERFKIT_REPORT_EVERY: {error}"));
            None
        }
    });
    Settings {
        is_enabled: mode != "off",
        summary_at_exit: mode == "summary",
        report_path: None,
        report_every,
        complaints,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_modes() {
        assert!(parse(None, None).is_enabled);
        assert!(parse(Some("on"), None).is_enabled);
        assert!(!parse(Some("off"), None).is_enabled);
        assert!(parse(Some("summary"), None).summary_at_exit);
    }

    #[test]
    fn what_is_not_understood_is_told_and_records_on() {
        let settings = parse(Some("sumary"), Some("5 parsecs"));
        assert!(settings.is_enabled && !settings.summary_at_exit);
        assert_eq!(settings.complaints.len(), 2);
        assert_eq!(settings.report_every, None);
        assert_eq!(parse(None, Some("-5s")).report_every, None);
        let settings = parse(None, Some("5s"));
        assert_eq!(settings.report_every, Some(Duration::from_secs(5)));
    }

    #[test]
    fn what_is_not_obeyed_for_elevated_rights_is_told_at_once() {
        assert_eq!(of_elevated_rights(|_| false), parse(None, None));
        let mut settings = of_elevated_rights(|name| name != MODE);
        let complaint = settings.complaints.pop().unwrap();
        assert!(complaint.starts_with("PERFKIT_REPORT, PERFKIT_REPORT_EVERY without effect:"));
        assert_eq!(settings, parse(None, None));
    }
}
