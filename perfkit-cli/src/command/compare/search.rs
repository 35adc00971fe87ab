//! Finding benchmarks: the programs of a tree are built, and asked what they have.

use std::time::Instant;

use perfkit::bench::engine::{BenchmarkInfo, Program, Timeouts, WorkerError};
use perfkit::report::{Note, NoteCode};
use perfkit::unit::Unit;

use crate::args::Verbosity;
use crate::error::{Error, shown};
use crate::revision::{
    BenchProgram, Built, Checkout, Dependencies, Selection, Tree, Workspace, build_benches,
    different_dependencies, share_lock_file, size_bytes,
};
use crate::terminal;
use crate::text::printable;

use super::failure;
use super::session::Session;

/// Why a program is not even started.
const NO_BENCH_PROGRAM: &str = "it is no bench program of perfkit: its main calls no perfkit::bench::main, or that of an earlier version";

/// A benchmark, and the program that has it.
pub(super) struct Found {
    /// The name of the package.
    pub(super) package: String,
    /// What cargo calls the program.
    pub(super) target: String,
    pub(super) program: Program,
    pub(super) info: BenchmarkInfo,
}

impl Found {
    /// Whether one program has both, if in another revision.
    pub(super) fn is_of_program_of(&self, other: &Self) -> bool {
        (&self.package, &self.target) == (&other.package, &other.target)
    }
}

/// A search for benchmarks in the trees that are compared.
pub(super) struct Search<'a> {
    /// What their names have in them.
    pub(super) filter: &'a str,
    /// The benches to look in, by the names of their packages.
    pub(super) selection: Selection,
    pub(super) timeouts: Timeouts<'a>,
    pub(super) session: Session<'a>,
}

impl Search<'_> {
    /// The benchmarks of a tree. What was built before of what they depend on is not built
    /// again.
    pub(super) fn find(
        &self,
        tree: &Tree,
        workspace: &Workspace,
        dependencies: &mut Dependencies,
    ) -> Result<Vec<Found>, Error> {
        let mut found = Vec::new();
        if self.session.is_interrupted() {
            return Ok(found);
        }
        let built = self.build(tree, workspace, dependencies)?;
        *dependencies = built.dependencies;
        for built in built.programs {
            let program = program(&built);
            if !program.is_bench_program() {
                tell_left_out(tree, &built.target, NO_BENCH_PROGRAM);
                continue;
            }
            match program.benchmarks(self.timeouts) {
                Ok(benchmarks) => {
                    let is_meant = |info: &BenchmarkInfo| info.name.contains(self.filter);
                    let meant = benchmarks.into_iter().filter(is_meant);
                    found.extend(meant.map(|info| Found {
                        package: built.package_name.clone(),
                        target: built.target.clone(),
                        program: program.clone(),
                        info,
                    }));
                }
                Err(WorkerError::Interrupted) => break,
                Err(WorkerError::Failed(failure)) => {
                    return Err(failure::of_search(tree, &built.target, &failure));
                }
            }
        }
        Ok(found)
    }

    /// The benchmarks of the other revision, built with the same versions of what they
    /// depend on if the change itself has no others.
    pub(super) fn find_in_base(
        &self,
        checkout: &Checkout,
        own: &Workspace,
        dependencies: &mut Dependencies,
        notes: &mut Vec<Note>,
    ) -> Result<Vec<Found>, Error> {
        let base = &checkout.base;
        let Some(workspace) = Workspace::of(base)? else {
            return Ok(Vec::new());
        };
        if !own.is_part_of(&checkout.own) {
            notes.push(outside_workspace(own, base));
        }
        share_lock_file(own, &workspace, base)?;
        let found = self.find(base, &workspace, dependencies)?;
        notes.extend(different_dependencies(&workspace, own, base));
        Ok(found)
    }

    fn build(
        &self,
        tree: &Tree,
        workspace: &Workspace,
        lent: &Dependencies,
    ) -> Result<Built, Error> {
        let session = self.session;
        let start = Instant::now();
        // Once programs are asked, a signal is a request until all is measured, or until
        // cargo builds for the next tree.
        session.signals.restore_signals();
        let built = build_benches(tree, workspace, &self.selection, lent, session.verbosity)?;
        session.signals.defer_signals();
        for (target, why) in &built.left_out {
            tell_left_out(tree, target, why);
        }
        if session.verbosity == Verbosity::Verbose {
            terminal::print_line(&format!(
                "{}: built in {} in {}, which has {}",
                printable(&tree.label),
                Unit::Nanoseconds.format(start.elapsed().as_nanos() as f64, 3),
                shown(&built.target),
                Unit::Bytes.format(size_bytes(&built.target) as f64, 3)
            ));
        }
        Ok(built)
    }
}

fn outside_workspace(own: &Workspace, base: &Tree) -> Note {
    let message = format!(
        "this tree belongs to the workspace in {}, outside of its repository: {} is built without it, so that its profiles and patches count for this tree alone",
        shown(&own.root),
        printable(&base.label)
    );
    Note::warning(NoteCode::OutsideWorkspace, message)
}

fn tell_left_out(tree: &Tree, target: &str, why: &str) {
    terminal::print_line(&format!(
        "warning: {} ({}) is left out: {}",
        printable(target),
        printable(&tree.label),
        printable(why)
    ));
}

fn program(built: &BenchProgram) -> Program {
    Program {
        path: built.executable.clone(),
        package: Some(built.package_name.clone()),
        directory: Some(built.package.clone()),
        variables: vec![("CARGO_MANIFEST_DIR".into(), built.package.clone().into())],
    }
}
