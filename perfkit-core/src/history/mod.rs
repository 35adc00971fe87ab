//! Values that were measured again and again: what changed, when, and by how much.
//!
//! This is the analysis that `perfkit history` on the command line drives. It is no API: names
//! and signatures change without notice. `judge` looks at many series together, which share
//! the error that [`HistoryRules`] allow; [`Series`] is what it looks at.

mod change;
mod event;
mod judge;
mod judged_series;
mod series;

pub use change::{Certainty, Change, ChangeKind};
pub use event::Event;
pub use judge::{HistoryRules, Judged, judge};
pub use judged_series::JudgedSeries;
pub use series::{Point, Series};
