//! What is measured: one function for each way to measure a call.
//!
//! Each is `fn(u64) -> u64`, never inlined, and returns what [`body`] returns, so
//! that all are called alike and differ in nothing but their measuring.
//!
//! [`body`]: crate::work::body

pub(crate) mod allocation;
pub(crate) mod own;
pub(crate) mod peers;
pub(crate) mod reference;

use std::sync::atomic::{AtomicU64, Ordering};

/// One way to measure a call.
#[derive(Debug)]
pub(crate) struct Implementation {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// With an empty body.
    tight: fn(u64) -> u64,
    /// With about 15 ns of work in the body.
    work: fn(u64) -> u64,
    /// What is done around each of its batches.
    pub(crate) around: Around,
    /// How many calls it has counted, where it can be asked.
    counted: Option<fn() -> u64>,
    /// How many calls of it were made.
    made: AtomicU64,
}

/// What kind of implementation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What a call and a clock cost without any library.
    Reference,
    /// A way to measure with perfkit.
    Own,
    /// Another library.
    Peer,
    /// A pair of allocation and release; it has no body.
    Allocation,
}

/// What is done around a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Around {
    Nothing,
    /// Recording is switched off.
    SwitchedOff,
    /// The whole batch is one call measured with `memory`.
    MemoryCall,
}

/// What surrounds the measuring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Empty bodies, call after call.
    Tight,
    /// About 15 ns of work in the body and as much between the calls.
    Work,
}

impl Setting {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tight => "tight loop",
            Self::Work => "with work",
        }
    }
}

impl Implementation {
    fn new(
        kind: Kind,
        name: &'static str,
        [tight, work]: [fn(u64) -> u64; 2],
        counted: Option<fn() -> u64>,
    ) -> Self {
        Self {
            name,
            kind,
            tight,
            work,
            around: Around::Nothing,
            counted,
            made: AtomicU64::new(0),
        }
    }

    fn around(self, around: Around) -> Self {
        Self { around, ..self }
    }

    /// The settings that it can be measured in.
    pub(crate) fn settings(&self) -> &'static [Setting] {
        match self.kind {
            Kind::Allocation => &[Setting::Tight],
            _ => &[Setting::Tight, Setting::Work],
        }
    }

    /// Does what must be done before any thread calls it.
    pub(crate) fn prepare(&self) {
        perfkit::set_enabled(self.around != Around::SwitchedOff);
    }

    /// The function to call, so many times.
    pub(crate) fn call(&self, setting: Setting, calls: u64) -> fn(u64) -> u64 {
        self.made.fetch_add(calls, Ordering::Relaxed);
        match setting {
            Setting::Tight => self.tight,
            Setting::Work => self.work,
        }
    }

    /// What is wrong with the number of calls that it has counted.
    pub(crate) fn miscount(&self) -> Option<String> {
        let counted = self.counted?();
        let made = match self.around {
            Around::SwitchedOff => 0,
            Around::Nothing | Around::MemoryCall => self.made.load(Ordering::Relaxed),
        };
        let name = self.name;
        (counted != made).then(|| format!("{name} counted {counted} calls of {made}"))
    }
}

/// Both forms of an implementation's function: without and with work.
macro_rules! forms {
    ($function:ident) => {
        [$function::<false>, $function::<true>]
    };
}
use forms;

/// All implementations, in the order of the tables.
pub(crate) fn all() -> Vec<Implementation> {
    let mut all = reference::all();
    all.extend(own::all());
    all.extend(peers::all());
    all.extend(allocation::all());
    all
}
