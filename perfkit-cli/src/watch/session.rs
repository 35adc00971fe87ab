//! A session that was kept: one moment in a line.

use perfkit::Report;
use serde::{Deserialize, Serialize};

use super::frame::ProcessFigures;

/// What a line says that it is.
const SCHEMA: &str = "perfkit-watch/1";

/// One line: what was seen at one moment.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Moment {
    schema: String,
    pub(crate) process: ProcessFigures,
    /// As it was told, which says when that was.
    pub(crate) report: Report,
}

impl Moment {
    pub(crate) fn new(process: ProcessFigures, report: Report) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            process,
            report,
        }
    }

    /// As a line of a file, with its end.
    pub(crate) fn to_line(&self) -> Option<Vec<u8>> {
        let mut line = serde_json::to_vec(self).ok()?;
        line.push(b'\n');
        Some(line)
    }

    /// Of a line; as an error what is wrong with it.
    pub(crate) fn of_line(line: &[u8]) -> Result<Self, String> {
        let moment: Self = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        match moment.schema == SCHEMA {
            true => Ok(moment),
            false => Err(format!("it is not of the format {SCHEMA}")),
        }
    }
}

/// Whether a file that begins so is a session.
pub(crate) fn is_session(start: &[u8]) -> bool {
    start.starts_with(format!("{{\"schema\":\"{SCHEMA}\"").as_bytes())
}

#[cfg(test)]
mod tests {
    use perfkit::Monitor;

    use super::*;

    #[test]
    fn a_moment_is_a_line_and_comes_back() {
        let monitor = Monitor::new();
        monitor.measure("a\nb", || ());
        let process = ProcessFigures {
            threads: Some(2.0),
            ..ProcessFigures::default()
        };
        let moment = Moment::new(process, Report::from_snapshot(monitor.snapshot()));
        let line = moment.to_line().unwrap();
        assert!(is_session(&line));
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        let back = Moment::of_line(&line).unwrap();
        assert_eq!(back.process, process);
        assert_eq!(back.report.operations, moment.report.operations);
        assert!(Moment::of_line(b"{}").is_err() && !is_session(b"{}"));
    }
}
