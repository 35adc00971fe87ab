//! What is compared, and in what order.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::arguments::Arguments;
use crate::commands::Costs;
use crate::roles::Task;
use crate::sides::Sides;
use crate::tools::Tool;
use crate::workload;

/// How long the commands take, in milliseconds.
const COMMANDS_MS: [f64; 3] = [5.0, 20.0, 50.0];

/// The slowdowns that commands are compared with, in percent.
const COMMAND_SLOWDOWNS: [u32; 4] = [0, 1, 2, 5];

/// Functions or commands: each kind has a table of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Functions,
    Commands,
}

/// Comparisons of one thing by one tool after the other.
pub(crate) struct Turn {
    pub(crate) kind: Kind,
    pub(crate) sides: Sides,
    /// In percent.
    pub(crate) slowdown: u32,
    pub(crate) has_neighbour: bool,
    /// In their order.
    pub(crate) tools: Vec<Tool>,
    pub(crate) seed: u64,
}

/// All turns, in a random order.
pub(crate) fn turns(arguments: &Arguments, costs: Option<Costs>, seed: u64) -> Vec<Turn> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut turns = Vec::new();
    for run in 0..arguments.runs {
        for &slowdown in &arguments.slowdowns {
            let has_neighbour = arguments.has_neighbour && slowdown == 0 && run % 3 == 2;
            let mut add = |kind, sides, can: fn(Tool) -> bool| {
                let mut tools = arguments.tools.clone();
                tools.retain(|tool| can(*tool));
                tools.shuffle(&mut random);
                turns.push(Turn {
                    kind,
                    sides,
                    slowdown,
                    has_neighbour,
                    tools,
                    seed: random.random_range(0..1_000_000),
                });
            };
            // Within a third of the runs each workload has its turn.
            let place = if has_neighbour { run / 3 } else { run };
            if arguments.has_functions {
                let task = task(place, slowdown);
                add(
                    Kind::Functions,
                    Sides::Functions(task),
                    Tool::has_functions,
                );
            }
            if let Some(costs) = costs.filter(|_| COMMAND_SLOWDOWNS.contains(&slowdown)) {
                let ms = COMMANDS_MS[place % COMMANDS_MS.len()];
                let pair = costs.pair(ms, f64::from(slowdown) / 100.0);
                add(Kind::Commands, Sides::Commands(pair), Tool::has_commands);
            }
        }
    }
    turns.retain(|turn| !turn.tools.is_empty());
    turns.shuffle(&mut random);
    turns
}

fn task(place: usize, slowdown: u32) -> Task {
    let workload = workload::ALL[place % workload::ALL.len()];
    Task {
        workload,
        baseline: workload.units,
        candidate: workload.units / 100 * u64::from(100 + slowdown),
    }
}
