//! Files that are read: reports, results of other tools, the configuration.

mod config;
pub(crate) mod environment;
mod import;
mod load;
#[cfg(feature = "watch")]
mod scrape;

pub(crate) use config::{
    Budget, Ceiling, CompareDefaults, ConfigFile, GateRules, Limit, NumberKind, OnInconclusive,
    OnMissing, Regression, Scope, Waiver,
};
pub(crate) use import::try_all;
pub(crate) use load::{holds_results, is_missing, is_report, load_report};
#[cfg(feature = "watch")]
pub(crate) use scrape::{Address, Scraped, scrape};
