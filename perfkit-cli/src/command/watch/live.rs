//! What runs now, on the screen.

use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::SIGWINCH;
use signal_hook::low_level::pipe;

use crate::error::Error;
use crate::exit::Exit;
use crate::interrupt::Signals;
use crate::terminal;
use crate::watch::{Effect, Key, Model, keys};

use super::screen::Screen;

/// How a look at something comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Quit,
    Interrupted,
    /// By a signal.
    Ended(Exit),
}

impl End {
    pub(super) fn exit(self) -> Exit {
        match self {
            Self::Quit => Exit::Done,
            Self::Interrupted => Exit::Interrupted,
            Self::Ended(exit) => exit,
        }
    }
}

/// What feeds the screen.
pub(super) trait Feed {
    /// Takes what is new; told again and again.
    fn refresh(&mut self, model: &mut Model) -> Result<(), Error>;

    /// Does what a key asks for beyond the model.
    fn obey(&mut self, effect: Effect, model: &mut Model) -> Result<(), Error>;

    /// How long nothing will happen by itself; `None` where something wakes.
    fn pause(&self, model: &Model) -> Option<Duration>;
}

/// What wakes the screen: an answer, or another size of the terminal.
pub(super) struct Wake {
    woken: UnixStream,
    waker: UnixStream,
}

impl Wake {
    pub(super) fn new() -> Result<Self, Error> {
        Self::try_new().map_err(|error| Error::data(format!("cannot listen for signals: {error}")))
    }

    fn try_new() -> std::io::Result<Self> {
        let (woken, waker) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        waker.set_nonblocking(true)?;
        pipe::register(SIGWINCH, waker.try_clone()?)?;
        Ok(Self { woken, waker })
    }

    /// What wakes when a byte is written to it.
    pub(super) fn waker(&self) -> Result<UnixStream, Error> {
        let waker = self.waker.try_clone();
        waker.map_err(|error| Error::data(format!("cannot listen for answers: {error}")))
    }

    fn clear(&self) {
        let mut bytes = [0; 256];
        while (&self.woken).read(&mut bytes).is_ok_and(|read| read > 0) {}
    }
}

/// Shows a model until the user or a signal ends that. The screen is given back before this
/// returns, whatever happens.
pub(super) fn show(
    model: &mut Model,
    feed: &mut impl Feed,
    signals: &Signals,
    wake: &Wake,
) -> Result<End, Error> {
    signals.defer_signals();
    let mut screen = Screen::open()?;
    loop {
        feed.refresh(model)?;
        screen.draw(model)?;
        let is_key = wait(signals, wake, feed.pause(model));
        wake.clear();
        signals.clear();
        if signals.is_interrupted() {
            return Ok(End::Ended(signals.exit()));
        }
        if !is_key {
            continue;
        }
        // Nothing can be pressed any more on a terminal that is gone.
        let Some(pressed) = pressed() else {
            return Ok(End::Quit);
        };
        for key in pressed {
            match model.press(key) {
                Effect::None => {}
                Effect::Quit => return Ok(End::Quit),
                Effect::Interrupt => return Ok(End::Interrupted),
                effect => feed.obey(effect, model)?,
            }
        }
    }
}

/// Waits until something happens; whether that is a key.
fn wait(signals: &Signals, wake: &Wake, pause: Option<Duration>) -> bool {
    let stdin = terminal::keyboard();
    let stdin = stdin.as_fd();
    let [children, ends] = signals.wake_fds();
    let mut watched = [stdin, children, ends, wake.woken.as_fd()]
        .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
    let pause = pause.map(|pause| Timespec {
        tv_sec: i64::try_from(pause.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: pause.subsec_nanos().into(),
    });
    // Woken early or not at all, the loop looks again.
    let _ = poll(&mut watched, pause.as_ref());
    !watched[0].revents().is_empty()
}

/// The keys that were pressed; `None` where there is no terminal any more.
fn pressed() -> Option<Vec<Key>> {
    let mut bytes = [0; 1024];
    match rustix::io::read(terminal::keyboard(), &mut bytes) {
        Ok(0) => None,
        Ok(read) => Some(keys(&bytes[..read])),
        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Some(Vec::new()),
        Err(_) => None,
    }
}
