//! What is watched, of what the command line says.

use std::path::{Path, PathBuf};

use perfkit::global::watch::watched;

use crate::args::WatchArguments;
use crate::error::{Error, shown};
use crate::input::{Address, is_report};

/// What is watched.
pub(super) enum Target {
    /// A process that listens on its socket.
    Process(u32),
    /// What Prometheus would scrape.
    Address(Address),
    /// A report, or a session that was kept.
    File(PathBuf),
    /// A program that is started.
    Command(Vec<String>),
}

impl Target {
    /// `None` where nothing is named.
    pub(super) fn of(arguments: &WatchArguments) -> Result<Option<Self>, Error> {
        if !arguments.command.is_empty() {
            return Ok(Some(Self::Command(arguments.command.clone())));
        }
        arguments.target.as_deref().map(Self::named).transpose()
    }

    /// A number is a process, what exists and is no program is a file, and what has a port an address; the rest
    /// may be the name of a program that listens.
    fn named(text: &str) -> Result<Self, Error> {
        if let Ok(pid) = text.parse() {
            return Ok(Self::Process(pid));
        }
        let path = Path::new(text);
        // A program of that name is none.
        if is_report(path) {
            return Ok(Self::File(path.to_owned()));
        }
        match Address::parse(text) {
            Ok(address) => return Ok(Self::Address(address)),
            Err(why) if text.contains("://") => {
                return Err(Error::usage(format!("{}: {why}", shown(path))));
            }
            Err(_) => {}
        }
        let mut found = watched()
            .into_iter()
            .filter(|watched| watched.program == text);
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(Self::Process(one.pid)),
            (Some(_), Some(_)) => Err(Error::usage(format!(
                "several programs have the name {}",
                shown(path)
            ))
            .hint("`perfkit watch` lists them with their processes: give one of these")),
            (None, _) => Err(Error::usage(format!(
                "{} is no process, no address with a port, no file, and no program that can be watched",
                shown(path)
            ))
            .hint("`perfkit watch` lists the programs that can be watched")),
        }
    }
}
