//! The thread that saves the report while the program runs, so that whatever ends the program
//! takes little of it away.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use crate::process::spawn_without_signals;

use super::output::{self, End};

/// Asks for the last report because a signal ends the program; answered when it is there.
pub(super) type LastRequest = SyncSender<()>;

/// After this time the first report is saved. The next ones follow in twice the time each,
/// until that is the interval: a program that is ended early loses at most half.
const FIRST: Duration = Duration::from_millis(50);

/// So many times as long as a save takes the thread rests at least.
const REST: u32 = 20;

/// Starts the thread. Without an interval it only waits for requests.
pub(super) fn start(interval: Option<Duration>, requests: Receiver<LastRequest>) -> io::Result<()> {
    let saver = Saver { interval, requests };
    let builder = std::thread::Builder::new().name("perfkit-report".to_owned());
    spawn_without_signals(builder, move || saver.run()).map(drop)
}

struct Saver {
    interval: Option<Duration>,
    requests: Receiver<LastRequest>,
}

impl Saver {
    fn run(self) {
        let Some(interval) = self.interval else {
            self.requests.iter().for_each(answer);
            return;
        };
        let mut pause = FIRST.min(interval);
        loop {
            match self.requests.recv_timeout(pause) {
                Ok(request) => answer(request),
                Err(RecvTimeoutError::Timeout) => pause = save_once(pause, interval),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        // Nobody is there to ask for the last one.
        loop {
            std::thread::sleep(pause);
            pause = save_once(pause, interval);
        }
    }
}

fn answer(request: LastRequest) {
    output::conclude(End::Signal);
    let _ = request.try_send(());
}

/// Saves, and says how long to wait until the next time.
fn save_once(pause: Duration, interval: Duration) -> Duration {
    let began = Instant::now();
    output::save_meanwhile();
    let rest = began.elapsed().saturating_mul(REST);
    pause.saturating_mul(2).min(interval).max(rest)
}
