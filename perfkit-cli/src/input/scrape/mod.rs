//! What a running program tells Prometheus: fetched, and read as operations.

mod exposition;
mod http;
mod series;

use std::time::Duration;

pub(crate) use exposition::Scraped;
pub(crate) use http::Address;

use crate::error::Error;

/// Asks an address for what Prometheus would get, within this time.
pub(crate) fn scrape(address: &Address, patience: Duration) -> Result<Scraped, Error> {
    let failed = |why: String| Error::data(format!("{address}: {why}"));
    let body = http::get(address, patience).map_err(failed)?;
    let text = String::from_utf8_lossy(&body);
    exposition::read(&text).map_err(failed)
}
