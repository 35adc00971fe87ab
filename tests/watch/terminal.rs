//! A terminal, and perfkit on it.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

/// How long is waited for what is certain to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program on a terminal, whose screen is read.
pub(crate) struct Terminal {
    pub(crate) child: Child,
    keyboard: File,
    /// The side of the program, so that its settings can be looked at after it ended.
    program_side: Option<OwnedFd>,
    reader: Option<JoinHandle<()>>,
    shown: Arc<Mutex<Shown>>,
}

struct Shown {
    screen: vt100::Parser,
    bytes: Vec<u8>,
}

impl Terminal {
    pub(crate) fn start(mut command: Command, columns: u16, rows: u16) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let ours = openpt(flags).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let theirs = File::options()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap());
        let theirs: OwnedFd = theirs.unwrap().into();
        tcsetwinsize(&ours, size(columns, rows)).unwrap();
        let stream = || theirs.try_clone().unwrap();
        command.stdin(stream()).stdout(stream()).stderr(stream());
        command
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8");
        has_own_terminal(&mut command);
        let child = command.spawn().unwrap();
        // It holds the program's side too.
        drop(command);
        let screen = vt100::Parser::new(some(rows), some(columns), 0);
        let bytes = Vec::new();
        let shown = Arc::new(Mutex::new(Shown { screen, bytes }));
        let reader = File::from(ours.try_clone().unwrap());
        let of_thread = Arc::clone(&shown);
        let reader = std::thread::spawn(move || read_into(reader, &of_thread));
        Self {
            child,
            keyboard: File::from(ours),
            program_side: Some(theirs),
            reader: Some(reader),
            shown,
        }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.shown
            .lock()
            .unwrap()
            .screen
            .screen_mut()
            .set_size(some(rows), some(columns));
        tcsetwinsize(&self.keyboard, size(columns, rows)).unwrap();
    }

    pub(crate) fn text(&self) -> String {
        self.shown.lock().unwrap().screen.screen().contents()
    }

    /// All that was ever written to it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.shown.lock().unwrap().bytes.clone()
    }

    /// Waits for a screen that fulfils something.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, is_there: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let text = self.text();
            if is_there(&text) {
                return text;
            }
            assert!(start.elapsed() < PATIENCE, "no {what} on:\n{text}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[track_caller]
    pub(crate) fn shows(&self, text: &str) -> String {
        self.wait_for(text, |screen| screen.contains(text))
    }

    #[track_caller]
    pub(crate) fn shows_no(&self, text: &str) -> String {
        self.wait_for(&format!("screen without {text}"), |screen| {
            !screen.contains(text)
        })
    }

    /// Waits for the end of the program, and for the last that it wrote; the terminal must be
    /// as it was.
    #[track_caller]
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        let side = self.program_side.take().unwrap();
        let modes = tcgetattr(&side).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG));
        // Nobody has the program's side any more: the reader comes to its end.
        drop(side);
        self.reader.take().unwrap().join().unwrap();
        let shown = self.shown.lock().unwrap();
        let screen = shown.screen.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor());
        (status, screen.contents())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn some(number: u16) -> NonZero<u16> {
    NonZero::new(number).unwrap()
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

fn read_into(mut from: File, shown: &Mutex<Shown>) {
    let mut part = [0; 4096];
    while let Ok(read) = from.read(&mut part)
        && read > 0
    {
        let mut shown = shown.lock().unwrap();
        shown.screen.process(&part[..read]);
        shown.bytes.extend_from_slice(&part[..read]);
    }
}

/// Leads a session on the terminal that is its standard input.
#[expect(unsafe_code, reason = "between fork and exec")]
fn has_own_terminal(command: &mut Command) {
    let lead = || {
        rustix::process::setsid()?;
        rustix::process::ioctl_tiocsctty(std::io::stdin().as_fd())?;
        Ok(())
    };
    // SAFETY: it makes two system calls, and takes no lock and no memory.
    unsafe { command.pre_exec(lead) };
}
