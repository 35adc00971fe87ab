//! What the environment variables ask for.

use std::env::{self, VarError};
use std::path::PathBuf;
use std::time::Duration;

use crate::process::has_elevated_rights;
use crate::unit::Unit;

use super::limits::{self, Limits};

/// What the environment asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) is_enabled: bool,
    pub(super) summary_at_exit: bool,
    /// Whether others may look at the program while it runs.
    pub(super) is_watchable: bool,
    pub(super) report_path: Option<PathBuf>,
    pub(super) interval: Interval,
    /// Whether the report is saved before a signal ends the program.
    pub(super) watches_signals: bool,
    pub(super) limits: Limits,
    /// Values that were not understood, to be told once.
    pub(super) complaints: Vec<String>,
}

/// How often a report is saved while the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interval {
    /// Nothing is said of it.
    Default,
    Every(Duration),
    Never,
}

const MODE: &str = "PERFKIT";
const REPORT: &str = "PERFKIT_REPORT";
const REPORT_EVERY: &str = "PERFKIT_REPORT_EVERY";
const SIGNALS: &str = "PERFKIT_SIGNALS";

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
    let [mode, every, signals] = [MODE, REPORT_EVERY, SIGNALS].map(text);
    let mut settings = parse(mode.as_deref(), every.as_deref(), signals.as_deref());
    let path = env::var_os(REPORT).filter(|path| !path.is_empty());
    settings.report_path = path.map(PathBuf::from);
    settings.limits = Limits::parse(text, &mut settings.complaints);
    settings
}

/// Nothing but to say that what was asked for is not done. The values, which are anybody's,
/// are not told.
fn of_elevated_rights(is_set: impl Fn(&str) -> bool) -> Settings {
    let mut settings = parse(None, None, None);
    let all = [MODE, REPORT, REPORT_EVERY, SIGNALS].into_iter();
    let all = all.chain(limits::VARIABLES);
    let set: Vec<&str> = all.filter(|name| is_set(name)).collect();
    if !set.is_empty() {
        settings.complaints.push(format!(
            "{} without effect: the program has rights that whoever started it has not (setuid, setgid, capabilities of its file): measure a copy without them",
            set.join(", ")
        ));
    }
    settings
}

fn parse(mode: Option<&str>, every: Option<&str>, signals: Option<&str>) -> Settings {
    let mut complaints = Vec::new();
    let mode = mode.unwrap_or_default();
    if !matches!(mode, "" | "on" | "off" | "summary" | "watch") {
        complaints.push(format!(
            "PERFKIT is `{}`, and known are off, on, summary and watch: recording is on",
            mode.escape_debug()
        ));
    }
    let interval = interval(every.unwrap_or_default()).unwrap_or_else(|complaint| {
        complaints.push(complaint);
        Interval::Default
    });
    let signals = signals.unwrap_or_default();
    if !matches!(signals, "" | "on" | "off") {
        complaints.push(format!(
            "PERFKIT_SIGNALS is `{}`, and known are off and on: it is on",
            signals.escape_debug()
        ));
    }
    Settings {
        is_enabled: mode != "off",
        summary_at_exit: mode == "summary",
        is_watchable: mode == "watch",
        report_path: None,
        interval,
        watches_signals: signals != "off",
        limits: Limits::default(),
        complaints,
    }
}

fn interval(text: &str) -> Result<Interval, String> {
    match text {
        "" => return Ok(Interval::Default),
        "off" => return Ok(Interval::Never),
        _ => {}
    }
    match Unit::Nanoseconds.parse(text) {
        Ok(ns) if ns <= 0.0 => Err(format!(
            "PERFKIT_REPORT_EVERY: `{text}` is no time to wait; `off` saves at the end alone"
        )),
        Ok(ns) => Ok(Interval::Every(
            Duration::from_nanos(ns as u64).max(Duration::from_millis(10)),
        )),
        Err(error) => Err(format!("PERFKIT_REPORT_EVERY: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_values() {
        let mode = |mode| parse(Some(mode), None, None);
        assert!(parse(None, None, None).is_enabled);
        assert!(mode("on").is_enabled);
        assert!(!mode("off").is_enabled);
        assert!(mode("summary").summary_at_exit && !mode("summary").is_watchable);
        assert!(mode("watch").is_watchable && mode("watch").is_enabled);
        let every = |every| parse(None, Some(every), None).interval;
        assert_eq!(every(""), Interval::Default);
        assert_eq!(every("off"), Interval::Never);
        assert_eq!(every("5s"), Interval::Every(Duration::from_secs(5)));
        assert_eq!(every("1us"), Interval::Every(Duration::from_millis(10)));
        let signals = |signals| parse(None, None, Some(signals)).watches_signals;
        assert!(signals("") && signals("on") && !signals("off"));
    }

    #[test]
    fn what_is_not_understood_is_told_and_records_on() {
        let settings = parse(Some("sumary"), Some("5 parsecs"), Some("of"));
        assert!(settings.is_enabled && !settings.summary_at_exit && settings.watches_signals);
        assert_eq!(settings.complaints.len(), 3);
        assert_eq!(settings.interval, Interval::Default);
        let settings = parse(None, Some("-5s"), None);
        assert_eq!(settings.interval, Interval::Default);
        assert!(settings.complaints[0].contains("`off` saves"));
    }

    #[test]
    fn what_is_not_obeyed_for_elevated_rights_is_told_at_once() {
        let nothing = parse(None, None, None);
        assert_eq!(of_elevated_rights(|_| false), nothing);
        let mut settings = of_elevated_rights(|name| name != MODE);
        let complaint = settings.complaints.pop().unwrap();
        let named =
            "PERFKIT_REPORT, PERFKIT_REPORT_EVERY, PERFKIT_SIGNALS, PERFKIT_MAX_OPERATIONS, ";
        assert!(complaint.starts_with(named));
        assert!(complaint.contains(", PERFKIT_MEMORY_BUDGET without effect:"));
        assert_eq!(settings, nothing);
    }
}
