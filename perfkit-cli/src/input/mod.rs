//! Files that are read: reports and the configuration.

mod config;
pub(crate) mod environment;

pub(crate) use config::{
    Bound, Budget, CompareDefaults, Config, Direction, Inconclusive, Quantity, Regression, Rules,
    Subject,
};

use std::path::Path;

use perfkit::Report;

use crate::error::Error;

/// Reads a report.
pub(crate) fn load_report(path: &Path) -> Result<Report, Error> {
    Report::load(path).map_err(|error| Error::report(path, &error))
}
