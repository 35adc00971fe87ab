//! How a bench program says what it measures.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::report::SourceLocation;

use super::routine::{
    AsyncRoutine, ErrIsFailure, InputRoutine, NoFailures, PlainRoutine, WithRoutine,
};
use super::threaded::ThreadedFunction;

/// A benchmark of a program, as the program lists it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkInfo {
    /// Its full name: the group's, a slash, and the implementation's.
    pub name: String,
    /// The group, whose implementations are compared with each other.
    pub group: String,
    /// What the inputs of the group were made from.
    pub parameters: BTreeMap<String, String>,
    /// How many items an iteration processes.
    pub items: Option<u64>,
    /// How many bytes an iteration processes.
    pub bytes: Option<u64>,
    /// On how many threads at once it runs.
    pub threads: usize,
    /// Whether it is compared with no other of its group.
    #[serde(default)]
    pub is_alone: bool,
    /// No further round of it begins after so long, where its program says that.
    #[serde(default)]
    pub time: Option<Duration>,
    /// Where it is added.
    pub location: Option<SourceLocation>,
}

/// Walks through the benchmarks of a program: to list them, or to run some.
pub(super) trait Visitor {
    /// The package that the program is of, as was known when it was compiled.
    fn package(&mut self, _name: &str) {}

    /// A setting of the program's that means nothing here.
    #[cfg_attr(
        not(feature = "criterion"),
        allow(dead_code, reason = "only suites of criterion have such settings")
    )]
    fn ignore(&mut self, _setting: &'static str) {}

    /// Whether anything of a group matters: if not, its inputs are not made.
    fn enters(&mut self, group: &str) -> bool;

    /// A benchmark of a group that was entered.
    fn visit(&mut self, info: BenchmarkInfo, benchmark: &mut dyn WithRoutine);
}

/// A visitor that all share who add benchmarks.
pub(super) type SharedVisitor = Rc<RefCell<dyn Visitor>>;

/// Lets a program tell its benchmarks to a visitor, and gives that back.
pub(super) fn visited<V: Visitor + 'static>(
    visitor: V,
    define: impl FnOnce(&mut Bench<'_>),
) -> Rc<RefCell<V>> {
    let visitor = Rc::new(RefCell::new(visitor));
    let shared: SharedVisitor = Rc::clone(&visitor) as SharedVisitor;
    define(&mut Bench { visitor: &shared });
    visitor
}

/// Takes the benchmarks of a program; see [`main`](super::main).
pub struct Bench<'a> {
    visitor: &'a SharedVisitor,
}

impl std::fmt::Debug for Bench<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bench").finish_non_exhaustive()
    }
}

impl Bench<'_> {
    /// Who takes what is added, for those that keep it.
    #[cfg(feature = "criterion")]
    pub(super) fn visitor(&self) -> SharedVisitor {
        Rc::clone(self.visitor)
    }

    /// No public interface: what macros know of the package that they are expanded in.
    #[doc(hidden)]
    pub fn package(&mut self, name: Option<&str>) -> &mut Self {
        let tell = |name| self.visitor.borrow_mut().package(name);
        name.into_iter().for_each(tell);
        self
    }

    /// Implementations of one thing, which are compared with the first of them.
    ///
    /// `define` makes what they need and adds them. It runs in every process that
    /// measures one of the group, and not in those that measure others.
    pub fn group(&mut self, name: impl Display, define: impl FnOnce(&mut Group<'_>)) -> &mut Self {
        let name = name.to_string();
        let is_entered = self.visitor.borrow_mut().enters(&name);
        if is_entered {
            define(&mut Group {
                visitor: self.visitor,
                common: BenchmarkInfo {
                    group: name,
                    threads: 1,
                    ..BenchmarkInfo::default()
                },
            });
        }
        self
    }
}

/// Takes the implementations of a group.
pub struct Group<'a> {
    visitor: &'a SharedVisitor,
    /// What is the same for all benchmarks that are added from now on.
    common: BenchmarkInfo,
}

impl std::fmt::Debug for Group<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Group").field(&self.common).finish()
    }
}

impl Group<'_> {
    /// Notes in the results what the inputs were made from.
    pub fn parameter(&mut self, name: impl Display, value: impl Display) -> &mut Self {
        let parameters = &mut self.common.parameters;
        parameters.insert(name.to_string(), value.to_string());
        self
    }

    /// How many items an iteration processes, for the throughput of those that
    /// are added after this.
    pub fn items(&mut self, items: u64) -> &mut Self {
        self.common.items = Some(items);
        self
    }

    /// How many bytes an iteration processes, for the throughput of those that
    /// are added after this.
    pub fn bytes(&mut self, bytes: u64) -> &mut Self {
        self.common.bytes = Some(bytes);
        self
    }

    /// Adds a function. What it returns is kept from being optimised away, and
    /// is dropped outside of the time that counts.
    #[track_caller]
    pub fn add<O>(&mut self, name: impl Display, function: impl FnMut() -> O) -> &mut Self {
        self.visit(&name, 1, &mut PlainRoutine::new(function))
    }

    /// Adds a function whose errors count as failures, and not for its time.
    #[track_caller]
    pub fn add_fallible<T, E>(
        &mut self,
        name: impl Display,
        function: impl FnMut() -> Result<T, E>,
    ) -> &mut Self {
        self.visit(&name, 1, &mut PlainRoutine::checked(function, ErrIsFailure))
    }

    /// Adds a function that uses up or changes an input, of which each iteration
    /// gets a fresh one. They are made outside of the time that counts.
    ///
    /// At most 1000 inputs exist at a time.
    #[track_caller]
    pub fn add_with_input<I, O>(
        &mut self,
        name: impl Display,
        make: impl FnMut() -> I,
        function: impl FnMut(I) -> O,
    ) -> &mut Self {
        self.visit(&name, 1, &mut InputRoutine::new(make, function, NoFailures))
    }

    /// Adds an async function, driven by `block_on`: the entry into your runtime,
    /// such as `|future| runtime.block_on(future)`. It is entered once for many
    /// iterations, and entering does not count.
    #[track_caller]
    pub fn add_async<Fut: Future>(
        &mut self,
        name: impl Display,
        block_on: impl Fn(Pin<&mut dyn Future<Output = ()>>),
        function: impl FnMut() -> Fut,
    ) -> &mut Self {
        self.visit(&name, 1, &mut AsyncRoutine::new(function, &block_on))
    }

    /// Adds a function that so many threads call at the same time, to see what
    /// they cost each other. The time of an iteration is that which passes until
    /// every thread has done one; its CPU time and its allocations are those of all
    /// threads together. What the function returns is dropped within that time.
    ///
    /// Each thread is kept on a CPU of its own where there are enough. Threads take
    /// iterations from a common pool: one may do some more than another.
    #[track_caller]
    pub fn add_threads<O>(
        &mut self,
        name: impl Display,
        threads: usize,
        function: impl Fn() -> O + Sync,
    ) -> &mut Self {
        let threads = threads.max(1);
        self.visit(
            &name,
            threads,
            &mut ThreadedFunction::new(function, threads),
        )
    }

    #[track_caller]
    fn visit(
        &mut self,
        name: &dyn Display,
        threads: usize,
        benchmark: &mut dyn WithRoutine,
    ) -> &mut Self {
        let info = BenchmarkInfo {
            name: format!("{}/{name}", self.common.group),
            threads,
            location: Some(SourceLocation::caller()),
            ..self.common.clone()
        };
        self.visitor.borrow_mut().visit(info, benchmark);
        self
    }
}

/// Collects what there is, and runs nothing.
#[derive(Debug, Default)]
pub(super) struct Lister {
    pub(super) found: Vec<BenchmarkInfo>,
    /// The package that was told first.
    pub(super) package: Option<String>,
    /// Settings that mean nothing here.
    pub(super) ignored: BTreeSet<&'static str>,
}

impl Visitor for Lister {
    fn package(&mut self, name: &str) {
        self.package.get_or_insert_with(|| name.to_owned());
    }

    fn ignore(&mut self, setting: &'static str) {
        self.ignored.insert(setting);
    }

    fn enters(&mut self, _: &str) -> bool {
        true
    }

    fn visit(&mut self, info: BenchmarkInfo, _: &mut dyn WithRoutine) {
        self.found.push(info);
    }
}

/// All benchmarks of a program.
///
/// # Errors
/// A name that two of them have.
pub(super) fn list(define: impl FnOnce(&mut Bench<'_>)) -> Result<Lister, String> {
    let lister = visited(Lister::default(), define).take();
    let mut names: Vec<&str> = lister.found.iter().map(|l| l.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(lister),
        Some(pair) => Err(format!(
            "two benchmarks are called `{}`: give one of them another name",
            pair[0].escape_debug()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_lists_its_benchmarks_and_runs_none() {
        let line = line!();
        let all = list(|bench| {
            bench.group("sum", |group| {
                group.parameter("n", 10).items(10);
                group.add("loop", || panic!("only listed"));
                group.bytes(80).add_threads("threads", 4, || ());
            });
            bench.group("sort", |group| {
                group.add_with_input("std", Vec::<u8>::new, |mut v| v.sort());
            });
        });
        let all = all.unwrap().found;
        let names: Vec<&str> = all.iter().map(|l| l.name.as_str()).collect();
        assert_eq!(names, ["sum/loop", "sum/threads", "sort/std"]);
        assert_eq!(
            (all[0].items, all[0].bytes, all[0].threads),
            (Some(10), None, 1)
        );
        assert_eq!(
            (all[1].items, all[1].bytes, all[1].threads),
            (Some(10), Some(80), 4)
        );
        assert_eq!(all[0].parameters["n"], "10");
        assert!(all[2].parameters.is_empty());
        let lines = all.iter().map(|l| l.location.as_ref().unwrap().line - line);
        assert_eq!(lines.collect::<Vec<_>>(), [4, 5, 8]);
    }

    #[test]
    fn one_name_for_two_is_refused() {
        let twice = list(|bench| {
            bench.group("a", |group| {
                group.add("x", || ()).add("x", || ());
            });
        });
        assert!(twice.unwrap_err().contains("`a/x`"));
    }
}
