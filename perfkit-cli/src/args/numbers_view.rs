//! `--sort`, `--time-unit` and `--metrics`: what the tables of numbers show, and how.

use std::str::FromStr;

use clap::{Args, ValueEnum};
use perfkit::Metric;
use perfkit::unit::Unit;

use Unit::{Bytes, Count, Nanoseconds};

use super::similar::most_similar;

const TABLES: &str = "The tables of numbers";

/// What a reader chooses of the tables of numbers. Files of values (JSON, CSV) hold all of
/// them, in base units, whatever is chosen.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct NumbersView {
    /// The order of the rows.
    #[arg(long = "sort", value_enum, value_name = "ORDER", default_value = "auto", hide_default_value = true, help_heading = TABLES)]
    pub(crate) order: RowOrder,

    /// Show all times in this unit: ns, us, ms, s, min or h [default: what fits each].
    #[arg(short = 'u', long, value_name = "UNIT", help_heading = TABLES)]
    pub(crate) time_unit: Option<TimeUnit>,

    /// What to show: `default`, `time` (wall, CPU, user and system time), `all`, or a list such
    /// as `cpu_time,peak_memory:MiB`. The first one has its mean, median, least, greatest and
    /// standard deviation, the others their medians. All that can be had is measured anyway, and
    /// the order of ranks is that of wall time.
    #[arg(long, value_name = "METRIC[:UNIT],…", help_heading = TABLES)]
    pub(crate) metrics: Option<ShownMetrics>,
}

impl NumbersView {
    /// Whether nothing was chosen.
    pub(crate) fn is_usual(&self) -> bool {
        self.order == RowOrder::Auto && self.time_unit.is_none() && self.metrics.is_none()
    }

    /// The metrics that were chosen; none where what is usual is shown.
    pub(crate) fn chosen(&self) -> &[ShownMetric] {
        self.metrics.as_ref().map_or(&[], |shown| &shown.metrics)
    }

    /// Those that were asked for by their names.
    pub(crate) fn named(&self) -> &[ShownMetric] {
        let shown = self.metrics.as_ref().filter(|shown| shown.are_named);
        shown.map_or(&[], |shown| &shown.metrics)
    }

    /// The suffix of the scale that was chosen for a metric of this unit.
    pub(crate) fn unit_of(&self, metric: &Metric, unit: Unit) -> Option<&str> {
        let of_metric = self.chosen().iter().find(|shown| shown.metric == *metric);
        let own = of_metric.and_then(|shown| shown.unit.as_deref());
        let of_times = self.time_unit.as_ref().map(|unit| unit.0.as_str());
        own.or(of_times.filter(|_| unit == Nanoseconds))
    }
}

/// The order of the rows in a table of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowOrder {
    /// That of the ranking, where there is one, or of the commands.
    #[default]
    Auto,
    /// That in which the commands were given.
    Command,
    /// The smallest mean time first.
    MeanTime,
}

/// A unit that all times are shown in: the suffix of a scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimeUnit(pub(crate) String);

impl FromStr for TimeUnit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        suffix_of(Nanoseconds, text).map(Self).ok_or_else(|| {
            format!(
                "`{}` is no unit of time: give ns, us, ms, s, min or h",
                text.escape_debug()
            )
        })
    }
}

/// The metrics that are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShownMetrics {
    metrics: Vec<ShownMetric>,
    /// Whether each was asked for by its name.
    are_named: bool,
}

/// A metric that is shown, and in which unit where that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShownMetric {
    pub(crate) metric: Metric,
    /// What heads its column.
    pub(crate) heading: &'static str,
    /// The suffix of a scale.
    pub(crate) unit: Option<String>,
}

/// A metric that a table can show: its heading, its unit, and what hyperfine calls it.
struct Known {
    metric: Metric,
    heading: &'static str,
    unit: Unit,
    of_hyperfine: Option<&'static str>,
}

const fn known(
    metric: Metric,
    heading: &'static str,
    unit: Unit,
    of_hyperfine: Option<&'static str>,
) -> Known {
    Known {
        metric,
        heading,
        unit,
        of_hyperfine,
    }
}

static KNOWN: [Known; 11] = [
    known(
        Metric::WALL_TIME,
        "wall",
        Nanoseconds,
        Some("time_wall_clock"),
    ),
    known(Metric::CPU_TIME, "CPU", Nanoseconds, Some("time_cpu")),
    known(Metric::USER_TIME, "user", Nanoseconds, Some("time_user")),
    known(
        Metric::SYSTEM_TIME,
        "system",
        Nanoseconds,
        Some("time_system"),
    ),
    known(
        Metric::PEAK_MEMORY,
        "peak memory",
        Bytes,
        Some("memory_peak_resident"),
    ),
    known(Metric::MINOR_PAGE_FAULTS, "minor faults", Count, None),
    known(Metric::MAJOR_PAGE_FAULTS, "major faults", Count, None),
    known(Metric::VOLUNTARY_CONTEXT_SWITCHES, "waits", Count, None),
    known(
        Metric::INVOLUNTARY_CONTEXT_SWITCHES,
        "preemptions",
        Count,
        None,
    ),
    known(Metric::CYCLES, "cycles", Count, Some("cpu_cycles")),
    known(
        Metric::INSTRUCTIONS,
        "instructions",
        Count,
        Some("instructions"),
    ),
];

/// The metrics, and what heads their columns, that are not among the usual ones.
pub(crate) fn further_metrics() -> impl Iterator<Item = (&'static str, &'static Metric)> {
    let usual = [Metric::WALL_TIME, Metric::CPU_TIME, Metric::PEAK_MEMORY];
    let further = KNOWN.iter();
    let further = further.filter(move |known| !usual.contains(&known.metric));
    further.map(|known| (known.heading, &known.metric))
}

/// What hyperfine counts and perfkit does not.
const NOT_COUNTED: [&str; 3] = ["cache_references", "cache_misses", "branch_misses"];

/// How many of the known metrics are times; they come first.
const TIMES: usize = 4;

impl FromStr for ShownMetrics {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let preset = match text.trim() {
            "default" => &KNOWN[..0],
            "time" => &KNOWN[..TIMES],
            "all" => &KNOWN,
            list => {
                return Ok(Self {
                    metrics: list.split(',').map(one).collect::<Result<_, String>>()?,
                    are_named: true,
                });
            }
        };
        Ok(Self {
            metrics: preset.iter().map(|known| known.shown(None)).collect(),
            are_named: false,
        })
    }
}

impl Known {
    fn shown(&self, unit: Option<String>) -> ShownMetric {
        ShownMetric {
            metric: self.metric.clone(),
            heading: self.heading,
            unit,
        }
    }
}

fn one(text: &str) -> Result<ShownMetric, String> {
    let (name, unit) = match text.trim().split_once(':') {
        Some((name, unit)) => (name, Some(unit)),
        None => (text.trim(), None),
    };
    let Some(known) = find(name) else {
        return Err(unknown(name));
    };
    let unit = unit.map(|unit| {
        suffix_of(known.unit, unit).ok_or_else(|| {
            format!(
                "`{}` is no unit of `{name}`: give {}",
                unit.escape_debug(),
                examples(known.unit)
            )
        })
    });
    Ok(known.shown(unit.transpose()?))
}

fn find(name: &str) -> Option<&'static Known> {
    KNOWN
        .iter()
        .find(|known| known.metric.name() == name || known.of_hyperfine == Some(name))
}

fn unknown(name: &str) -> String {
    let shown = name.escape_debug();
    if NOT_COUNTED.contains(&name) {
        return format!("`{shown}` is not counted by perfkit: leave it out");
    }
    let names = KNOWN.iter().map(|known| known.metric.name());
    match most_similar(name, names.clone()) {
        Some(similar) => format!("there is no metric `{shown}`: did you mean `{similar}`?"),
        None => {
            let names: Vec<&str> = names.collect();
            format!(
                "there is no metric `{shown}`: give default, time, all, or some of {}",
                names.join(", ")
            )
        }
    }
}

/// The suffix of the scale that a word stands for; `None` where the unit has none of that
/// name.
fn suffix_of(unit: Unit, word: &str) -> Option<String> {
    let suffix = match (unit, word.trim()) {
        (Nanoseconds, "nanosecond") => "ns",
        (Nanoseconds, "microsecond") => "us",
        (Nanoseconds, "millisecond") => "ms",
        (Nanoseconds, "second") => "s",
        (Nanoseconds, "minute") => "min",
        (Nanoseconds, "hour") => "h",
        (Count, "count") => "",
        // A billion, as hyperfine writes it.
        (Count, "B") => "G",
        (Count, "") => return None,
        (_, suffix) => suffix,
    };
    unit.format_in(0.0, 1, suffix).map(|_| suffix.to_owned())
}

fn examples(unit: Unit) -> &'static str {
    match unit {
        Nanoseconds => "ns, us, ms, s, min or h",
        Bytes => "B, kB, MB, GB, KiB, MiB or GiB",
        _ => "count, k, M or B",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, Option<String>)>, String> {
        let ShownMetrics { metrics, .. } = text.parse()?;
        let name = |shown: ShownMetric| (shown.metric.name().to_owned(), shown.unit);
        Ok(metrics.into_iter().map(name).collect())
    }

    #[test]
    fn metrics_are_known_by_both_names() {
        let both = [
            "cpu_time:ms,peak_memory:MiB,cycles:M,instructions:B",
            "time_cpu:millisecond, memory_peak_resident:MiB,cpu_cycles:M,instructions:B",
        ];
        let [own, of_hyperfine] = both.map(|text| read(text).unwrap());
        assert_eq!(own, of_hyperfine);
        let units: Vec<Option<&str>> = own.iter().map(|(_, unit)| unit.as_deref()).collect();
        assert_eq!(units, [Some("ms"), Some("MiB"), Some("M"), Some("G")]);
        assert_eq!(read("default").unwrap(), []);
        assert_eq!(read("time").unwrap().len(), 4);
        assert_eq!(read("all").unwrap().len(), KNOWN.len());
    }

    #[test]
    fn what_cannot_be_shown_is_told() {
        let error = |text: &str| read(text).unwrap_err();
        assert!(error("cache_misses").contains("is not counted by perfkit"));
        assert!(error("cpu-time").contains("did you mean `cpu_time`?"));
        assert!(error("zzz").contains("some of wall_time, cpu_time"));
        assert!(error("wall_time:MB").contains("`MB` is no unit of `wall_time`: give ns"));
        assert!(error("cycles:").contains("is no unit of `cycles`"));
        assert!(error("").contains("there is no metric ``"));
        assert!("fortnight".parse::<TimeUnit>().is_err());
        assert_eq!("millisecond".parse(), Ok(TimeUnit("ms".to_owned())));
    }
}
