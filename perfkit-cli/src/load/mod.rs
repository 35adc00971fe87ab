//! What is asked of a server under load, and what became of it: in the feature `load`.

mod failure;
mod targets;

pub(crate) use failure::{Refusal, failure_of};
pub(crate) use targets::{Target, Targets};
