//! The index of a store: SQLite, made of the records at any time, and never the truth.

mod packed;
mod reader;
mod schema;
mod sync;
mod writer;

pub(crate) use reader::{IndexedRecord, IndexedSeries, Surroundings};
pub(crate) use sync::Index;
