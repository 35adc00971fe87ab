//! A session that was kept, on the screen.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::args::WatchArguments;
use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::interrupt::Signals;
use crate::watch::{Effect, Frame, Model, Moment, Playback, Reference, Seek};

use super::held_against::reference;
use super::live::{End, Feed, Wake, show};
use super::session_file::SessionFile;

/// A moment is shown for as long as it lasted, within these.
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(5);

pub(super) fn watch(arguments: &WatchArguments, path: &Path) -> Result<Exit, Error> {
    if arguments.record.is_some() {
        return Err(Error::usage(format!(
            "{} is a session that was kept: there is nothing to record",
            shown(path)
        )));
    }
    let reference = reference(arguments)?;
    let mut replay = Replay {
        session: SessionFile::open(path)?,
        index: 0,
        next_at: None,
        reference,
    };
    let signals = Signals::listen()?;
    let wake = Wake::new()?;
    let mut model = Model::new(&shown(path), &replay.reference);
    model = model.arranged(arguments.sort, &arguments.filter);
    replay.go_to(0, &mut model)?;
    show(&mut model, &mut replay, &signals, &wake).map(End::exit)
}

struct Replay {
    session: SessionFile,
    index: usize,
    /// When the next moment is shown; nothing at the end.
    next_at: Option<Instant>,
    reference: Reference,
}

impl Replay {
    fn last(&self) -> usize {
        self.session.count() - 1
    }

    /// Shows a moment, with the one before it for rates.
    fn go_to(&mut self, index: usize, model: &mut Model) -> Result<(), Error> {
        self.index = index.min(self.last());
        let wanted = model.wanted().map(str::to_owned);
        let frame = |moment: Moment| {
            let Moment {
                report, process, ..
            } = moment;
            Frame::of(report, wanted.as_deref(), process, &self.reference)
        };
        let before = match self.index.checked_sub(1) {
            Some(before) => Some(frame(self.session.read(before)?)),
            None => None,
        };
        let moment = self.session.read(self.index)?;
        let at = moment.report.created;
        let playback = Playback {
            index: self.index,
            count: self.session.count(),
        };
        let frame = frame(moment);
        model.play(playback, before, frame);
        self.next_at = match self.index < self.last() {
            true => {
                let next = self.session.read(self.index + 1)?.report.created;
                let lasted = next.duration_since(at).unwrap_or_default();
                Some(Instant::now() + lasted.clamp(SHORTEST, LONGEST))
            }
            false => None,
        };
        Ok(())
    }
}

impl Feed for Replay {
    fn refresh(&mut self, model: &mut Model) -> Result<(), Error> {
        let is_due = self.next_at.is_some_and(|at| at <= Instant::now());
        match is_due && !model.is_paused() {
            true => self.go_to(self.index + 1, model),
            false => Ok(()),
        }
    }

    fn obey(&mut self, effect: Effect, model: &mut Model) -> Result<(), Error> {
        let index = match effect {
            Effect::Seek(Seek::By(steps)) => self.index.saturating_add_signed(steps),
            Effect::Seek(Seek::Start) => 0,
            Effect::Seek(Seek::End) => self.last(),
            _ => self.index,
        };
        self.go_to(index, model)
    }

    fn pause(&self, model: &Model) -> Option<Duration> {
        let next = self.next_at.filter(|_| !model.is_paused())?;
        Some(next.saturating_duration_since(Instant::now()))
    }
}
