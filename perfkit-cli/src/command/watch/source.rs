//! Where reports come from, one after another.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use perfkit::Report;
use perfkit::global::watch::{Brief, Request, WatchError, Watched, ask, watched_processes};

use crate::error::{Error, shown};
use crate::input::{Address, Scraped, load_report, scrape};
use crate::watch::ProcessFigures;

use super::figures;
use super::target::Target;

/// How long an address may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a source told.
pub(super) struct Told {
    pub(super) report: Report,
    pub(super) process: ProcessFigures,
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
    pub(super) fn ask(&mut self, whole: Option<&str>) -> Result<Option<Told>, Error> {
        let whole = whole.map(str::to_owned);
        match self {
            Self::Socket(socket) => socket.ask(&Request::Brief(Brief { whole })).map(Some),
            Self::Address(address) => scrape(address, PATIENCE).map(told).map(Some),
            Self::File(file) => file.read(),
        }
    }

    /// All that it tells now.
    pub(super) fn ask_for_all(&mut self) -> Result<Told, Error> {
        match self {
            Self::Socket(socket) => socket.ask(&Request::Report),
            Self::Address(address) => scrape(address, PATIENCE).map(told),
            Self::File(file) => Ok(of_report(load_report(&file.path)?)),
        }
    }
}

impl Socket {
    /// Of a program that is gone the next one is asked, which was started since.
    fn ask(&mut self, request: &Request) -> Result<Told, Error> {
        if let Some(watched) = &self.watched {
            match ask(&watched.path, request) {
                Ok(report) => return Ok(of_process(report, watched.pid)),
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
        let asked = ask(&next.path, request);
        let report = asked.map_err(|error| Error::data(format!("{}: {error}", next.program)))?;
        let told = of_process(report, next.pid);
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
    fn read(&mut self) -> Result<Option<Told>, Error> {
        let failed = |error| Error::file("open", &self.path, error);
        let found = std::fs::metadata(&self.path).map_err(failed)?;
        let changed = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let state = Some((changed, found.len()));
        if self.seen == state {
            return Ok(None);
        }
        // One that is being written is read the next time.
        let report = load_report(&self.path)?;
        self.seen = state;
        Ok(Some(of_report(report)))
    }
}

fn of_process(report: Report, pid: u32) -> Told {
    Told {
        report,
        process: figures::of_process(pid),
    }
}

fn of_report(report: Report) -> Told {
    Told {
        report,
        process: ProcessFigures::default(),
    }
}

fn told(scraped: Scraped) -> Told {
    Told {
        report: scraped.report,
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
