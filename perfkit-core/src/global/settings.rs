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

/// What the environment asks for. Where the program has rights that whoever started it has
/// not, such as to write to files of others, it asks for nothing.
pub(super) fn from_environment() -> Settings {
    if has_elevated_rights() {
        return parse(None, None);
    }
    let text = |name: &str| match env::var(name) {
        Ok(value) => Some(value),
        Err(VarError::NotPresent) => None,
        Err(VarError::NotUnicode(value)) => Some(value.to_string_lossy().into_owned()),
    };
    let mut settings = parse(
        text("PERFKIT").as_deref(),
        text("PERFKIT_REPORT_EVERY").as_deref(),
    );
    let path = env::var_os("PERFKIT_REPORT").filter(|path| !path.is_empty());
    settings.report_path = path.map(PathBuf::from);
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
}
