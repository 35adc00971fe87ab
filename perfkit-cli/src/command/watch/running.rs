//! A running program on the screen.

use std::time::Duration;

use crate::args::WatchArguments;
use crate::command_run::describe_status;
use crate::error::Error;
use crate::exit::Exit;
use crate::interrupt::Signals;
use crate::watch::{Effect, Frame, Model, ProcessFigures, Reference};

use super::asker::{Answer, Asker, Order, Work};
use super::held_against::reference;
use super::live::{End, Feed, Wake, show};
use super::session_file::Recorder;
use super::source::Source;
use super::started::Started;

/// Looks at least this long apart.
const SHORTEST: Duration = Duration::from_millis(50);

/// Watches a source, and with it a program that was started for that.
pub(super) fn watch(
    arguments: &WatchArguments,
    source: impl FnOnce() -> Result<(Source, Option<Started>), Error>,
) -> Result<Exit, Error> {
    let held_against = reference(arguments)?;
    let recorder = arguments
        .record
        .as_deref()
        .map(Recorder::create)
        .transpose()?;
    let signals = Signals::listen()?;
    let wake = Wake::new()?;
    let (source, started) = source()?;
    let title = match started {
        Some(_) => arguments.command.join(" "),
        None => source.title(),
    };
    let mut model = Model::new(&title, &held_against);
    model = model.arranged(arguments.sort, &arguments.filter);
    let work = Work {
        source,
        reference: held_against.clone(),
        every: arguments.every.0.max(SHORTEST),
        recorder,
        wake: wake.waker()?,
    };
    let asker = Asker::start(work)
        .map_err(|error| Error::data(format!("cannot start a thread: {error}")))?;
    let mut running = Running {
        asker,
        started,
        last: held_against,
    };
    let end = show(&mut model, &mut running, &signals, &wake);
    running.conclude(end)
}

struct Running {
    asker: Asker,
    started: Option<Started>,
    /// What the last report of the program is held against.
    last: Reference,
}

impl Feed for Running {
    fn refresh(&mut self, model: &mut Model) -> Result<(), Error> {
        for Answer { title, frame } in self.asker.answers.try_iter() {
            let is_over = self.started.as_ref().is_some_and(|s| s.status().is_some());
            // How it ended stays there to be read, and its last report.
            if is_over {
                continue;
            }
            if self.started.is_none() {
                model.set_title(&title);
            }
            match frame {
                Ok(Some(frame)) => {
                    model.set_status("");
                    model.take(frame);
                }
                Ok(None) => model.set_status(""),
                Err(error) => model.set_status(error.message()),
            }
        }
        let Some(started) = &mut self.started else {
            return Ok(());
        };
        if let Some(status) = started.has_just_ended() {
            model.set_status(&format!("ended with {}", describe_status(status)));
            if let Some(report) = started.last_report() {
                let wanted = model.wanted().map(str::to_owned);
                let process = ProcessFigures::default();
                model.take(Frame::of(report, wanted.as_deref(), process, &self.last));
            }
        }
        Ok(())
    }

    fn obey(&mut self, effect: Effect, model: &mut Model) -> Result<(), Error> {
        if effect == Effect::Asks {
            self.asker.order(Order {
                whole: model.wanted().map(str::to_owned),
                is_paused: model.is_paused(),
            });
        }
        Ok(())
    }

    fn pause(&self, _: &Model) -> Option<Duration> {
        None
    }
}

impl Running {
    /// Ends what was started, and shows what it wrote.
    fn conclude(mut self, end: Result<End, Error>) -> Result<Exit, Error> {
        let Some(started) = &mut self.started else {
            return end.map(End::exit);
        };
        let status = started.status();
        started.end();
        started.show_output()?;
        let exit = end?.exit();
        match status.filter(|status| !status.success()) {
            Some(status) if exit == Exit::Done => Err(Error::command_failed(format!(
                "the program ended with {}",
                describe_status(status)
            ))),
            _ => Ok(exit),
        }
    }
}
