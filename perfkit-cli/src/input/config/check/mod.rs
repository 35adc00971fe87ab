//! From the text of the configuration to its values.

mod budget;
mod regression;
mod values;
mod waiver;

use toml::Spanned;

use crate::args::{Confidence, Share};

use super::config_error::ConfigError;
use super::raw::{RawCompare, RawConfig, RawHistory, RawShare};
use super::rules::{CompareDefaults, GateRules};

use budget::check_budget;
use regression::check_regression;
use values::{duration, percentage, run_count, share, value};
use waiver::check_waiver;

impl RawConfig {
    /// Turns text into values; the first error ends it.
    pub(super) fn check(self) -> Result<GateRules, ConfigError> {
        let defaults = GateRules::default();
        let confidence: Option<Confidence> = self.gate.confidence.map(share).transpose()?;
        let budgets: Result<_, _> = self.budget.into_iter().map(check_budget).collect();
        let regressions = self.regression.into_iter().map(check_regression);
        let regressions: Vec<_> = regressions.collect::<Result<_, _>>()?;
        let waivers: Result<_, _> = self.waiver.into_iter().map(check_waiver).collect();
        self.compare.check()?;
        self.history.check()?;
        Ok(GateRules {
            confidence: confidence.map_or(defaults.confidence, |level| level.0),
            inconclusive: self.gate.inconclusive,
            missing: self.gate.missing,
            stale: self.gate.stale.unwrap_or(defaults.stale),
            budgets: budgets?,
            regressions: regressions.into_iter().flatten().collect(),
            waivers: waivers?,
        })
    }
}

impl RawCompare {
    pub(super) fn check(self) -> Result<CompareDefaults, ConfigError> {
        Ok(CompareDefaults {
            warmup: self.warmup,
            min_runs: self.min_runs.map(run_count).transpose()?,
            max_runs: self.max_runs.map(run_count).transpose()?,
            time: self.time.as_ref().map(duration).transpose()?,
            shell: self.shell,
            confidence: self.confidence.map(share).transpose()?,
            indifference: self.indifference.map(indifference).transpose()?,
        })
    }
}

impl RawHistory {
    /// Where records are kept.
    pub(super) fn check(self) -> Result<Option<String>, ConfigError> {
        let Some(store) = self.store else {
            return Ok(None);
        };
        if store.get_ref().trim().is_empty() {
            let error = ConfigError::new(store.span(), "the store has no name");
            return Err(error.help("name a folder, or write store = \"git\""));
        }
        Ok(Some(store.into_inner()))
    }
}

fn indifference(raw: Spanned<RawShare>) -> Result<Share, ConfigError> {
    let text = percentage(&raw)?;
    value(&Spanned::new(raw.span(), text))
}
