//! What is seen is held against: a baseline, and the budgets of `perfkit.toml`.

use perfkit::Report;

use crate::args::WatchArguments;
use crate::error::Error;
use crate::input::{ConfigFile, load_report};
use crate::watch::Reference;

/// What the arguments say.
pub(super) fn reference(arguments: &WatchArguments) -> Result<Reference, Error> {
    let baseline = arguments.baseline.as_deref();
    let baseline: Option<Report> = baseline.map(load_report).transpose()?;
    let config = ConfigFile::find(arguments.config.as_deref())?;
    let rules = config.map(|config| config.rules()).transpose()?;
    let budgets = rules.map_or_else(Vec::new, |rules| rules.budgets);
    Ok(Reference::new(baseline.as_ref(), budgets))
}
