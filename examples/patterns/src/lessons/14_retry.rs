//! What fails for a moment is worth trying again: later, and later still, as the other side may
//! have too much to do already. The waiting time doubles (exponential backoff), and a random
//! part of it (jitter) keeps clients that failed together from coming back together. A circuit
//! breaker stops asking for a while when most calls fail, so that callers learn it at once.
//!
//! The knob: the kind of the error. One that stays, such as a wrong password, is as wrong at the
//! tenth attempt, and every retry is waste.
//!
//! In production, count attempts beside calls: their ratio says how much load comes of retries
//! alone. Retry in one layer only, or three layers of three attempts make 27; and only what may
//! be done twice.

use std::cell::RefCell;
use std::time::Duration;

use backon::{BackoffBuilder, ConstantBuilder, ExponentialBuilder, Retryable as _};
use futures_util::future::join_all;
use perfkit::Counter;
use recloser::Recloser;
use tokio::time::{Instant, sleep};

use crate::backpressure::mock_clock;
use crate::{Amounts, Error, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 14,
    name: "retry",
    title: "Retry with backoff and jitter, and circuit breaking",
    source: include_str!("14_retry.rs"),
    measure,
};

/// Why a service refuses a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is down, or has too much to do: that passes.
    Unavailable,
    /// The request is wrong: that stays.
    Denied,
}

/// A service that is down for half a second, and then serves 20 requests in each 10 ms.
struct Service {
    start: Instant,
    /// How many came in each 10 ms.
    requests: RefCell<[u32; 1000]>,
    attempts: Counter,
}

impl Service {
    async fn ask(&self) -> Result<(), Refusal> {
        sleep(Duration::from_millis(1)).await;
        self.attempts.increment();
        let slot = self.start.elapsed().as_millis() as usize / 10;
        let in_slot = &mut self.requests.borrow_mut()[slot.min(999)];
        *in_slot += 1;
        let serves = slot >= 50 && *in_slot <= 20;
        if serves {
            Ok(())
        } else {
            Err(Refusal::Unavailable)
        }
    }
}

/// Wrong: again and again, every 5 ms.
#[must_use]
pub fn at_once(_client: u64) -> ConstantBuilder {
    ConstantBuilder::default()
        .with_delay(Duration::from_millis(5))
        .with_max_times(10_000)
}

/// Better: each time twice as late. But all clients that failed together come back together.
#[must_use]
pub fn exponential(_client: u64) -> ExponentialBuilder {
    let backoff = ExponentialBuilder::default().with_max_times(10_000);
    let (least, most) = (Duration::from_millis(5), Duration::from_millis(320));
    backoff.with_min_delay(least).with_max_delay(most)
}

/// Right: and up to twice as late again, by chance.
#[must_use]
pub fn with_jitter(client: u64) -> ExponentialBuilder {
    exponential(client).with_jitter().with_jitter_seed(client)
}

/// What came of a hundred clients that asked at the same time.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    /// How many were served in the end.
    pub served: usize,
    /// The most requests within 10 ms once the service is back.
    pub rush: u64,
    /// When the last one was served.
    pub took: Duration,
}

/// A hundred clients ask, each by a backoff of its own, until they are served.
pub async fn storm<B: BackoffBuilder>(attempts: Counter, backoff: impl Fn(u64) -> B) -> Storm {
    let start = Instant::now();
    let service = Service {
        start,
        requests: RefCell::new([0; 1000]),
        attempts,
    };
    let ask = || service.ask();
    let clients = (0..100).map(|client| ask.retry(backoff(client)).sleep(sleep));
    let results = join_all(clients).await;
    Storm {
        served: results.iter().filter(|result| result.is_ok()).count(),
        rush: service.requests.borrow()[50..]
            .iter()
            .fold(0, |most, n| most.max(u64::from(*n))),
        took: start.elapsed(),
    }
}

/// How often a request that is wrong is sent, where that is `retried` five times at most: each
/// error (wrong), or the passing ones (right).
pub async fn attempts_at_denied(retried: fn(&Refusal) -> bool) -> u64 {
    let sent = RefCell::new(0);
    let ask = || async {
        *sent.borrow_mut() += 1;
        Err::<(), _>(Refusal::Denied)
    };
    let backoff = at_once(0).with_max_times(5);
    let _denied = ask.retry(backoff).sleep(sleep).when(retried).await;
    sent.into_inner()
}

/// A breaker that opens when half of 10 calls fail, and lets 5 through after a while.
#[must_use]
pub fn breaker(open: Duration) -> Recloser {
    let breaker = Recloser::custom()
        .error_rate(0.5)
        .closed_len(10)
        .half_open_len(5);
    breaker.open_wait(open).build()
}

/// How many of so many calls reach a service that is down, and wait for it in vain.
#[must_use]
pub fn calls_that_wait(calls: u64, breaker: Option<&Recloser>) -> u64 {
    let mut waited = 0;
    let mut down = || {
        waited += 1;
        Err::<(), _>(Refusal::Unavailable)
    };
    for _ in 0..calls {
        // Each call fails: at the service, or at once, as the breaker is open.
        let _failed = match breaker {
            None => down().is_err(),
            Some(breaker) => breaker.call(&mut down).is_err(),
        };
    }
    waited
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    let runtime = mock_clock()?;
    let counters = ["fixed", "exponential", "jitter"].map(|form| format!("attempts_{form}"));
    let [fixed, exponentially, jitter] = counters.each_ref().map(|name| lab.monitor.counter(name));
    let storms = runtime.block_on(async {
        [
            storm(fixed, at_once).await,
            storm(exponentially, exponential).await,
            storm(jitter, with_jitter).await,
        ]
    });
    let snapshot = lab.monitor.snapshot();
    let attempts = counters.map(|name| snapshot.counter(&name).map_or(0, |c| c.lifetime.total));
    let forms = ["every 5 ms", "exponential", "exponential, jitter"];
    let holds = "many clients fail together, and what failed recovers";
    let question = Question::of("100 clients, 500 ms outage", holds);
    for (wrong, right) in [(0, 2), (1, 2)] {
        let forms = [forms[wrong], forms[right]];
        let [before, after] = [&storms[wrong], &storms[right]];
        let sent = Amounts::Count([attempts[wrong], attempts[right]]);
        lab.counted(question, forms, "attempts", sent)?;
        let rush = Amounts::Count([before.rush, after.rush]);
        lab.counted(question, forms, "most_in_10_ms_afterwards", rush)?;
        let took = Amounts::Time([before.took, after.took]);
        lab.counted(question, forms, "all_served_after", took)?;
    }
    let denied = [
        |_: &Refusal| true,
        |refusal: &Refusal| *refusal == Refusal::Unavailable,
    ];
    let denied = denied.map(|retried| runtime.block_on(attempts_at_denied(retried)));
    lab.counted(
        Question::of("an error that stays", "the error says whether it passes"),
        ["any error", "passing errors"],
        "attempts",
        Amounts::Count(denied),
    )?;
    let closed = breaker(Duration::from_secs(3600));
    lab.counted(
        Question::of(
            "1000 calls of a dead service",
            "most calls fail, and each failure takes long",
        ),
        ["each asks", "a circuit breaker"],
        "calls_that_wait",
        Amounts::Count([
            calls_that_wait(1000, None),
            calls_that_wait(1000, Some(&closed)),
        ]),
    )
}
