//! Changes of several series at the same place.

use super::change::ChangeKind;
use super::judged_series::JudgedSeries;

/// What happened at one place of the history: changes that may have one cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The positions that all of its changes allow, both included.
    pub positions: (u64, u64),
    /// Its changes: the index of a series, and the index of the change in it.
    pub changes: Vec<(usize, usize)>,
}

/// Groups steps whose positions overlap, from the first to the last: a change joins the event
/// before it as long as one position is left that all allow. Every drift is an event of its own.
pub(super) fn events(series: &[JudgedSeries]) -> Vec<Event> {
    let all = series.iter().enumerate().flat_map(|(index, series)| {
        let changes = series.changes.iter().enumerate();
        changes.map(move |(at, change)| (change, (index, at)))
    });
    let (mut steps, drifts): (Vec<_>, Vec<_>) =
        all.partition(|(change, _)| change.kind == ChangeKind::Step);
    // By their ends, so that a wide one joins whatever it may belong to.
    steps.sort_by_key(|(change, _)| (change.positions.1, change.positions.0));
    let mut events: Vec<Event> = Vec::new();
    for (change, place) in steps {
        let (low, high) = change.positions;
        let fits = |event: &&mut Event| event.positions.1 >= low;
        match events.last_mut().filter(fits) {
            Some(event) => {
                event.positions.0 = event.positions.0.max(low);
                event.positions.1 = event.positions.1.min(high);
                event.changes.push(place);
            }
            None => events.push(Event {
                positions: (low, high),
                changes: vec![place],
            }),
        }
    }
    events.extend(drifts.into_iter().map(|(change, place)| Event {
        positions: change.positions,
        changes: vec![place],
    }));
    events.sort_by_key(|event| event.positions);
    events
}
