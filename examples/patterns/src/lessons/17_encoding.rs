//! JSON writes the name of each field and the digits of each number; binary encodings write
//! neither. MessagePack still says of what kind each value is, postcard (like bincode) leaves that
//! to both sides, which must agree on it. Fewer bytes are also quicker to write and to read.
//!
//! The knob: what is inside. Texts are as long in any encoding, and what compression finds again of
//! JSON's names, a terse encoding cannot save a second time.
//!
//! In production, watch who else reads it: a field that is added breaks a reader of postcard, and
//! nobody debugs it by eye. Keep the version in the file, and measure with real messages.

use rand::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

use crate::compression::gzip;
use crate::{Amounts, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 17,
    name: "encoding",
    title: "JSON, MessagePack and postcard",
    source: include_str!("17_encoding.rs"),
    measure,
};

/// What a program sends and keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    sensor: u32,
    time_ns: u64,
    values: [f64; 4],
    is_valid: bool,
}

/// Readings whose values are no round numbers.
#[must_use]
pub fn readings(count: u32) -> Vec<Reading> {
    let mut random = Pcg64Mcg::seed_from_u64(3);
    let mut value = || f64::from(random.next_u32()) / 3e6;
    let reading = |number: u32| Reading {
        sensor: number % 50,
        time_ns: 1_796_000_000_000_000_000 + u64::from(number) * 1_000_003,
        values: std::array::from_fn(|_| value()),
        is_valid: !number.is_multiple_of(97),
    };
    (0..count).map(reading).collect()
}

/// The three encodings of readings, which each came back the same.
///
/// # Errors
/// An encoding that lost something.
pub fn encodings(readings: &[Reading]) -> Result<[Vec<u8>; 3], Error> {
    let json = serde_json::to_vec(readings)?;
    let pack = rmp_serde::to_vec(readings)?;
    let card = postcard::to_allocvec(readings)?;
    let back: [Vec<Reading>; 3] = [
        serde_json::from_slice(&json)?,
        rmp_serde::from_slice(&pack)?,
        postcard::from_bytes(&card)?,
    ];
    match back.iter().all(|back| back == readings) {
        true => Ok([json, pack, card]),
        false => Err("an encoding did not bring back what it was given".into()),
    }
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    let readings = readings(1_000);
    let encoded = encodings(&readings)?;
    let holds = "there are more numbers and names than texts";
    let packed = [
        gzip(&encoded[0], 6)?,
        gzip(&encoded[1], 6)?,
        gzip(&encoded[2], 6)?,
    ];
    for (index, form) in [(1, "MessagePack"), (2, "postcard")] {
        let sizes = [0, index].map(|index| encoded[index].len() as u64);
        let question = Question::of("1000 readings", holds);
        lab.counted(question, ["JSON", form], "encoded", Amounts::Bytes(sizes))?;
        let sizes = [0, index].map(|index| packed[index].len() as u64);
        let question = Question::of(
            "1000 readings, then gzip",
            "less: gzip finds repeated names",
        );
        lab.counted(question, ["JSON", form], "encoded", Amounts::Bytes(sizes))?;
    }
    lab.compare(
        Question::of("1000 readings there and back", holds),
        [
            Form::fallible("JSON", || {
                let json = serde_json::to_vec(&readings)?;
                Ok(serde_json::from_slice::<Vec<Reading>>(&json)?)
            }),
            Form::fallible("MessagePack", || {
                let pack = rmp_serde::to_vec(&readings)?;
                Ok(rmp_serde::from_slice::<Vec<Reading>>(&pack)?)
            }),
            Form::fallible("postcard", || {
                let card = postcard::to_allocvec(&readings)?;
                Ok(postcard::from_bytes::<Vec<Reading>>(&card)?)
            }),
        ],
    )
}
