//! Results of other tools, recognised by what is in them and turned into
//! reports. One file for each tool.

mod apache_bench;
mod benchmarkdotnet;
mod build;
mod cargo_criterion;
mod catch2;
mod critcmp;
mod criterion;
mod csv_lines;
mod date;
mod divan;
mod go;
mod google;
mod google_csv;
mod google_rows;
mod goose;
mod grouped;
mod h2load;
mod hdr_encoding;
mod hdr_log;
mod hey;
mod hyperfine;
mod hyperfine_csv;
mod hyperfine_v2;
mod jmh;
mod json;
mod json_shape;
mod junit;
mod k6;
mod libtest;
mod lighthouse;
mod memtier;
mod nanobench;
mod oha;
mod parse_error;
mod perf_stat;
mod pgbench;
mod pyperf;
mod pytest;
mod redis_benchmark;
mod text;
mod units;
mod vegeta;
mod wrk;
mod xml_tags;

use std::path::Path;

use perfkit::Report;

use crate::error::{Error, shown};

use parse_error::ParseError;
pub(super) use text::LARGEST_BYTES;
use text::Text;

/// A format of another tool: its name, and how its files are recognised and read.
struct Importer(
    &'static str,
    fn(&Text) -> bool,
    fn(Text) -> Result<Report, ParseError>,
);

/// Every format that is known; a format that another one would also match stands
/// before that.
const IMPORTERS: &[Importer] = &[
    Importer(
        "hyperfine 2 JSON",
        hyperfine_v2::recognise,
        hyperfine_v2::read,
    ),
    Importer("nanobench JSON", nanobench::recognise, nanobench::read),
    Importer("hyperfine 1 JSON", hyperfine::recognise, hyperfine::read),
    Importer(
        "hyperfine CSV",
        hyperfine_csv::recognise,
        hyperfine_csv::read,
    ),
    Importer("critcmp export", critcmp::recognise, critcmp::read),
    Importer("Google Benchmark JSON", google::recognise, google::read),
    Importer(
        "Google Benchmark CSV",
        google_csv::recognise,
        google_csv::read,
    ),
    Importer("Go benchmark text", go::recognise_text, go::read_text),
    Importer("go test JSON", go::recognise_json, go::read_json),
    Importer("JMH JSON", jmh::recognise, jmh::read),
    Importer(
        "BenchmarkDotNet JSON",
        benchmarkdotnet::recognise,
        benchmarkdotnet::read,
    ),
    Importer("pytest-benchmark JSON", pytest::recognise, pytest::read),
    Importer("pyperf JSON", pyperf::recognise, pyperf::read),
    Importer("Lighthouse JSON", lighthouse::recognise, lighthouse::read),
    Importer("k6 summary JSON", k6::recognise, k6::read),
    Importer("HdrHistogram log", hdr_log::recognise, hdr_log::read),
    Importer("libtest JSON", libtest::recognise_json, libtest::read_json),
    Importer("libtest text", libtest::recognise_text, libtest::read_text),
    Importer("divan text", divan::recognise, divan::read),
    Importer(
        "perf stat JSON",
        perf_stat::recognise_json,
        perf_stat::read_json,
    ),
    Importer(
        "perf stat text",
        perf_stat::recognise_text,
        perf_stat::read_text,
    ),
    Importer(
        "perf stat CSV",
        perf_stat::recognise_csv,
        perf_stat::read_csv,
    ),
    Importer("oha JSON", oha::recognise, oha::read),
    Importer("wrk text", wrk::recognise, wrk::read),
    Importer("vegeta JSON", vegeta::recognise_json, vegeta::read_json),
    Importer("vegeta text", vegeta::recognise_text, vegeta::read_text),
    Importer(
        "vegeta histogram",
        vegeta::recognise_histogram,
        vegeta::read_histogram,
    ),
    Importer("hey text", hey::recognise_text, hey::read_text),
    Importer("hey CSV", hey::recognise_csv, hey::read_csv),
    Importer(
        "ab text",
        apache_bench::recognise_text,
        apache_bench::read_text,
    ),
    Importer(
        "ab percentiles",
        apache_bench::recognise_percentiles,
        apache_bench::read_percentiles,
    ),
    Importer(
        "ab requests",
        apache_bench::recognise_requests,
        apache_bench::read_requests,
    ),
    Importer("h2load text", h2load::recognise_text, h2load::read_text),
    Importer("h2load log", h2load::recognise_log, h2load::read_log),
    Importer("pgbench log", pgbench::recognise, pgbench::read),
    Importer(
        "redis-benchmark CSV",
        redis_benchmark::recognise,
        redis_benchmark::read,
    ),
    Importer("goose JSON", goose::recognise, goose::read),
    Importer("memtier_benchmark JSON", memtier::recognise, memtier::read),
    Importer(
        "cargo-criterion JSON",
        cargo_criterion::recognise,
        cargo_criterion::read,
    ),
    Importer("JUnit XML", junit::recognise, junit::read),
    Importer("Catch2 XML", catch2::recognise_xml, catch2::read_xml),
    Importer(
        "Catch2 text",
        catch2::recognise_console,
        catch2::read_console,
    ),
];

/// The results in a file, given its bytes; `path` is only for messages.
pub(super) fn read(bytes: Vec<u8>, path: &Path) -> Result<Report, Error> {
    let text = Text::new(bytes).map_err(|error| failed(path, None, &error))?;
    let Some(Importer(name, _, read)) = recognised(&text) else {
        return Err(unknown(path, &text));
    };
    read(text).map_err(|error| failed(path, Some(name), &error))
}

/// The results in criterion's folder.
pub(super) fn read_folder(folder: &Path, baseline: Option<&str>) -> Result<Report, Error> {
    criterion::read(folder, baseline)
        .map_err(|error| failed(folder, Some("criterion's folder"), &error))
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

/// The same bytes, unpacked where they are compressed; `path` is only for messages.
pub(super) fn unpacked(bytes: Vec<u8>, path: &Path) -> Result<Vec<u8>, Error> {
    match is_compressed(&bytes) {
        true => text::unpack(&bytes).map_err(|error| failed(path, None, &error)),
        false => Ok(bytes),
    }
}

fn recognised(text: &Text) -> Option<&'static Importer> {
    let mut importers = IMPORTERS.iter();
    importers.find(|Importer(_, recognise, _)| recognise(text))
}

fn failed(path: &Path, format: Option<&str>, error: &ParseError) -> Error {
    let place = error.place();
    let path = shown(path);
    match format {
        Some(format) => Error::data(format!("{path}: {place}read as {format}: {error}")),
        None => Error::data(format!("{path}: {place}{error}")),
    }
}

fn unknown(path: &Path, text: &Text) -> Error {
    let names: Vec<&str> = IMPORTERS.iter().map(|Importer(name, ..)| *name).collect();
    Error::data(format!(
        "{}: the file is no perfkit report, nor of another format that is known",
        shown(path)
    ))
    .hint(match text.as_str().starts_with("#!") {
        true => "it seems to be a script: to run it, make it executable with chmod +x".to_owned(),
        false => format!(
            "known are: {}, and criterion's folder target/criterion; files may be compressed with gzip",
            names.join(", ")
        ),
    })
}

/// Reads bytes as if they were of every format whose name begins with `family`,
/// recognised or not: for fuzzing, where nothing must panic.
pub(crate) fn try_all(family: &str, bytes: &[u8]) -> Vec<Report> {
    let Ok(text) = Text::new(bytes.to_vec()) else {
        return Vec::new();
    };
    let _ = recognised(&text);
    let importers = IMPORTERS.iter();
    let meant = importers.filter(|Importer(name, ..)| name.starts_with(family));
    meant
        .filter_map(|Importer(_, _, read)| read(Text::new(bytes.to_vec()).ok()?).ok())
        .collect()
}
