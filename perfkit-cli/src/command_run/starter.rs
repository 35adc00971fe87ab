//! What starts commands: a small process, or perfkit itself where there is none.

use std::fs::File;
use std::path::Path;

use perfkit::bench::engine::Run;
use perfkit::process::own_peak_memory_bytes;
use perfkit::process::spawner::Spawner;

use crate::error::Error;
use crate::interrupt::Signals;

use super::counters::Counting;
use super::cpu::CpuTurns;
use super::ended::Ended;
use super::guard::Guard;
use super::launch::Launch;
use super::{own_process, spawned_process};

/// What is open, as long as commands are started.
#[derive(Debug)]
pub(crate) struct Starter {
    way: Way,
    null: File,
    cpus: CpuTurns,
    counting: Counting,
}

#[derive(Debug)]
enum Way {
    /// A small process starts them, and ends them when perfkit is killed.
    Small(Spawner),
    /// Perfkit starts them, and a shell ends them.
    Own(Guard),
}

impl Starter {
    /// Commands that it starts inherit what this process has now.
    pub(crate) fn new() -> Result<Self, Error> {
        let path = Path::new("/dev/null");
        let null = File::options().read(true).write(true).open(path);
        let null = null.map_err(|error| Error::file("read", path, error))?;
        let way = match Spawner::start() {
            Ok(spawner) => Way::Small(spawner),
            Err(_) => Way::Own(Guard::start()),
        };
        Ok(Self {
            way,
            null,
            cpus: CpuTurns::new(),
            counting: Counting::default(),
        })
    }

    /// Runs a process in a process group of its own and waits for its end.
    pub(super) fn run(&self, launch: &Launch<'_>, signals: &Signals) -> Result<Ended, Error> {
        let (null, counting) = (&self.null, &self.counting);
        match &self.way {
            Way::Small(spawner) => spawned_process::run(launch, signals, (spawner, null, counting)),
            Way::Own(guard) => own_process::run(launch, signals, (guard, null, counting)),
        }
    }

    /// The CPU that a run begins on, if that is not left to the system.
    pub(super) fn cpu_of(&self, run: Run) -> Option<usize> {
        self.cpus.of(run)
    }

    /// The least peak memory that is told of a command, in bytes, because it inherits it.
    pub(crate) fn memory_floor_bytes(&self) -> u64 {
        let own = own_peak_memory_bytes;
        match &self.way {
            Way::Small(spawner) => spawner.peak_memory_bytes().unwrap_or_else(own),
            Way::Own(_) => own(),
        }
    }
}
