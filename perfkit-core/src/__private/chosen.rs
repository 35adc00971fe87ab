//! The operation of a call whose monitor or labels may differ from call to call.

use std::cell::Cell;
use std::fmt::{self, Debug, Display};

use crate::alloc;
use crate::label::LONGEST;
use crate::measure::enter_fast;
use crate::monitor::{Monitor, Operation};
use crate::recorder::{Shard, StateReading, names, shard_of_thread};
use crate::text::write_bounded;

use super::call_site::CallSite;

thread_local! {
    /// Room for a key's text, so that writing one allocates nothing.
    static TEXT: Cell<String> = const { Cell::new(String::new()) };
}

/// What decides the operation.
#[derive(Clone, Copy)]
pub(super) struct Chosen<'a> {
    pub(super) site: &'static CallSite,
    /// Empty for functions.
    pub(super) type_name: &'a str,
    pub(super) monitor: &'a Monitor,
    pub(super) labels: &'a [(&'a str, &'a dyn Display)],
}

impl Chosen<'_> {
    pub(super) fn operation(&self) -> Operation {
        match self.labels {
            [] => self.site.operation_on(self.monitor, self.type_name),
            labels => self.site.labelled_on(self.monitor, self.type_name, labels),
        }
    }

    /// The calling thread's shard, which is entered; `None` where the call has to take the
    /// full path.
    #[inline(never)]
    pub(super) fn enter(&self, state: StateReading) -> Option<&'static Shard> {
        if state.needs_full_path() {
            return None;
        }
        if self.labels.is_empty() && self.type_name.is_empty() {
            return self.enter_as("", state);
        }
        let mut text = TEXT.try_with(Cell::take).unwrap_or_default();
        text.clear();
        alloc::uncounted(|| self.write(&mut text));
        let shard = self.enter_as(&text, state);
        let _ = TEXT.try_with(|kept| kept.set(text));
        shard
    }

    fn enter_as(&self, text: &str, state: StateReading) -> Option<&'static Shard> {
        let key = names::Key {
            monitor: self.monitor.id(),
            site: std::ptr::from_ref(self.site).addr(),
            text: text.as_bytes(),
        };
        let shard = match names::find(key) {
            Some(shard) => shard,
            None => self.find_anew(key)?,
        };
        shard.remember_state(state);
        enter_fast(shard, state).then_some(shard)
    }

    #[cold]
    fn find_anew(&self, key: names::Key<'_>) -> Option<&'static Shard> {
        let operation = self.operation();
        let shard = shard_of_thread(&operation.destination.entry.recorder)?;
        alloc::uncounted(|| names::remember(key, shard));
        Some(shard)
    }

    /// Writes what tells the operations of the place apart: its labels' keys are always
    /// the same. Each part has its length behind it, so that no two come out alike.
    fn write(&self, text: &mut String) {
        text.push_str(self.type_name);
        text.push(length_as_text(self.type_name.len()));
        for (_, value) in self.labels {
            let from = text.len();
            write_bounded(text, value, LONGEST);
            text.push(length_as_text(text.len() - from));
        }
    }
}

/// A character for a length; lengths that have none of their own are too long for a key
/// that is remembered.
fn length_as_text(length: usize) -> char {
    let length = u32::try_from(length).ok().and_then(char::from_u32);
    length.unwrap_or(char::MAX)
}

impl Debug for Chosen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chosen").finish_non_exhaustive()
    }
}
