//! Where there is no program that starts others.

use std::convert::Infallible;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use super::{Outcome, ProgramTexts};

/// A small process that starts programs; there is none on this system, or its program could
/// not be compiled for it.
#[derive(Debug)]
pub struct Spawner {
    nothing: Infallible,
}

impl Spawner {
    /// Starts the process.
    ///
    /// # Errors
    /// Always: there is none.
    pub fn start() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The number of the process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        match self.nothing {}
    }

    /// The largest resident size of the process so far.
    #[must_use]
    pub fn peak_memory_bytes(&self) -> Option<u64> {
        match self.nothing {}
    }

    /// Starts a program.
    ///
    /// # Errors
    /// The process ended.
    pub fn run(
        &self,
        _: &ProgramTexts,
        _: [BorrowedFd<'_>; 3],
        _: Option<usize>,
    ) -> io::Result<()> {
        match self.nothing {}
    }

    /// Ends the program.
    ///
    /// # Errors
    /// The process ended.
    pub fn end(&self) -> io::Result<()> {
        match self.nothing {}
    }

    /// What became of the program.
    ///
    /// # Errors
    /// The process ended.
    pub fn outcome(&self) -> io::Result<Option<Outcome>> {
        match self.nothing {}
    }
}

impl AsFd for Spawner {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self.nothing {}
    }
}
