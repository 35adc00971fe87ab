//! What is asked of the load generator.

use std::sync::Arc;

use perfkit::Outcome;
use perfkit::load::{self, Arrivals, LoadShard, Open};

use crate::args::{ArrivalKind, LoadArguments};

use super::client::Client;

/// Sends request number `index`.
pub(super) async fn send(client: Arc<Client>, index: u64) -> Outcome {
    client.send(index).await
}

/// An open load as it is asked for, at this rate.
pub(super) fn open(arguments: &LoadArguments, rate: f64, name: String) -> Open {
    let load = load::open(rate)
        .arrivals(match arguments.arrivals {
            ArrivalKind::Poisson => Arrivals::Poisson,
            ArrivalKind::Constant => Arrivals::Constant,
        })
        .for_(arguments.duration.0)
        .warm_up(arguments.warmup.0)
        .max_in_flight(arguments.max_in_flight)
        .drain(arguments.drain.0)
        .seed(arguments.seed)
        .name(name);
    let load = match arguments.ramp_to {
        Some(to) => load.ramp(rate, to.0),
        None => load,
    };
    let shard = arguments.shard;
    match shard.and_then(|shard| LoadShard::new(shard.number, shard.of)) {
        Some(shard) => load.shard(shard),
        None => load,
    }
}
