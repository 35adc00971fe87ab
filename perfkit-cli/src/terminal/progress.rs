//! What is going on, while it goes on.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::text::shorten;

use super::{stderr_is_terminal, stderr_width};

/// A line on a terminal that redraws itself; elsewhere nothing.
pub(crate) struct ProgressLine {
    bar: ProgressBar,
}

impl ProgressLine {
    /// Starts a line, unless it is unwanted or there is no terminal.
    pub(crate) fn start(wanted: bool) -> Self {
        let target = if wanted && stderr_is_terminal() {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(1000), target);
        let style = ProgressStyle::with_template("{bar:16} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.progress_chars("━╸ "));
        Self { bar }
    }

    /// Shows how much is done, between 0 and 1, and what is being done.
    pub(crate) fn show(&self, share: f64, elapsed: Duration, what: impl FnOnce() -> String) {
        if self.bar.is_hidden() {
            return;
        }
        self.bar
            .set_position((share.clamp(0.0, 1.0) * 1000.0) as u64);
        // The bar, the time and the spaces between them take 29 columns.
        let room = stderr_width().saturating_sub(29).max(4);
        let seconds = elapsed.as_secs_f64();
        self.bar
            .set_message(format!("{seconds:4.1} s  {}", shorten(&what(), room)));
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
