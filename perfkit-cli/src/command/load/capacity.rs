//! The highest rate that keeps some limits.

use std::sync::Arc;

use perfkit::load::{FoundCapacity, Limits, find_capacity};
use tokio::runtime::Runtime;

use crate::args::LoadArguments;
use crate::error::Error;

use super::client::Client;
use super::open::{open, send};
use super::running::Watch;

/// Tries rates until the capacity is known, or a signal ends the search.
pub(super) fn find(
    arguments: &LoadArguments,
    limits: Limits,
    name: &str,
    client: &Arc<Client>,
    runtime: &Runtime,
    watch: &Watch<'_>,
) -> Result<FoundCapacity, Error> {
    let first = 100.0_f64.min(arguments.max_rate.0);
    let search = find_capacity(limits)
        .from(first)
        .up_to(arguments.max_rate.0);
    search.try_run_blocking(|rate, trial| {
        let seed = arguments.seed.wrapping_add(trial);
        let load = open(arguments, rate, name.to_owned()).seed(seed);
        let handle = load.handle();
        let client = Arc::clone(client);
        let load = load.run(move |index| send(Arc::clone(&client), index));
        let planned = arguments.duration.0 + arguments.warmup.0;
        watch.run(runtime, planned, handle, load)
    })
}
