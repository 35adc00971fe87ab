//! One request to a collector, sent again where that may help.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::write::GzEncoder;

use crate::export::shared::deadline as end_of;

#[cfg(feature = "otlp-grpc")]
use super::config::Protocol;
use super::config::{Compression, Config};
use super::convert::Request;
#[cfg(feature = "otlp-grpc")]
use super::grpc::Grpc;
use super::http::Http;
use super::send_error::{Attempt, SendError};

/// The first wait before a retry; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// The longest wait before a retry, also when the collector asks for more.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How often a waiting thread looks whether it shall stop.
const LOOK: Duration = Duration::from_millis(20);

enum Way {
    Http(Box<Http>),
    #[cfg(feature = "otlp-grpc")]
    Grpc(Box<Grpc>),
}

/// A way to one collector.
pub(super) struct Transport {
    /// Why there is none, where a setting is at fault.
    way: Result<Way, SendError>,
    compression: Compression,
    timeout: Duration,
}

impl Transport {
    pub(super) fn new(config: &Config) -> Self {
        let way = match config.protocol {
            #[cfg(feature = "otlp-grpc")]
            Protocol::Grpc => Grpc::of(config).map(|grpc| Way::Grpc(Box::new(grpc))),
            _ => Http::of(config).map(|http| Way::Http(Box::new(http))),
        };
        Self {
            way,
            compression: config.compression,
            timeout: config.timeout,
        }
    }

    /// Sends a request until it is accepted, is refused for good, or its time or that of the
    /// whole export is over. Gives up between attempts when `shall_stop` says so.
    /// Returns how many data points were accepted.
    pub(super) fn send(
        &self,
        request: &Request,
        deadline: Instant,
        shall_stop: &dyn Fn() -> bool,
    ) -> Result<u64, SendError> {
        let deadline = deadline.min(end_of(self.timeout));
        let way = self.way.as_ref().map_err(Clone::clone)?;
        let body = self.body_of(request, way)?;
        let mut wait = FIRST_WAIT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let (error, asked) = match way.attempt(&body, left.max(LOOK)) {
                Attempt::Accepted => return Ok(request.data_points),
                Attempt::Failed(error) => return Err(error),
                Attempt::Retry(error, asked) => (error, asked),
            };
            // Who asks for none, or for one that is over, would be asked without a pause.
            let pause = asked
                .unwrap_or_default()
                .max(jittered(wait))
                .min(LONGEST_WAIT);
            wait = (wait * 2).min(LONGEST_WAIT);
            if Instant::now() + pause >= deadline || !sleep(pause, shall_stop) {
                return Err(error);
            }
        }
    }

    /// A request as it goes over the wire; gRPC has a way of its own to compress.
    fn body_of<'a>(&self, request: &'a Request, way: &Way) -> Result<Cow<'a, [u8]>, SendError> {
        let body = match way {
            Way::Http(http) => http.body_of(&request.bytes)?,
            #[cfg(feature = "otlp-grpc")]
            Way::Grpc(_) => return Ok(Cow::Borrowed(&request.bytes)),
        };
        match self.compression {
            Compression::None => Ok(body),
            Compression::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
                let written = encoder.write_all(&body);
                let compressed = written.and_then(|()| encoder.finish()).map(Cow::Owned);
                compressed.map_err(|error| SendError::Unreachable(error.to_string()))
            }
        }
    }
}

impl Way {
    fn attempt(&self, body: &[u8], timeout: Duration) -> Attempt {
        match self {
            Self::Http(http) => http.attempt(body, timeout),
            #[cfg(feature = "otlp-grpc")]
            Self::Grpc(grpc) => grpc.attempt(body, timeout),
        }
    }
}

/// Between half and one and a half of a wait, so that many programs do not
/// retry at the same moment.
fn jittered(wait: Duration) -> Duration {
    let random = RandomState::new().hash_one(0_u8) % 1000;
    wait.mul_f64(0.5 + random as f64 / 1000.0)
}

/// Sleeps, and says whether to go on.
fn sleep(pause: Duration, shall_stop: &dyn Fn() -> bool) -> bool {
    let end = Instant::now() + pause;
    while Instant::now() < end {
        if shall_stop() {
            return false;
        }
        std::thread::sleep(LOOK.min(end.saturating_duration_since(Instant::now())));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_around_the_wait() {
        for _ in 0..100 {
            let wait = jittered(Duration::from_millis(100)).as_millis();
            assert!((50..150).contains(&wait), "{wait}");
        }
    }
}
