//! The arguments of the benchmark.

use std::path::PathBuf;

use crate::tools::Tool;

/// What to do.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) mode: Mode,
    pub(crate) has_functions: bool,
    pub(crate) has_commands: bool,
    pub(crate) tools: Vec<Tool>,
    /// Comparisons of each tool with each slowdown.
    pub(crate) runs: usize,
    /// Percents.
    pub(crate) slowdowns: Vec<u32>,
    /// Whether a third of the comparisons of equals have a busy neighbour.
    pub(crate) has_neighbour: bool,
    pub(crate) seed: Option<u64>,
    /// Where the command-line program is.
    pub(crate) perfkit: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Measure,
    /// One comparison by each tool, to see whether it can be done.
    Test,
}

pub(crate) const USAGE: &str = "\
usage: cargo bench [--manifest-path FILE] -- [OPTION]…
  --functions        only functions
  --commands         only commands
  --tool NAME        only this one: perfkit, criterion, divan, tango, hyperfine;
                     may be given several times
  --runs N           comparisons of each tool with each slowdown (12)
  --quick            two of each
  --slowdowns LIST   percents, of 0, 1, 2, 3, 5, 10 (all; 0 are equals)
  --neighbour        a third of the comparisons of equals have a busy neighbour
  --seed NUMBER      decides the order
  --perfkit PATH     the program perfkit, or $PERFKIT_PROGRAM (target/release/perfkit)
  --test             one comparison by each tool";

impl Arguments {
    /// Reads the arguments; an error is what is wrong with them.
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut read = Self {
            mode: Mode::Measure,
            has_functions: true,
            has_commands: true,
            tools: Vec::new(),
            runs: 12,
            slowdowns: vec![0, 1, 2, 3, 5, 10],
            has_neighbour: false,
            seed: None,
            perfkit: std::env::var_os("PERFKIT_PROGRAM").map(PathBuf::from),
        };
        let mut is_bench = false;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--bench" => is_bench = true,
                "--functions" => read.has_commands = false,
                "--commands" => read.has_functions = false,
                "--tool" => read.tools.push(tool(&value()?)?),
                "--runs" => read.runs = number(&value()?)?,
                "--quick" => read.runs = 2,
                "--slowdowns" => read.slowdowns = slowdowns(&value()?)?,
                "--neighbour" => read.has_neighbour = true,
                "--seed" => read.seed = Some(number(&value()?)?),
                "--perfkit" => read.perfkit = Some(value()?.into()),
                "--test" => read.mode = Mode::Test,
                "--help" => return Err(String::new()),
                other => return Err(format!("unknown argument {other:?}")),
            }
        }
        if read.tools.is_empty() {
            read.tools = Tool::ALL.to_vec();
        }
        // `cargo test --benches` says nothing, and builds without optimisation.
        if cfg!(debug_assertions) && !is_bench {
            read.mode = Mode::Test;
        }
        if read.mode == Mode::Test {
            read.runs = 1;
            read.slowdowns = vec![5];
        }
        Ok(read)
    }
}

fn tool(name: &str) -> Result<Tool, String> {
    let found = Tool::ALL.into_iter().find(|tool| tool.name() == name);
    found.ok_or(format!("{name:?} is none of the tools"))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

/// Whole percents, which are whole numbers of units of every workload.
fn slowdowns(list: &str) -> Result<Vec<u32>, String> {
    list.split(',').map(|text| number(text.trim())).collect()
}
