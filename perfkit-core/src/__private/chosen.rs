//! The operation of a call whose monitor or labels may differ from call to call.

use std::cell::Cell;
use std::fmt::{self, Debug, Display};

use crate::alloc;
use crate::label::LONGEST;
use crate::measure::enter_by_state;
use crate::monitor::{Destination, Handle, Monitor, Operation};
use crate::recorder::names::{self, Names, Text};
use crate::recorder::{Shard, StateReading, shard_of_thread};
use crate::text::write_bounded;

use super::call_site::CallSite;
use super::label_key::LabelKey;
use super::label_value::LabelValue;

thread_local! {
    /// Room for a key's text, so that writing one allocates nothing.
    static TEXT: Cell<String> = const { Cell::new(String::new()) };

    /// The operations of the program's own monitor, for calls that begin later.
    static OPERATIONS: Names<&'static Destination> = const { Names::new() };
}

/// What decides the operation.
#[derive(Clone, Copy)]
pub(super) struct Chosen<'a> {
    pub(super) site: &'static CallSite,
    /// Empty for functions.
    pub(super) type_name: &'a str,
    pub(super) monitor: &'a Monitor,
    pub(super) labels: &'a [(&'a str, LabelValue<'a>)],
}

/// How a call on the operation begins.
pub(super) enum Entered {
    /// On the fast path: the call has entered the shard.
    Fast(&'static Shard),
    /// On the full one.
    Full(Operation),
}

impl Chosen<'_> {
    /// The operation; while recording is off, labels are not even written.
    pub(super) fn operation(&self) -> Operation {
        if !self.monitor.is_enabled() {
            return self.labelled::<&str>(&[]);
        }
        let key = LabelKey::of(self.type_name, self.labels);
        match key.filter(|_| self.monitor.is_global()) {
            Some(key) => self.remembered(self.key(key)),
            None => self.labelled(self.labels),
        }
    }

    fn remembered(&self, key: names::Key<LabelKey<'_>>) -> Operation {
        let known = OPERATIONS.try_with(|known| known.find(key));
        if let Some(destination) = known.ok().flatten() {
            return Operation::new(Handle::Static(destination));
        }
        let operation = self.labelled(self.labels);
        if let Handle::Static(destination) = operation.destination {
            let remember = |known: &Names<_>| known.remember(key, destination);
            let _ = alloc::uncounted(|| OPERATIONS.try_with(remember));
        }
        operation
    }

    #[inline(always)]
    fn key<T>(&self, text: T) -> names::Key<T> {
        names::Key {
            monitor: self.monitor.id(),
            site: std::ptr::from_ref(self.site).addr(),
            text,
        }
    }

    fn labelled<V: Display>(&self, labels: &[(&str, V)]) -> Operation {
        match labels {
            [] => self.site.operation_on(self.monitor, self.type_name),
            labels => self.site.labelled_on(self.monitor, self.type_name, labels),
        }
    }

    /// Finds the operation, and enters the calling thread's shard of it where that is
    /// possible.
    #[inline(never)]
    pub(super) fn enter(&self, state: StateReading) -> Entered {
        if state.needs_full_path() && !state.is_collected() {
            return Entered::Full(self.labelled(self.labels));
        }
        let find = || self.labelled(self.labels);
        if self.labels.is_empty() && self.type_name.is_empty() {
            return self.enter_as(&b""[..], state, find);
        }
        match LabelKey::of(self.type_name, self.labels) {
            Some(key) => self.enter_as(key, state, find),
            None => self.enter_written(state),
        }
    }

    /// The same where what tells the operations apart has to be written. The labels are those
    /// that were written: shown once more they might be others.
    #[inline(never)]
    fn enter_written(&self, state: StateReading) -> Entered {
        let mut text = TEXT.try_with(Cell::take).unwrap_or_default();
        text.clear();
        alloc::uncounted(|| self.write(&mut text));
        let entered = self.enter_as(text.as_bytes(), state, || {
            let values = values(&text, self.labels.len());
            let labels = self.labels.iter().zip(values);
            let labels = labels.map(|((name, _), value)| (*name, value));
            self.labelled(&labels.collect::<Vec<_>>())
        });
        let _ = TEXT.try_with(|kept| kept.set(text));
        entered
    }

    #[inline(always)]
    fn enter_as<T: Text>(
        &self,
        text: T,
        state: StateReading,
        find: impl FnOnce() -> Operation,
    ) -> Entered {
        let key = self.key(text);
        if let Some(shard) = names::find(key)
            && enter_by_state(shard, state, self.monitor, None)
        {
            return Entered::Fast(shard);
        }
        self.find_anew(key, state, find)
    }

    #[cold]
    #[inline(never)]
    fn find_anew<T: Text>(
        &self,
        key: names::Key<T>,
        state: StateReading,
        find: impl FnOnce() -> Operation,
    ) -> Entered {
        let operation = alloc::uncounted(find);
        let Some(shard) = shard_of_thread(&operation.destination.entry.recorder) else {
            return Entered::Full(operation);
        };
        alloc::uncounted(|| names::remember(key, shard));
        let entry = &operation.destination.entry;
        match enter_by_state(shard, state, self.monitor, Some(entry)) {
            true => Entered::Fast(shard),
            false => Entered::Full(operation),
        }
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

/// So many values, which are the last parts of what was written.
fn values(mut text: &str, count: usize) -> Vec<&str> {
    let mut last = || {
        let length = text.chars().next_back()?;
        let rest = &text[..text.len() - length.len_utf8()];
        let (before, value) = rest.split_at_checked(rest.len().checked_sub(length as usize)?)?;
        text = before;
        Some(value)
    };
    let mut values: Vec<&str> = (0..count).map(|_| last().unwrap_or_default()).collect();
    values.reverse();
    values
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
