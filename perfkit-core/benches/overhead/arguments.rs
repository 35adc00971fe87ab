//! The arguments of the benchmark.

/// What to do.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) mode: Mode,
    /// With a tenth of the rounds.
    pub(crate) is_quick: bool,
    /// Whether a missed figure is a failure.
    pub(crate) is_strict: bool,
    /// The numbers of threads to measure with.
    pub(crate) threads: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Measure,
    /// Run each implementation once, to see whether it does what it says.
    Test,
    /// Print the implementations' names.
    List,
}

pub(crate) const USAGE: &str = "\
usage: cargo bench --bench overhead -- [--quick] [--strict] [--threads LIST] [--test | --list]
  --quick          a tenth of the rounds
  --strict         exit with 1 if a figure is missed
  --threads LIST   numbers of threads, such as 1,2,8 (the default)
  --test           run each implementation once
  --list           print the implementations' names";

impl Arguments {
    /// Reads the arguments; an error is what is wrong with them.
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut read = Self {
            mode: Mode::Measure,
            is_quick: false,
            is_strict: false,
            threads: vec![1, 2, 8],
        };
        let mut is_bench = false;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--bench" => is_bench = true,
                "--quick" => read.is_quick = true,
                "--strict" => read.is_strict = true,
                "--test" => read.mode = Mode::Test,
                "--list" => read.mode = Mode::List,
                "--threads" => {
                    let list = arguments.next().ok_or("--threads needs a list")?;
                    read.threads = threads(&list)?;
                }
                other => match other.strip_prefix("--threads=") {
                    Some(list) => read.threads = threads(list)?,
                    None => return Err(format!("unknown argument {other:?}")),
                },
            }
        }
        // `cargo test --benches` says nothing, and builds without optimisation.
        if cfg!(debug_assertions) && !is_bench && read.mode == Mode::Measure {
            read.mode = Mode::Test;
        }
        Ok(read)
    }
}

fn threads(list: &str) -> Result<Vec<usize>, String> {
    let number = |text: &str| match text.trim().parse() {
        Ok(threads @ 1..=256) => Ok(threads),
        _ => Err(format!("{text:?} is no number of threads from 1 to 256")),
    };
    list.split(',').map(number).collect()
}
