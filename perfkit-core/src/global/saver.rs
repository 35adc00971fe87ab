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
/// until that is the interval: a program that is ended early loses about half at most.
const FIRST: Duration = Duration::from_millis(50);

/// How often the report is saved.
#[derive(Clone, Copy)]
pub(super) struct Schedule {
    pub(super) interval: Duration,
    /// So many times as long as a save takes the thread rests at least. The shorter one of
    /// two counts: the first of all looks at the machine, and any may be held up.
    pub(super) rest: u32,
}

/// Starts the thread. Without a schedule it only waits for requests.
pub(super) fn start(schedule: Option<Schedule>, requests: Receiver<LastRequest>) -> io::Result<()> {
    let saver = Saver { schedule, requests };
    let builder = std::thread::Builder::new().name("perfkit-report".to_owned());
    spawn_without_signals(builder, move || saver.run()).map(drop)
}

struct Saver {
    schedule: Option<Schedule>,
    requests: Receiver<LastRequest>,
}

impl Saver {
    fn run(self) {
        let Some(schedule) = self.schedule else {
            self.requests.iter().for_each(answer);
            return;
        };
        let mut pace = Pace::new(schedule);
        loop {
            match self.requests.recv_timeout(pace.pause) {
                Ok(request) => answer(request),
                Err(RecvTimeoutError::Timeout) => pace.save_once(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        // Nobody is there to ask for the last one.
        loop {
            std::thread::sleep(pace.pause);
            pace.save_once();
        }
    }
}

fn answer(request: LastRequest) {
    output::conclude(End::Signal);
    let _ = request.try_send(());
}

/// How long the thread waits between two saves.
struct Pace {
    schedule: Schedule,
    pause: Duration,
    /// What the last save took.
    took: Duration,
}

impl Pace {
    fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            pause: FIRST.min(schedule.interval),
            took: Duration::ZERO,
        }
    }

    fn save_once(&mut self) {
        let began = Instant::now();
        output::save_meanwhile();
        self.count(began.elapsed());
    }

    fn count(&mut self, took: Duration) {
        let Schedule { interval, rest } = self.schedule;
        let rest = took.min(self.took).saturating_mul(rest);
        self.took = took;
        self.pause = self.pause.saturating_mul(2).min(interval).max(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_to_the_interval_and_with_what_a_save_takes() {
        let ms = Duration::from_millis;
        let of = |interval| Pace::new(Schedule { interval, rest: 20 });
        let mut pace = of(ms(300));
        let mut after = |took| {
            pace.count(took);
            pace.pause
        };
        assert_eq!(after(ms(90)), ms(100));
        assert_eq!(after(ms(1)), ms(200));
        assert_eq!(after(ms(90)), ms(300));
        assert_eq!(after(ms(80)), ms(1600));
        assert_eq!(after(ms(2)), ms(300));
        assert_eq!(of(ms(10)).pause, ms(10));
    }
}
