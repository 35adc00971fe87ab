//! The screen, which is drawn on whole and given back as it was.

use std::io::{self, BufWriter, Stdout, Write as _};
use std::sync::Once;
use std::thread;

use ratatui_core::style::{Color, Modifier, Style};
use ratatui_core::terminal::Terminal;
use ratatui_crossterm::CrosstermBackend;
use ratatui_crossterm::crossterm::cursor::{Hide, Show};
use ratatui_crossterm::crossterm::queue;
use ratatui_crossterm::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

use crate::error::Error;
use crate::terminal;
use crate::watch::{Model, Tone, picture};

/// The screen while it is perfkit's. Dropped, it is as it was before.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    has_color: bool,
}

impl Screen {
    pub(super) fn open() -> Result<Self, Error> {
        Self::try_open().map_err(failed)
    }

    fn try_open() -> io::Result<Self> {
        restore_on_panic();
        enable_raw_mode()?;
        let entered = || {
            let mut stdout = terminal::screen();
            queue!(stdout, EnterAlternateScreen, Hide)?;
            stdout.flush()?;
            let writer = BufWriter::with_capacity(64 << 10, stdout);
            Terminal::new(CrosstermBackend::new(writer))
        };
        // Without a value nothing is given back later.
        let terminal = entered().inspect_err(|_| restore())?;
        Ok(Self {
            terminal,
            has_color: terminal::screen_has_color(),
        })
    }

    /// Draws what has changed.
    pub(super) fn draw(&mut self, model: &mut Model) -> Result<(), Error> {
        let has_color = self.has_color;
        let drawn = self.terminal.draw(|frame| {
            let area = frame.area();
            let lines = picture(model, area.width.into(), area.height.into());
            let buffer = frame.buffer_mut();
            for (y, line) in (0..area.height).zip(&lines) {
                let mut x = 0;
                for (text, tone) in line {
                    let text = terminal::in_locale(text);
                    let room = usize::from(area.width - x);
                    (x, _) = buffer.set_stringn(x, y, text, room, style(*tone, has_color));
                }
            }
        });
        drawn.map(drop).map_err(failed)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn failed(error: io::Error) -> Error {
    Error::data(format!("cannot draw on the terminal: {error}"))
}

/// As it was before. There is nobody to tell if that fails.
fn restore() {
    let mut stdout = terminal::screen();
    let _ = queue!(stdout, LeaveAlternateScreen, Show);
    let _ = stdout.flush();
    let _ = disable_raw_mode();
}

/// The message of a panic is to be read, and so the screen is left before it.
fn restore_on_panic() {
    static SET: Once = Once::new();
    SET.call_once(|| {
        let (own, before) = (thread::current().id(), std::panic::take_hook());
        std::panic::set_hook(Box::new(move |info| {
            if thread::current().id() == own {
                restore();
            }
            before(info);
        }));
    });
}

fn style(tone: Tone, has_color: bool) -> Style {
    let plain = Style::new();
    let colored = |color| match has_color {
        true => plain.fg(color),
        false => plain,
    };
    match tone {
        Tone::Plain => plain,
        Tone::Dim => plain.add_modifier(Modifier::DIM),
        Tone::Strong => plain.add_modifier(Modifier::BOLD),
        Tone::Notice => colored(Color::Yellow),
        Tone::Bad => colored(Color::Red).add_modifier(Modifier::BOLD),
        Tone::Bar | Tone::Selected => plain.add_modifier(Modifier::REVERSED),
    }
}
