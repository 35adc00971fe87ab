//! Who loads a file holds all of it before looking at the first line; who streams holds one piece
//! at a time, in the same buffer. The peak of memory then no longer grows with the input, and so
//! the largest file that ever comes ends no process. Time is another matter: it stays about the
//! same.
//!
//! The knob: the size. An input that is small anyway gains nothing, as the buffer for reading is
//! larger.
//!
//! In production, watch peak memory (`#[measure(memory)]`, or `perfkit compare` for commands)
//! beside time, and how large inputs can get: who sends them decides it. A stream sees an error in
//! the last line when all others are done.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::{Amounts, Error, Form, Lab, Lesson, Question, memory_of};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 16,
    name: "streaming",
    title: "Streaming instead of loading all",
    source: include_str!("16_streaming.rs"),
    measure,
};

/// A file of so many lines, a number of 60 digits in each.
///
/// # Errors
/// Those of the file.
pub fn file(lines: u64) -> Result<NamedTempFile, Error> {
    let mut file = NamedTempFile::new()?;
    let text: String = (1..=lines)
        .map(|number| format!("{number:060}\n"))
        .collect();
    file.write_all(text.as_bytes())?;
    Ok(file)
}

/// Wrong: all of the file is in memory before the first line is looked at.
///
/// # Errors
/// Those of the file, and of a line that is no number.
pub fn load_all(path: &Path) -> Result<u64, Error> {
    let text = std::fs::read_to_string(path)?;
    let mut sum = 0;
    for line in text.lines() {
        sum += line.parse::<u64>()?;
    }
    Ok(sum)
}

/// Right: one line is in memory at a time, in the same buffer.
///
/// # Errors
/// Those of the file, and of a line that is no number.
pub fn stream(path: &Path) -> Result<u64, Error> {
    let mut lines = BufReader::new(File::open(path)?);
    let (mut line, mut sum) = (String::new(), 0);
    while lines.read_line(&mut line)? > 0 {
        sum += line.trim_end().parse::<u64>()?;
        line.clear();
    }
    Ok(sum)
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    let forms = ["load all", "stream"];
    for (lines, what, holds) in [
        (
            100_000,
            "100,000 lines, 6 MB",
            "the input is larger than what may be held of it",
        ),
        (
            100,
            "100 lines, 6 kB",
            "hardly: the buffer for reading is larger than the input",
        ),
    ] {
        let file = file(lines)?;
        let (loaded, wrong) = memory_of(|| load_all(file.path()));
        let (streamed, right) = memory_of(|| stream(file.path()));
        if loaded? != streamed? {
            return Err("both ways must come to the same sum".into());
        }
        let question = Question::of(what, holds);
        let bytes = Amounts::Bytes([wrong.peak_bytes, right.peak_bytes]);
        lab.counted(question, forms, "peak_growth", bytes)?;
    }
    let file = file(100_000)?;
    lab.compare(
        Question::of(
            "the time of 100,000 lines",
            "to stream is to save memory, hardly time",
        ),
        [
            Form::fallible(forms[0], || load_all(file.path())),
            Form::fallible(forms[1], || stream(file.path())),
        ],
    )
}
