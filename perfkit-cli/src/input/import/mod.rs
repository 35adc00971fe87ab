//! Results of other tools, recognised by what is in them and turned into
//! reports. One file for each tool.

mod benchmarkdotnet;
mod build;
mod critcmp;
mod criterion;
mod date;
mod divan;
mod go;
mod google;
mod google_csv;
mod google_rows;
mod hdr_encoding;
mod hdr_log;
mod hyperfine;
mod hyperfine_csv;
mod hyperfine_v2;
mod jmh;
mod json;
mod json_shape;
mod k6;
mod libtest;
mod lighthouse;
mod parse_error;
mod perf_stat;
mod pyperf;
mod pytest;
mod text;
mod units;

use std::path::Path;

use perfkit::Report;

use crate::error::{Error, shown};

use parse_error::Mistake;
use text::Text;

/// A format of another tool.
struct Format {
    name: &'static str,
    recognise: fn(&Text) -> bool,
    read: fn(&Text) -> Result<Report, Mistake>,
}

/// Every format that is known, the more particular ones first.
const FORMATS: &[Format] = &[
    format(
        "hyperfine 2 JSON",
        hyperfine_v2::recognise,
        hyperfine_v2::read,
    ),
    format("hyperfine 1 JSON", hyperfine::recognise, hyperfine::read),
    format(
        "hyperfine CSV",
        hyperfine_csv::recognise,
        hyperfine_csv::read,
    ),
    format("critcmp export", critcmp::recognise, critcmp::read),
    format("Google Benchmark JSON", google::recognise, google::read),
    format(
        "Google Benchmark CSV",
        google_csv::recognise,
        google_csv::read,
    ),
    format("Go benchmark text", go::recognise_text, go::read_text),
    format("go test JSON", go::recognise_json, go::read_json),
    format("JMH JSON", jmh::recognise, jmh::read),
    format(
        "BenchmarkDotNet JSON",
        benchmarkdotnet::recognise,
        benchmarkdotnet::read,
    ),
    format("pytest-benchmark JSON", pytest::recognise, pytest::read),
    format("pyperf JSON", pyperf::recognise, pyperf::read),
    format("Lighthouse JSON", lighthouse::recognise, lighthouse::read),
    format("k6 summary JSON", k6::recognise, k6::read),
    format("HdrHistogram log", hdr_log::recognise, hdr_log::read),
    format("libtest JSON", libtest::recognise_json, libtest::read_json),
    format("libtest text", libtest::recognise_text, libtest::read_text),
    format("divan text", divan::recognise, divan::read),
    format(
        "perf stat JSON",
        perf_stat::recognise_json,
        perf_stat::read_json,
    ),
    format(
        "perf stat text",
        perf_stat::recognise_text,
        perf_stat::read_text,
    ),
    format(
        "perf stat CSV",
        perf_stat::recognise_csv,
        perf_stat::read_csv,
    ),
];

const fn format(
    name: &'static str,
    recognise: fn(&Text) -> bool,
    read: fn(&Text) -> Result<Report, Mistake>,
) -> Format {
    Format {
        name,
        recognise,
        read,
    }
}

/// The results in a file, given its bytes; `path` is only for messages.
pub(super) fn read(bytes: Vec<u8>, path: &Path) -> Result<Report, Error> {
    let text = Text::new(bytes).map_err(|mistake| failed(path, None, &mistake))?;
    let Some(format) = recognised(&text) else {
        return Err(unknown(path));
    };
    (format.read)(&text).map_err(|mistake| failed(path, Some(format.name), &mistake))
}

/// The results in criterion's folder.
pub(super) fn read_folder(folder: &Path, baseline: Option<&str>) -> Result<Report, Error> {
    criterion::read(folder, baseline)
        .map_err(|mistake| failed(folder, Some("criterion's folder"), &mistake))
}

/// Whether a folder has results of criterion in it.
pub(super) fn is_known_folder(folder: &Path) -> bool {
    criterion::recognise(folder)
}

/// Whether the first bytes of a file look like the results of a tool.
pub(super) fn is_known(start: Vec<u8>) -> bool {
    Text::new(start).is_ok_and(|text| recognised(&text).is_some())
}

/// Whether bytes are compressed, so that their start does not tell what they are.
pub(super) fn is_compressed(bytes: &[u8]) -> bool {
    bytes.starts_with(&text::GZIP)
}

fn recognised(text: &Text) -> Option<&'static Format> {
    FORMATS.iter().find(|format| (format.recognise)(text))
}

fn failed(path: &Path, format: Option<&str>, mistake: &Mistake) -> Error {
    let place = mistake.place();
    let path = shown(path);
    match format {
        Some(format) => Error::data(format!("{path}: {place}read as {format}: {mistake}")),
        None => Error::data(format!("{path}: {place}{mistake}")),
    }
}

fn unknown(path: &Path) -> Error {
    let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    Error::data(format!(
        "{}: the file is no perfkit report, nor of another format that is known",
        shown(path)
    ))
    .hint(format!(
        "known are: {}, and criterion's folder target/criterion; files may be compressed with gzip",
        names.join(", ")
    ))
}

/// Reads bytes as if they were of every format whose name begins with `family`,
/// recognised or not: for fuzzing, where nothing must panic.
pub(crate) fn try_all(family: &str, bytes: &[u8]) -> Vec<Report> {
    let Ok(text) = Text::new(bytes.to_vec()) else {
        return Vec::new();
    };
    let _ = recognised(&text);
    let meant = FORMATS
        .iter()
        .filter(|format| format.name.starts_with(family));
    meant
        .filter_map(|format| (format.read)(&text).ok())
        .collect()
}
