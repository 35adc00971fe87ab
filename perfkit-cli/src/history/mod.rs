//! What was measured before: records of runs, and the series that their values are.
//!
//! A [`record`] is a report with a [`head`] before it that says which run it is of, and has
//! the values of its [`series`]. A [`store`] keeps records, and the [`index`] is made of them.

mod hash;
mod head;
mod index;
mod location;
mod machine;
mod points;
mod record;
mod run;
mod series;
mod store;
mod summary;
mod trial;

pub(crate) use head::Head;
pub(crate) use index::{Index, IndexedRecord, IndexedSeries, Surroundings};
pub(crate) use location::{Located, locate};
pub(crate) use record::{Record, RecordName};
pub(crate) use run::{RunDetails, instant, record_of};
pub(crate) use series::{Point, SeriesId, SeriesKind};
pub(crate) use store::{Added, Exchanged, GitStore};
pub(crate) use summary::rounded;
pub use trial::HistoryTrial;
