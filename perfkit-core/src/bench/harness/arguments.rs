//! The command line of a bench program, as `cargo bench`, `cargo test` and
//! nextest write it.

use std::time::Duration;

/// What the program is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Task {
    /// To run everything once and quickly: what happens without `--bench`,
    /// because `cargo test` runs bench programs so.
    #[default]
    Test,
    /// To measure and compare.
    Measure,
    /// To say what there is.
    List,
    /// To say how it is used.
    Help,
}

/// The arguments, parsed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Arguments {
    pub(super) task: Task,
    /// Names or parts of names; none for all.
    pub(super) filters: Vec<String>,
    /// Names or parts of names that are left out.
    pub(super) skipped: Vec<String>,
    /// Whether filters are whole names.
    pub(super) is_exact: bool,
    /// Whether only ignored ones are meant, of which there are none.
    pub(super) only_ignored: bool,
    pub(super) save_baseline: Option<String>,
    pub(super) baseline: Option<String>,
    pub(super) seed: Option<u64>,
    /// The most time for each group.
    pub(super) time: Option<Duration>,
    /// How long a benchmark may be silent before it is taken to hang.
    pub(super) timeout: Option<Duration>,
    /// Whether the first of each group also runs against itself.
    pub(super) has_control: bool,
}

pub(super) const HELP: &str = "\
Compares the implementations of each group with the first of it.

  cargo bench --bench NAME -- [FILTER]… [OPTION]…

  FILTER                 only benchmarks whose name contains it
  --exact                only those whose name is a FILTER
  --skip FILTER          not those whose name contains it
  --list                 print their names
  --test                 run each once, without measuring
  --save-baseline NAME   keep the results under a name
  --baseline NAME        compare with the results kept under it
  --control              also run the first of each group against itself: what
                         they seem to differ by is the machine's own noise, and
                         counts as the same
  --time SECONDS         start no more rounds of a group after so long (1 for
                         each of its benchmarks, more where they are slow)
  --timeout SECONDS      take a benchmark that is silent for so long to hang
                         (120)
  --seed NUMBER          decides the order of everything

Baselines are kept in target/perfkit/baselines, or where the variable
PERFKIT_BASELINES says.
";

/// Options of other test runners that take a value, and mean nothing here.
const WITH_VALUE: [&str; 8] = [
    "--color",
    "--format",
    "--logfile",
    "--shuffle-seed",
    "--test-threads",
    "--report-time",
    "--sample-size",
    "-Z",
];

/// Options of other test runners without a value, which mean nothing here.
const ALONE: [&str; 9] = [
    "--nocapture",
    "--no-capture",
    "--show-output",
    "--quiet",
    "-q",
    "--verbose",
    "--include-ignored",
    "--force-run-in-process",
    "--exclude-should-panic",
];

impl Arguments {
    /// Parses the arguments after the program's name.
    ///
    /// # Errors
    /// An option that is not known, or has no value or a wrong one.
    pub(super) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut parsed = Self::default();
        let (mut is_bench, mut is_test) = (false, false);
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let (option, attached) = match argument.split_once('=') {
                Some((option, value)) if option.starts_with("--") => {
                    (option.to_owned(), Some(value.to_owned()))
                }
                _ => (argument, None),
            };
            let mut value = || {
                let value = attached.clone().or_else(|| arguments.next());
                value.ok_or_else(|| format!("{option} needs a value"))
            };
            match option.as_str() {
                "--bench" => is_bench = true,
                "--test" => is_test = true,
                "--list" => parsed.task = Task::List,
                "--help" | "-h" => parsed.task = Task::Help,
                "--exact" => parsed.is_exact = true,
                "--ignored" => parsed.only_ignored = true,
                "--control" | "--null" => parsed.has_control = true,
                "--skip" => parsed.skipped.push(value()?),
                "--save-baseline" => parsed.save_baseline = Some(baseline_name(value()?)?),
                "--baseline" => parsed.baseline = Some(baseline_name(value()?)?),
                "--seed" => parsed.seed = Some(number(&option, &value()?)?),
                "--time" => parsed.time = Some(seconds(&option, &value()?)?),
                "--timeout" => parsed.timeout = Some(seconds(&option, &value()?)?),
                known if ALONE.contains(&known) => {}
                known if WITH_VALUE.contains(&known) => drop(value()?),
                unknown if unknown.starts_with('-') => {
                    return Err(format!("unknown option {}", unknown.escape_debug()));
                }
                _ => parsed.filters.push(option),
            }
        }
        if parsed.task == Task::Test && is_bench && !is_test {
            parsed.task = Task::Measure;
        }
        Ok(parsed)
    }

    /// Whether a benchmark of this name is meant.
    pub(super) fn selects(&self, name: &str) -> bool {
        let fits = |filter: &String| match self.is_exact {
            true => name == filter,
            false => name.contains(filter.as_str()),
        };
        let is_chosen = self.filters.is_empty() || self.filters.iter().any(fits);
        is_chosen && !self.skipped.iter().any(fits) && !self.only_ignored
    }
}

fn number(option: &str, text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("{option}: {} is no whole number", text.escape_debug()))
}

fn seconds(option: &str, text: &str) -> Result<Duration, String> {
    let seconds = text.trim_end_matches('s').parse().ok();
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| format!("{option}: {} is no number of seconds", text.escape_debug()))
}

/// A baseline's name becomes that of a folder.
fn baseline_name(name: String) -> Result<String, String> {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.+".contains(c);
    if name.is_empty() || name.len() > 100 || name.starts_with('.') || !name.chars().all(is_plain) {
        return Err(format!(
            "`{}` cannot be the name of a baseline: use letters, digits and -_.+",
            name.escape_debug()
        ));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn cargo_says_whether_to_measure() {
        assert_eq!(parse("--bench").unwrap().task, Task::Measure);
        assert_eq!(parse("").unwrap().task, Task::Test);
        assert_eq!(parse("--bench --test").unwrap().task, Task::Test);
        assert_eq!(parse("--bench --list").unwrap().task, Task::List);
    }

    #[test]
    fn what_nextest_writes_is_understood() {
        let listed = parse("--list --format terse").unwrap();
        assert_eq!(listed.task, Task::List);
        assert!(listed.selects("a/b"));
        let ignored = parse("--list --format terse --ignored").unwrap();
        assert!(!ignored.selects("a/b"));
        let one = parse("a/b --exact --nocapture").unwrap();
        assert!(one.selects("a/b") && !one.selects("a/bc"));
    }

    #[test]
    fn filters_choose_and_skip() {
        let some = parse("--bench sort --skip radix").unwrap();
        assert!(some.selects("sort/std"));
        assert!(!some.selects("sort/radix"));
        assert!(!some.selects("sum/std"));
    }

    #[test]
    fn values_are_checked() {
        assert_eq!(parse("--seed=7").unwrap().seed, Some(7));
        let time = parse("--time 2.5s").unwrap().time;
        assert_eq!(time, Some(Duration::from_millis(2500)));
        let timeout = parse("--timeout=600").unwrap().timeout;
        assert_eq!(timeout, Some(Duration::from_secs(600)));
        for wrong in ["--seed", "--seed x", "--time -1", "--timeout nan", "--what"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        for wrong in ["../x", "", ".hidden", "a/b"] {
            assert!(baseline_name(wrong.to_owned()).is_err(), "{wrong}");
        }
        let main = parse("--save-baseline main").unwrap();
        assert_eq!(main.save_baseline.as_deref(), Some("main"));
    }
}
