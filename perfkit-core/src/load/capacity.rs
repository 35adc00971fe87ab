//! Finds the highest rate that keeps limits.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;

use crate::monitor::Labelled;
use crate::report::{Capacity, CapacityTrial, Note, NoteCode, Report};
use crate::snapshot::OperationSnapshot;

use super::limits::Limits;
use super::result::LoadResult;
use super::search::Search;

/// Finds the highest rate that keeps these limits, from 100 to 100,000 operations a second
/// unless others are asked for.
///
/// ```
/// use std::time::Duration;
/// use perfkit::load::{self, Limits};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let limits = Limits::parse("success > 50%").unwrap();
/// let found = load::find_capacity(limits)
///     .up_to(200.0)
///     .run(|rate, trial| {
///         load::open(rate).seed(trial).for_(Duration::from_millis(100)).run(|_| async {})
///     })
///     .await;
/// println!("{found}");
/// assert_eq!(found.capacity().low, Some(200.0));
/// # });
/// ```
pub fn find_capacity(limits: Limits) -> FindCapacity {
    FindCapacity {
        limits,
        first: 100.0,
        highest: 100_000.0,
        precision: 0.05,
    }
}

/// A search for a capacity. See [`find_capacity`].
#[derive(Clone, Debug)]
#[must_use = "nothing is tried before it is run"]
pub struct FindCapacity {
    limits: Limits,
    first: f64,
    highest: f64,
    precision: f64,
}

impl FindCapacity {
    /// The rate that is tried first, in operations per second.
    pub fn from(mut self, rate: f64) -> Self {
        self.first = rate;
        self
    }

    /// The highest rate that is tried, in operations per second.
    pub fn up_to(mut self, rate: f64) -> Self {
        self.highest = rate;
        self
    }

    /// How far apart the ends of the interval may be, as a share of the lower one; 0.05 by
    /// default, from 0.001 to 1.
    pub fn precision(mut self, share: f64) -> Self {
        self.precision = share;
        self
    }

    /// Tries rates until the capacity is known: `measure` puts load on at a rate, for the how
    /// manieth time, from 0, which a seed is to be made of. Both ends of the interval are tried
    /// twice. A trial that was ended before its time ends the search.
    pub async fn run<M, F>(self, mut measure: M) -> FoundCapacity
    where
        M: FnMut(f64, u64) -> F,
        F: Future<Output = LoadResult>,
    {
        let mut trials = Trials::new(self);
        while let Some(rate) = trials.next() {
            let result = measure(rate, trials.count()).await;
            trials.tell(rate, &result);
        }
        trials.end()
    }

    /// The same with load that is not asynchronous.
    pub fn run_blocking(self, mut measure: impl FnMut(f64, u64) -> LoadResult) -> FoundCapacity {
        let found = self.try_run_blocking(|rate, trial| Ok::<_, Infallible>(measure(rate, trial)));
        match found {
            Ok(found) => found,
            Err(never) => match never {},
        }
    }

    /// The same with load that may not be measured at all.
    ///
    /// # Errors
    /// The first error of `measure`, which ends the search.
    pub fn try_run_blocking<E>(
        self,
        mut measure: impl FnMut(f64, u64) -> Result<LoadResult, E>,
    ) -> Result<FoundCapacity, E> {
        let mut trials = Trials::new(self);
        while let Some(rate) = trials.next() {
            let result = measure(rate, trials.count())?;
            trials.tell(rate, &result);
        }
        Ok(trials.end())
    }
}

/// What was tried so far.
struct Trials {
    limits: Limits,
    search: Search,
    name: String,
    trials: Vec<CapacityTrial>,
    operations: Vec<OperationSnapshot>,
    is_interrupted: bool,
}

impl Trials {
    fn new(asked: FindCapacity) -> Self {
        Self {
            search: Search::new(asked.first, asked.highest, asked.precision),
            limits: asked.limits,
            name: "load".to_owned(),
            trials: Vec::new(),
            operations: Vec::new(),
            is_interrupted: false,
        }
    }

    fn next(&self) -> Option<f64> {
        self.search.next().filter(|_| !self.is_interrupted)
    }

    fn count(&self) -> u64 {
        self.operations.len() as u64
    }

    fn tell(&mut self, rate: f64, result: &LoadResult) {
        if result.run().is_interrupted {
            self.is_interrupted = true;
            return;
        }
        let mut operation = result.operation().clone();
        self.name.clone_from(&operation.name);
        let labels = [
            ("rate", format!("{rate:.0}")),
            ("trial", self.operations.len().to_string()),
        ];
        let labelled = Labelled::new(&operation.name, &labels);
        operation.name = labelled.to_string();
        operation.labelled = Some(labelled);
        let outcome = self.limits.judge(&operation);
        self.search.tell(rate, outcome);
        let trial = CapacityTrial::new(rate, operation.name.clone(), outcome);
        self.trials.push(trial);
        self.operations.push(operation);
    }

    fn end(self) -> FoundCapacity {
        let capacity = Capacity {
            name: self.name,
            limits: self.limits.in_words(),
            low: self.search.low(),
            high: self.search.high(),
            ends_by: self.search.ends_by(self.is_interrupted),
            trials: self.trials,
        };
        FoundCapacity {
            capacity,
            operations: self.operations,
        }
    }
}

/// A capacity, with what was measured to find it.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundCapacity {
    capacity: Capacity,
    operations: Vec<OperationSnapshot>,
}

impl FoundCapacity {
    /// The interval in which the capacity is, and the rates that were tried.
    #[must_use]
    pub fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    /// In how many trials the generator was late, in place of a note for each.
    fn late_note(&self) -> Option<Note> {
        let operations = self.operations.iter();
        let late = operations.filter(|o| o.unfit_generator().is_some()).count();
        let message = format!(
            "the load generator was late itself in {late} of {} trials, and its own lag is within their response times: what is kept in spite of that is kept, and the capacity may be higher",
            self.operations.len()
        );
        (late > 0).then(|| Note::warning(NoteCode::GeneratorLate, message))
    }

    /// A report with an operation for each trial: the curve by which it saturates.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut report = Report::of_load(Vec::new());
        report.operations.clone_from(&self.operations);
        report.capacity = Some(self.capacity.clone());
        report.notes.extend(self.late_note());
        report
    }
}

impl fmt::Display for FoundCapacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {}",
            crate::text::printable(&self.capacity.name),
            self.capacity.sentence()
        )?;
        self.report().fmt(f)
    }
}
