//! A request has a cost of its own: a round trip, and headers that can be longer than what is
//! said. Many items in one request share it, and together they are long enough to be packed:
//! what is alike in them is sent once. One item by itself is hardly smaller packed.
//!
//! The knob: what a request costs. Where the other side is in the same machine, a round trip is
//! nothing to share, and to pack takes longer than to send (lesson 17). And a batch of one is a
//! request like any other.
//!
//! In production, watch items and requests apart, and bytes beside both (`perfkit::counter`).
//! Bound a batch by its size and its age: what is in it is lost with the program, and is late
//! for whoever waits. Bound what is unpacked too: a small body can be a large one packed. Answers
//! name each item, or one bad item has all of them sent again.

use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::encoding::{Reading, readings};
use crate::{Amounts, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 5,
    name: "batch_upload",
    title: "Uploads in batches, packed",
    source: include_str!("05_batch_upload.rs"),
    measure,
};

/// What of HTTP goes with each request and its answer.
const HEADERS: u64 = 400;

/// The most that a body may be, unpacked.
const MOST: u64 = 1 << 20;

/// A service behind a link; it counts what comes.
pub struct Service {
    /// How long a question and its answer are on their way.
    round_trip: Duration,
    /// How many bytes the link takes in a second.
    speed: f64,
    /// Requests that came.
    pub requests: Cell<u64>,
    /// Bytes that came, with headers.
    pub bytes: Cell<u64>,
    /// What was uploaded.
    pub readings: Cell<Vec<Reading>>,
}

impl Service {
    /// One that nobody has asked yet.
    #[must_use]
    pub fn new(round_trip: Duration, speed: f64) -> Self {
        Self {
            round_trip,
            speed,
            requests: Cell::default(),
            bytes: Cell::default(),
            readings: Cell::default(),
        }
    }

    /// Takes some readings as JSON, packed or not.
    ///
    /// # Errors
    /// The body is no JSON of readings, or is too large.
    pub fn post(&self, body: &[u8], is_packed: bool) -> Result<(), Error> {
        let bytes = body.len() as u64 + HEADERS;
        let sending = Duration::from_secs_f64(bytes as f64 / self.speed);
        let on_the_way = self.round_trip + sending;
        // To sleep for no time takes some.
        if !on_the_way.is_zero() {
            thread::sleep(on_the_way);
        }
        self.requests.set(self.requests.get() + 1);
        self.bytes.set(self.bytes.get() + bytes);
        let mut json = Vec::new();
        if is_packed {
            // One byte more than may be tells that there is more.
            GzDecoder::new(body).take(MOST + 1).read_to_end(&mut json)?;
        } else {
            json.extend_from_slice(body);
        }
        if json.len() as u64 > MOST {
            return Err(format!("a body may have {MOST} bytes at most, unpacked").into());
        }
        let mut readings = self.readings.take();
        readings.append(&mut serde_json::from_slice(&json)?);
        self.readings.set(readings);
        Ok(())
    }
}

/// Wrong: a request for each reading.
///
/// # Errors
/// The service's.
pub fn one_by_one(readings: &[Reading], service: &Service) -> Result<(), Error> {
    in_batches(readings, 1, service, false)
}

/// Right: a request for each hundred.
///
/// # Errors
/// The service's.
pub fn batches(readings: &[Reading], service: &Service) -> Result<(), Error> {
    in_batches(readings, 100, service, false)
}

/// Right: a request for each hundred, packed as quickly as gzip can.
///
/// # Errors
/// The service's.
pub fn packed_batches(readings: &[Reading], service: &Service) -> Result<(), Error> {
    in_batches(readings, 100, service, true)
}

fn in_batches(
    readings: &[Reading],
    at_a_time: usize,
    service: &Service,
    is_packed: bool,
) -> Result<(), Error> {
    for batch in readings.chunks(at_a_time) {
        let mut body = serde_json::to_vec(batch)?;
        if is_packed {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&body)?;
            body = encoder.finish()?;
        }
        service.post(&body, is_packed)?;
    }
    Ok(())
}

/// A way to upload readings.
pub type Upload = fn(&[Reading], &Service) -> Result<(), Error>;

/// The ways to upload, the wrong one first.
pub const UPLOADS: [(&str, Upload); 3] = [
    ("one by one", one_by_one),
    ("in batches of 100", batches),
    ("batches, packed", packed_batches),
];

fn measure(lab: &mut Lab) -> Result<(), Error> {
    let two_hundred = readings(200);
    let home = 2e6 / 8.0;
    let (nothing, local) = (Duration::ZERO, f64::INFINITY);
    for (what, sent, round_trip, speed, holds) in [
        (
            "200 readings over 2 Mbit/s, 1 ms away",
            &two_hundred[..],
            Duration::from_millis(1),
            home,
            "each request has a round trip and headers; packing gains where the link is slow",
        ),
        (
            "200 readings within the machine",
            &two_hundred,
            nothing,
            local,
            "hardly: there is no round trip to share, and to pack takes longer than to send",
        ),
        (
            "one reading over 2 Mbit/s, 1 ms away",
            &two_hundred[..1],
            Duration::from_millis(1),
            home,
            "never: a batch of one is a request, and there is little to pack",
        ),
    ] {
        let form = |(name, upload): (&'static str, Upload)| {
            let service = move || Ok(Service::new(round_trip, speed));
            Form::with_input(name, service, move |service| upload(sent, &service))
        };
        let question = Question::of(what, holds);
        lab.compare(question.claimed("4x", 4.0), UPLOADS.map(form))?;
    }
    let all = UPLOADS.map(|(name, upload)| {
        let service = Service::new(nothing, local);
        upload(&two_hundred, &service).map(|()| (name, service))
    });
    let [wrong, batches, packed] = all;
    let (wrong, first) = wrong?;
    for right in [batches, packed] {
        let (right, service) = right?;
        let question = Question::of("200 readings", "always, where there are many at once");
        let requests = Amounts::Count([first.requests.get(), service.requests.get()]);
        lab.counted(question, [wrong, right], "requests", requests)?;
        let bytes = Amounts::Bytes([first.bytes.get(), service.bytes.get()]);
        lab.counted(question, [wrong, right], "bytes_sent", bytes)?;
    }
    Ok(())
}
