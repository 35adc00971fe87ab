//! Where reports come from, one after another.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use perfkit::Report;
use perfkit::global::watch::{
    Brief, Request, Table, TableRequest, WatchError, Watched, ask, ask_for_table, watched_processes,
};

use crate::error::{Error, shown};
use crate::input::{Address, Scraped, load_report, scrape};
use crate::watch::{ProcessFigures, Reference};

use super::figures;
use super::target::Target;

/// How long an address may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a source told.
pub(super) struct Told<T> {
    pub(super) what: T,
    pub(super) process: ProcessFigures,
}

/// What a source told of all operations.
pub(super) enum Operations {
    Report(Box<Report>),
    Table(Table),
}

/// How much is to be told of each operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// What a table shows. Who tells more may do so.
    Rows,
    /// What a report has, without distributions.
    Reports,
}

impl Depth {
    /// Budgets may be of anything that a report has.
    pub(super) fn for_reference(reference: &Reference) -> Self {
        match reference.has_budgets() {
            true => Self::Reports,
            false => Self::Rows,
        }
    }
}

/// What is asked again and again.
pub(super) enum Source {
    Socket(Socket),
    Address(Address),
    File(File),
}

/// A program that listens on its socket, and is found again when it is started anew.
pub(super) struct Socket {
    watched: Option<Watched>,
    find: Find,
}

/// Which programs are looked for once there is none.
enum Find {
    /// Those of this name.
    Program(String),
    /// Those of this process group.
    Group(u32),
}

/// A file that is looked at when it has changed.
pub(super) struct File {
    path: PathBuf,
    seen: Option<(SystemTime, u64)>,
}

impl Source {
    /// Of what is named; a session that was kept is none.
    pub(super) fn of(target: Target) -> Result<Self, Error> {
        match target {
            Target::Process(pid) => Self::of_process(pid),
            Target::Address(address) => Ok(Self::Address(address)),
            Target::File(path) => Ok(Self::File(File { path, seen: None })),
            Target::Command(_) => Err(Error::usage("--once looks at what runs already")
                .hint("`perfkit run -- COMMAND` runs a program, and shows what it recorded")),
        }
    }

    /// A process that listens.
    fn of_process(pid: u32) -> Result<Self, Error> {
        let found = watched_processes()
            .into_iter()
            .find(|watched| watched.pid == pid);
        let Some(watched) = found else {
            return Err(not_watchable(pid));
        };
        Ok(Self::Socket(Socket {
            find: Find::Program(watched.program.clone()),
            watched: Some(watched),
        }))
    }

    /// Whatever listens of a process group that was just started.
    pub(super) fn of_group(group: u32) -> Self {
        Self::Socket(Socket {
            find: Find::Group(group),
            watched: None,
        })
    }

    /// What is asked, for people.
    pub(super) fn title(&self) -> String {
        match self {
            Self::Socket(socket) => match &socket.watched {
                Some(watched) => format!("{} ({})", watched.program, watched.pid),
                None => "a program that was started".to_owned(),
            },
            Self::Address(address) => address.to_string(),
            Self::File(file) => shown(&file.path),
        }
    }

    /// What it tells now: one operation whole. `None` where there is nothing new; as an error
    /// why there is nothing.
    pub(super) fn ask(
        &mut self,
        depth: Depth,
        whole: Option<&str>,
    ) -> Result<Option<Told<Operations>>, Error> {
        let whole = whole.map(str::to_owned);
        match self {
            Self::Socket(socket) => socket.ask_at(depth, whole).map(Some),
            Self::Address(address) => scrape(address, PATIENCE).map(|s| Some(told(s).into())),
            Self::File(file) => Ok(file.read()?.map(Told::into)),
        }
    }

    /// All that it tells now.
    pub(super) fn ask_for_all(&mut self) -> Result<Report, Error> {
        match self {
            Self::Socket(socket) => {
                let asked = socket.ask(|path| ask(path, &Request::Report));
                asked.map(|told| told.what)
            }
            Self::Address(address) => scrape(address, PATIENCE).map(|scraped| scraped.report),
            Self::File(file) => load_report(&file.path),
        }
    }
}

impl Socket {
    fn ask_at(&mut self, depth: Depth, whole: Option<String>) -> Result<Told<Operations>, Error> {
        self.ask(|path| {
            if depth == Depth::Rows {
                match ask_for_table(path, TableRequest::new(whole.clone())) {
                    // Of another version of perfkit, perhaps.
                    Err(WatchError::Refused(_)) => {}
                    table => return table.map(Operations::Table),
                }
            }
            let whole = whole.clone();
            ask(path, &Request::Brief(Brief { whole }))
                .map(|report| Operations::Report(Box::new(report)))
        })
    }

    /// Of a program that is gone the next one is asked, which was started since.
    fn ask<T>(&mut self, ask: impl Fn(&Path) -> Result<T, WatchError>) -> Result<Told<T>, Error> {
        if let Some(watched) = &self.watched {
            match ask(&watched.path) {
                Ok(what) => return Ok(of_process(what, watched.pid)),
                Err(WatchError::Gone(_)) => {}
                Err(error) => return Err(Error::data(format!("{}: {error}", watched.program))),
            }
        }
        let Some(next) = self.next() else {
            return Err(match &self.watched {
                Some(watched) => Error::data(format!("{} has ended", watched.program)),
                None => Error::data("the program does not listen yet"),
            });
        };
        let asked = ask(&next.path);
        let what = asked.map_err(|error| Error::data(format!("{}: {error}", next.program)))?;
        let told = of_process(what, next.pid);
        self.watched = Some(next);
        Ok(told)
    }

    /// The newest one that fits, but for the one that is gone.
    fn next(&self) -> Option<Watched> {
        let gone = self.watched.as_ref();
        let mut found = watched_processes();
        found.retain(|watched| Some(watched) != gone && self.find.fits(watched));
        found.into_iter().max_by_key(|watched| watched.since)
    }
}

impl Find {
    fn fits(&self, watched: &Watched) -> bool {
        match self {
            Self::Program(name) => watched.program == *name,
            Self::Group(group) => group_of(watched.pid) == Some(*group),
        }
    }
}

fn group_of(pid: u32) -> Option<u32> {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)?;
    let group = rustix::process::getpgid(Some(pid)).ok()?;
    u32::try_from(group.as_raw_nonzero().get()).ok()
}

impl File {
    fn read(&mut self) -> Result<Option<Told<Report>>, Error> {
        let failed = |error| Error::file("open", &self.path, error);
        let found = std::fs::metadata(&self.path).map_err(failed)?;
        let changed = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let state = Some((changed, found.len()));
        if self.seen == state {
            return Ok(None);
        }
        // One that is being written is read the next time.
        let what = load_report(&self.path)?;
        self.seen = state;
        let process = ProcessFigures::default();
        Ok(Some(Told { what, process }))
    }
}

impl From<Told<Report>> for Told<Operations> {
    fn from(told: Told<Report>) -> Self {
        Self {
            what: Operations::Report(Box::new(told.what)),
            process: told.process,
        }
    }
}

fn of_process<T>(what: T, pid: u32) -> Told<T> {
    Told {
        what,
        process: figures::of_process(pid),
    }
}

fn told(scraped: Scraped) -> Told<Report> {
    Told {
        what: scraped.report,
        process: ProcessFigures {
            cpu_seconds: scraped.cpu_seconds,
            memory_bytes: scraped.memory_bytes,
            threads: scraped.threads,
        },
    }
}

fn not_watchable(pid: u32) -> Error {
    let is_there = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    let is_there = is_there.is_some_and(|pid| {
        let found = rustix::process::test_kill_process(pid);
        found != Err(rustix::io::Errno::SRCH)
    });
    match is_there {
        false => Error::data(format!("there is no process {pid}")),
        true => Error::data(format!("process {pid} cannot be watched: it does not listen")).hint(
            "start it with PERFKIT=watch, or have it call perfkit::watchable(); one of another user, or that was started with another XDG_RUNTIME_DIR and TMPDIR, is not found",
        ),
    }
}
