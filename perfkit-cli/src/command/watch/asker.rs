//! A thread that asks a source again and again, so that the screen never waits for it.

use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::error::Error;
use crate::watch::{Frame, Moment, Reference};

use super::session_file::Recorder;
use super::source::{Depth, Operations, Source, Told};

/// The thread rests so many times as long as asking takes it CPU time: with what drawing takes
/// this is a fiftieth of a processor at most.
const REST: u32 = 60;

/// What is to be asked for from now on.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// The operation of which all is told.
    pub(super) whole: Option<String>,
    pub(super) is_paused: bool,
}

/// What came of asking once.
pub(super) struct Answer {
    pub(super) title: String,
    /// `None` where nothing is new; as an error what there is to say instead.
    pub(super) frame: Result<Option<Frame>, Error>,
}

/// The thread, which ends once this is dropped.
pub(super) struct Asker {
    orders: Sender<Order>,
    pub(super) answers: Receiver<Answer>,
}

/// What the thread works with.
pub(super) struct Work {
    pub(super) source: Source,
    pub(super) reference: Reference,
    pub(super) every: Duration,
    pub(super) recorder: Option<Recorder>,
    /// Gets a byte for each answer.
    pub(super) wake: UnixStream,
}

impl Asker {
    pub(super) fn start(work: Work) -> io::Result<Self> {
        let (orders, to_do) = channel();
        let (done, answers) = channel();
        let builder = thread::Builder::new().name("perfkit-ask".to_owned());
        builder.spawn(move || work.run(&to_do, &done))?;
        Ok(Self { orders, answers })
    }

    /// Asks at once, and so from now on.
    pub(super) fn order(&self, order: Order) {
        // One that has ended has nothing to ask any more.
        let _ = self.orders.send(order);
    }
}

impl Work {
    fn run(mut self, orders: &Receiver<Order>, answers: &Sender<Answer>) {
        let mut order = Order::default();
        loop {
            let mut pause = self.every;
            if !order.is_paused {
                let before = cpu_time();
                let answer = self.ask(order.whole.as_deref());
                if answers.send(answer).is_err() {
                    return;
                }
                let _ = self.wake.write(&[1]);
                pause = pause.max(cpu_time().saturating_sub(before) * REST);
            }
            let next = match order.is_paused {
                true => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => orders.recv_timeout(pause),
            };
            order = match next {
                // Of several the last one counts.
                Ok(next) => orders.try_iter().last().unwrap_or(next),
                Err(RecvTimeoutError::Timeout) => order,
                Err(RecvTimeoutError::Disconnected) => return,
            };
        }
    }

    fn ask(&mut self, whole: Option<&str>) -> Answer {
        // What is kept are reports.
        let depth = match self.recorder {
            Some(_) => Depth::Reports,
            None => Depth::for_reference(&self.reference),
        };
        let told = self.source.ask(depth, whole);
        let frame = told.and_then(|told| told.map(|told| self.keep(told, whole)).transpose());
        Answer {
            title: self.source.title(),
            frame,
        }
    }

    fn keep(&mut self, told: Told<Operations>, whole: Option<&str>) -> Result<Frame, Error> {
        let Told { what, process } = told;
        let report = match what {
            Operations::Table(table) => {
                return Ok(Frame::of_table(table, process, &self.reference));
            }
            Operations::Report(report) => *report,
        };
        let report = match self.recorder.take() {
            None => report,
            Some(mut recorder) => {
                let moment = Moment::new(process, report);
                // After the first failure nothing more is kept, which is told.
                recorder.keep(&moment)?;
                self.recorder = Some(recorder);
                moment.report
            }
        };
        Ok(Frame::of(report, whole, process, &self.reference))
    }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}
