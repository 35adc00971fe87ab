//! Showing a page with whatever the system opens pages with.

use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Error, shown};

/// The system's opener of files.
const OPENER: &str = if cfg!(target_os = "macos") {
    "open"
} else {
    "xdg-open"
};

/// How long an opener may take to fail; one that still runs has become the
/// browser.
const TIMEOUT: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(10);

/// Opens a page.
pub(super) fn open(page: &Path) -> Result<(), Error> {
    let by_hand = || format!("open {} in a browser yourself", shown(page));
    let mut command = Command::new(OPENER);
    command
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C in the terminal must not end the browser.
        .process_group(0);
    let mut child = command.spawn().map_err(|error| {
        let message = match error.kind() {
            ErrorKind::NotFound => format!("there is no {OPENER} here to open the page with"),
            _ => format!("{OPENER} could not be started: {error}"),
        };
        Error::data(message).hint(by_hand())
    })?;
    let start = Instant::now();
    while start.elapsed() < TIMEOUT {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(_)) => {
                let message = format!("{OPENER} found nothing that shows the page");
                return Err(Error::data(message).hint(by_hand()));
            }
            Ok(None) => std::thread::sleep(PAUSE),
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}
