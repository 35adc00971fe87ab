//! The place of one `#[measure]` in the program.

use std::fmt::Display;
use std::sync::{Arc, OnceLock};

use crate::alloc;
use crate::monitor::{Destination, Labelled, Monitor, Operation};

/// The place of one `#[measure]`, which finds its operations once.
///
/// A function has one operation. A method of a trait or of a generic type has
/// one per type that it runs for, found by the type's name.
#[derive(Debug)]
pub struct CallSite {
    /// The whole name, or of a method its last part.
    pub(super) name: &'static str,
    /// The operations on the global monitor.
    known: OnceLock<Known>,
}

/// An operation of a site, and those that were found after it.
#[derive(Debug)]
struct Known {
    /// Empty for functions.
    type_name: &'static str,
    destination: &'static Destination,
    next: OnceLock<Box<Known>>,
}

impl CallSite {
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            known: OnceLock::new(),
        }
    }

    /// The operation of a type on the global monitor.
    pub(super) fn destination(&self, type_name: &'static str) -> &'static Destination {
        let find = || Known {
            type_name,
            destination: Box::leak(Box::new(
                Monitor::global().destination(&self.full_name(type_name), None),
            )),
            next: OnceLock::new(),
        };
        let mut known = self.known.get_or_init(|| alloc::uncounted(find));
        while !is_same(known.type_name, type_name) {
            let next = || alloc::uncounted(|| Box::new(find()));
            known = known.next.get_or_init(next);
        }
        known.destination
    }

    /// The operation of a type on the given monitor; the type's name is empty for
    /// functions.
    pub(super) fn operation_on(&self, monitor: &Monitor, type_name: &str) -> Operation {
        if type_name.is_empty() {
            return monitor.operation(self.name);
        }
        let name = alloc::uncounted(|| self.full_name(type_name));
        monitor.operation(&name)
    }

    /// The same with labels.
    pub(super) fn labelled_on<V: Display>(
        &self,
        monitor: &Monitor,
        type_name: &str,
        labels: &[(&str, V)],
    ) -> Operation {
        alloc::uncounted(|| {
            let labelled = Labelled::new(&self.full_name(type_name), labels);
            monitor.operation_labelled(&labelled)
        })
    }

    fn full_name(&self, type_name: &str) -> Arc<str> {
        if type_name.is_empty() {
            return self.name.into();
        }
        format!("{}::{}", without_arguments(type_name), self.name).into()
    }
}

/// Whether two names of types are equal; mostly they are the same text. To compare
/// two empty ones byte by byte takes a hundred nanoseconds on some processors.
#[inline]
fn is_same(a: &'static str, b: &'static str) -> bool {
    let is_same_place = a.len() == b.len() && (a.is_empty() || std::ptr::eq(a, b));
    is_same_place || a == b
}

/// A type's name without its generic arguments, so that `Stack<u8>` and
/// `Stack<u16>` are one operation.
fn without_arguments(type_name: &str) -> String {
    let mut depth = 0_u32;
    let mut before = ' ';
    let mut name = String::with_capacity(type_name.len());
    for character in type_name.chars() {
        match character {
            '<' => depth += 1,
            // The arrow of a function's type closes nothing.
            '>' if before != '-' => depth = depth.saturating_sub(1),
            _ if depth == 0 => name.push(character),
            _ => {}
        }
        before = character;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_generic_arguments() {
        assert_eq!(
            without_arguments("app::Stack<alloc::vec::Vec<u8>>"),
            "app::Stack"
        );
        assert_eq!(without_arguments("dyn app::Shape"), "dyn app::Shape");
        assert_eq!(without_arguments("app::W<fn(u8) -> u8>"), "app::W");
    }
}
