//! To send fewer bytes takes time on both sides, and saves it on the way. So it is the link that
//! decides: below the speed at which both are equal, the break-even, compression is quicker, and
//! above it slower. Higher levels give little more for much more time.
//!
//! The knob: the speed of the link, and the data. A local network is often faster than the
//! break-even, and pictures or random numbers do not get smaller at any speed.
//!
//! In production, watch bytes sent and CPU time together, per kind of content, and compress
//! neither what is compressed already nor what fits one packet. Answers that hold a secret beside
//! text of an attacker tell it by their length (BREACH).

use std::io::{Read as _, Write as _};
use std::thread;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rand::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

use crate::encoding::readings;
use crate::{Amounts, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 17,
    name: "compression",
    title: "Compression against the speed of the link",
    source: include_str!("17_compression.rs"),
    measure,
};

/// How a body is packed: a name, to pack and to unpack.
pub type Format = (
    &'static str,
    fn(&[u8]) -> Result<Vec<u8>, Error>,
    fn(&[u8]) -> Result<Vec<u8>, Error>,
);

/// As it is, and packed in four ways.
pub const FORMATS: [Format; 5] = [
    (
        "as it is",
        |body| Ok(body.to_vec()),
        |body| Ok(body.to_vec()),
    ),
    ("gzip 1", |body| gzip(body, 1), gunzip),
    ("gzip 6", |body| gzip(body, 6), gunzip),
    (
        "lz4",
        |body| Ok(lz4_flex::compress_prepend_size(body)),
        |packed| Ok(lz4_flex::decompress_size_prepended(packed)?),
    ),
    (
        "zstd 3",
        |body| Ok(zstd::encode_all(body, 3)?),
        |packed| Ok(zstd::decode_all(packed)?),
    ),
];

/// # Errors
/// None in memory.
pub fn gzip(body: &[u8], level: u32) -> Result<Vec<u8>, Error> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(body)?;
    Ok(encoder.finish()?)
}

/// # Errors
/// What was not made by `gzip`.
pub fn gunzip(packed: &[u8]) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut body)?;
    Ok(body)
}

/// Packs a body, sends it over a link of so many bytes in a second, and unpacks it.
///
/// # Errors
/// Those of the format.
pub fn send(body: &[u8], (_, pack, unpack): Format, speed: f64) -> Result<usize, Error> {
    let packed = pack(body)?;
    thread::sleep(Duration::from_secs_f64(packed.len() as f64 / speed));
    Ok(unpack(&packed)?.len())
}

/// The speed of a link, in bytes in a second, on which a format takes as long as none: the bytes
/// that it saves over the time that it takes.
///
/// # Errors
/// Those of the format.
pub fn break_even(body: &[u8], (_, pack, unpack): Format) -> Result<f64, Error> {
    let mut times = Vec::new();
    let mut saved = 0.0;
    for _ in 0..11 {
        let start = Instant::now();
        let packed = pack(body)?;
        saved = body.len() as f64 - packed.len() as f64;
        unpack(&packed)?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(saved / times[times.len() / 2])
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    let text = serde_json::to_vec(&readings(5_000))?;
    let mut noise = vec![0; text.len()];
    Pcg64Mcg::seed_from_u64(5).fill_bytes(&mut noise);
    let [.., zstd] = FORMATS;
    let even = break_even(&text, zstd)?;
    lab.engine(
        "break-even of zstd 3, 0.7 MB of JSON:",
        format!("{:.0} Mbit/s", even * 8.0 / 1e6),
    );
    for (body, speed, what, holds) in [
        (
            &text,
            12.5e6,
            "JSON over 100 Mbit/s",
            "the link is slower than the break-even",
        ),
        (
            &text,
            even,
            "JSON at zstd's break-even",
            "for what breaks even at a faster link",
        ),
        (
            &text,
            1.25e9,
            "JSON over 10 Gbit/s",
            "hardly: the link is faster than most break-evens",
        ),
        (
            &noise,
            12.5e6,
            "noise over 100 Mbit/s",
            "never: there is nothing to leave out",
        ),
    ] {
        let form = |format: Format| Form::fallible(format.0, move || send(body, format, speed));
        lab.compare(Question::of(what, holds), FORMATS.map(form))?;
    }
    let levels = [gzip(&text, 6)?, gzip(&text, 9)?].map(|packed| packed.len() as u64);
    lab.counted(
        Question::of("levels", "hardly: the last levels search long for little"),
        ["gzip 6 packs", "gzip 9 packs"],
        "packed",
        Amounts::Bytes(levels),
    )
}
