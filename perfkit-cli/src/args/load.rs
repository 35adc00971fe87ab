//! `perfkit load`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum, value_parser};
use perfkit::unit::Unit;

use super::format::Format;
use super::shard::Shard;
use super::values::TimeSpan;

/// Put load on a server: requests are sent when they are due, and timed from then.
///
/// The rate is kept whether or not earlier requests have been answered, as users keep it, so
/// that what a slow moment holds back is in the times. With --clients each client waits for its
/// answer before it sends its next request, which hides that, and is said of the result.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  perfkit load --rate 500/s --duration 30s -- http://localhost:8080/
  perfkit load --rate 2k/s --save load.json -- http://localhost:8080/
  perfkit load --rate 50/s --targets urls.txt
  perfkit load --find-capacity 'p99 < 100ms' -- http://localhost:8080/
")]
pub(crate) struct LoadArguments {
    /// The address that is asked: http://HOST:PORT/PATH, or https:// where perfkit was built
    /// with its feature load-tls.
    #[arg(value_name = "URL", required_unless_present = "targets")]
    pub(crate) url: Option<String>,

    /// A file with several addresses, one in a line as WEIGHT METHOD URL or as URL alone, of
    /// which each is asked as often as its weight says.
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    pub(crate) targets: Option<PathBuf>,

    /// How many requests are due in a second: 500/s, 2k/s.
    #[arg(
        long,
        value_name = "RATE",
        required_unless_present_any = ["clients", "find_capacity"]
    )]
    pub(crate) rate: Option<Rate>,

    /// Go evenly from --rate to this rate within the duration.
    #[arg(long, value_name = "RATE", requires = "rate")]
    pub(crate) ramp_to: Option<Rate>,

    /// A closed load, for comparison: so many clients, each of which waits for its answer.
    #[arg(
        long,
        value_name = "N",
        value_parser = value_parser!(u64).range(1..=100_000),
        conflicts_with_all = ["rate", "find_capacity", "shard", "warmup", "arrivals", "seed", "max_in_flight"]
    )]
    pub(crate) clients: Option<u64>,

    /// Find the highest rate that keeps these limits, such as 'p99 < 100ms, success > 99.9%'.
    /// Limits are those of a [[budget]]: mean, median, p95, p99, max, success, errors.
    #[arg(long, value_name = "LIMITS", conflicts_with_all = ["rate", "shard"])]
    pub(crate) find_capacity: Option<String>,

    /// The highest rate that --find-capacity tries.
    #[arg(
        long,
        value_name = "RATE",
        default_value = "100k/s",
        requires = "find_capacity"
    )]
    pub(crate) max_rate: Rate,

    /// Another address to compare with the first one, which is the baseline: both get the same
    /// load in slices that take turns. Medians and 99th percentiles of the slices are compared.
    #[arg(long, value_name = "URL", conflicts_with_all = ["clients", "find_capacity", "shard", "targets", "ramp_to", "name"])]
    pub(crate) compare: Option<String>,

    /// How many slices each of the two has, and the first one once more as a control; each
    /// takes that part of the duration.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 20,
        value_parser = value_parser!(u64).range(2..=10_000),
        requires = "compare"
    )]
    pub(crate) slices: u64,

    /// For how long requests are due; with --find-capacity, at each rate.
    #[arg(short, long, value_name = "TIME", default_value = "10s")]
    pub(crate) duration: TimeSpan,

    /// For how long requests are sent before, and not counted.
    #[arg(long, value_name = "TIME", default_value = "0s")]
    pub(crate) warmup: TimeSpan,

    /// How requests follow each other.
    #[arg(long, value_enum, value_name = "KIND", default_value = "poisson")]
    pub(crate) arrivals: ArrivalKind,

    /// What Poisson arrivals are drawn from: the same seed has the same moments.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Send only share K of N of the requests: N machines with the same options, each with a
    /// share, are the whole exactly. perfkit merge adds up their reports.
    #[arg(long, value_name = "K/N")]
    pub(crate) shard: Option<Shard>,

    /// The most requests that may be in flight. What is due beyond that is not sent, and
    /// counted as a failure.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10_000,
        value_parser = value_parser!(u64).range(1..)
    )]
    pub(crate) max_in_flight: u64,

    /// How long what is in flight at the end is waited for.
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub(crate) drain: TimeSpan,

    /// The method.
    #[arg(short = 'X', long, value_name = "METHOD", default_value = "GET")]
    pub(crate) method: String,

    /// A header, as 'Name: value'; may be given several times.
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub(crate) headers: Vec<String>,

    /// The body of each request.
    #[arg(long, value_name = "TEXT")]
    pub(crate) body: Option<String>,

    /// A file with the body, of at most 64 MiB.
    #[arg(long, value_name = "FILE", conflicts_with = "body")]
    pub(crate) body_file: Option<PathBuf>,

    /// How long an answer may take, from when the request is sent. What takes longer failed.
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(crate) timeout: TimeSpan,

    /// A connection for each request.
    #[arg(long)]
    pub(crate) no_keep_alive: bool,

    /// HTTP/2: without TLS from the first byte on, with TLS as both sides agree.
    #[arg(long)]
    pub(crate) http2: bool,

    /// A file with certificates, in PEM form, of those who are trusted in place of the
    /// system's; with the feature load-tls.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// The name of the operation in the report [default: the method and the path].
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// Fail with exit code 3 where the generator was unfit, so that the result is inconclusive.
    #[arg(long)]
    pub(crate) strict: bool,

    /// Also save the report, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,

    /// How to print the report [default: human, or $PERFKIT_FORMAT].
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,

    /// Write what is printed to a file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// How requests follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ArrivalKind {
    /// As users come that know nothing of each other.
    Poisson,
    /// In equal gaps.
    Constant,
}

/// Requests per second: above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate(pub(crate) f64);

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let bare = text.strip_suffix("/s").unwrap_or(text);
        let rate = Unit::Count.parse(bare);
        let rate = rate.map_err(|_| {
            let text = text.escape_debug();
            format!("`{text}` is no rate such as 500/s or 2k/s")
        })?;
        if rate > 0.0 && rate <= 1e7 {
            return Ok(Self(rate));
        }
        Err(format!(
            "`{}` is no rate above 0 and up to 10M/s",
            text.escape_debug()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_a_second() {
        assert_eq!("500/s".parse(), Ok(Rate(500.0)));
        assert_eq!("2k/s".parse(), Ok(Rate(2000.0)));
        assert_eq!("0.5".parse(), Ok(Rate(0.5)));
        for text in ["0", "-1/s", "fast", "20M/s", "nan", "1/min"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
