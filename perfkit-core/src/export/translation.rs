//! From OpenTelemetry's names of metrics to those that they have in Prometheus, as OpenTelemetry's
//! specification of the compatibility with Prometheus and OpenMetrics says. A collector that
//! hands metrics on to Prometheus does the same, so that what is scraped and what is pushed
//! have one name.

use super::metric_table::Kind;

/// The name of a metric in Prometheus: what it may not contain is an underscore, then come its
/// unit, unless the name has that already, and what its kind adds.
pub(super) fn metric_name(name: &str, unit: &str, kind: Kind) -> String {
    let is_separator = |character: char| !character.is_ascii_alphanumeric() && character != ':';
    let mut words: Vec<&str> = name
        .split(is_separator)
        .filter(|word| !word.is_empty())
        .collect();
    let [of, per] = unit_parts(unit, kind);
    let per_words = per.map(|per| ["per", per]);
    if let Some(of) = of.filter(|of| !words.contains(of)) {
        words.push(of);
    }
    if let Some(per_words) = per_words.filter(|per_words| !words.ends_with(per_words)) {
        words.extend(per_words);
    }
    if kind.is_counter() {
        words.retain(|word| *word != "total");
        words.push("total");
    }
    let name = words.join("_");
    match name.starts_with(|first: char| first.is_ascii_digit()) {
        true => format!("_{name}"),
        false => name,
    }
}

/// A unit in the words of Prometheus; `None` where it is a number of things.
pub(super) fn unit_name(unit: &str, kind: Kind) -> Option<String> {
    match unit_parts(unit, kind) {
        [Some(of), Some(per)] => Some(format!("{of}_per_{per}")),
        [None, Some(per)] => Some(format!("per_{per}")),
        [of, None] => of.map(str::to_owned),
    }
}

/// What a unit is of, and of what for each of which. Annotations are no units.
fn unit_parts(unit: &str, kind: Kind) -> [Option<&str>; 2] {
    let (of, per) = match unit.split_once('/') {
        Some((of, per)) => (of.trim(), Some(per.trim())),
        None => (unit.trim(), None),
    };
    let is_unit = |unit: &&str| !unit.is_empty() && !unit.contains(['{', '}']);
    let of = match of {
        "1" if per.is_none() && kind == Kind::Gauge => Some("ratio"),
        "1" => None,
        of => Some(of).filter(is_unit).map(|of| word(of, &UNITS)),
    };
    [of, per.filter(is_unit).map(|per| word(per, &PER_UNITS))]
}

fn word<'a>(unit: &'a str, words: &[(&str, &'static str)]) -> &'a str {
    let known = words.iter().find(|(symbol, _)| *symbol == unit);
    known.map_or(unit, |(_, word)| word)
}

/// The units that are not their own words, by their symbols in UCUM.
const UNITS: [(&str, &str); 24] = [
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    ("TiBy", "tibibytes"),
    ("KBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("TBy", "terabytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("A", "amperes"),
    ("J", "joules"),
    ("W", "watts"),
    ("g", "grams"),
    ("Cel", "celsius"),
    ("Hz", "hertz"),
];

const PER_UNITS: [(&str, &str); 7] = [
    ("s", "second"),
    ("m", "minute"),
    ("h", "hour"),
    ("d", "day"),
    ("w", "week"),
    ("mo", "month"),
    ("y", "year"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of the specification and of the libraries that collectors translate with.
    #[test]
    fn names_are_those_of_the_specification() {
        for (name, unit, kind, expected) in [
            (
                "http.server.duration",
                "s",
                Kind::Histogram,
                "http_server_duration_seconds",
            ),
            (
                "system.filesystem.usage",
                "By",
                Kind::UpDownCounter,
                "system_filesystem_usage_bytes",
            ),
            (
                "system.network.dropped",
                "{packet}",
                Kind::Counter,
                "system_network_dropped_total",
            ),
            (
                "system.network.dropped",
                "packets",
                Kind::Gauge,
                "system_network_dropped_packets",
            ),
            (
                "system.memory.utilization",
                "1",
                Kind::Gauge,
                "system_memory_utilization_ratio",
            ),
            ("requests.count", "1", Kind::Counter, "requests_count_total"),
            (
                "(lambda).function.executions(#)",
                "1",
                Kind::Counter,
                "lambda_function_executions_total",
            ),
            (
                "storage.filesystem.io",
                "By/s",
                Kind::Gauge,
                "storage_filesystem_io_bytes_per_second",
            ),
            (
                "astro.light.speed",
                "m/s",
                Kind::Gauge,
                "astro_light_speed_meters_per_second",
            ),
            ("rate", "{call}/s", Kind::Gauge, "rate_per_second"),
            ("rate", "1/s", Kind::Gauge, "rate_per_second"),
            ("broken", "foo/", Kind::Gauge, "broken_foo"),
            (
                "process.cpu.time",
                "s",
                Kind::ObservableCounter,
                "process_cpu_time_seconds_total",
            ),
            // What the name has already is not said twice.
            ("network.bytes", "By", Kind::Counter, "network_bytes_total"),
            ("requests.total", "", Kind::Counter, "requests_total"),
            ("a.ratio", "1", Kind::Gauge, "a_ratio"),
            (
                "two__or.-more",
                "ms",
                Kind::Gauge,
                "two_or_more_milliseconds",
            ),
            ("2.first", "", Kind::Gauge, "_2_first"),
        ] {
            assert_eq!(metric_name(name, unit, kind), expected, "{name} {unit}");
        }
    }

    #[test]
    fn units_are_whole_words_and_annotations_are_none() {
        for (unit, expected) in [
            ("s", Some("seconds")),
            ("By/s", Some("bytes_per_second")),
            ("1/s", Some("per_second")),
            ("{call}", None),
            ("1", Some("ratio")),
            ("", None),
        ] {
            assert_eq!(unit_name(unit, Kind::Gauge).as_deref(), expected, "{unit}");
        }
        assert_eq!(unit_name("1", Kind::Counter), None);
    }
}
