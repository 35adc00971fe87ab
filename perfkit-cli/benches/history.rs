//! What `perfkit history` costs: made records, their index, and the repository that has them.
//!
//! `cargo bench -p perfkit-cli --features history --bench history` makes 10,000 records of 500
//! series each, and 1000 in git; `-- --records N --series N` others, `-- --quick` few, so that
//! CI sees that it works, and `-- --full` the 100,000 that the figures in the docs are of.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::expect_used)]

use perfkit_cli::HistoryTrial;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let number = |flag: &str, usual: usize| {
        let at = arguments.iter().position(|argument| argument == flag);
        at.map_or(usual, |at| arguments[at + 1].parse().expect(flag))
    };
    let (records, in_git) = match (has("--quick"), has("--full")) {
        (true, _) => (300, 30),
        (_, true) => (100_000, 1000),
        _ => (10_000, 1000),
    };
    let trial = HistoryTrial {
        records: number("--records", records),
        series: number("--series", 500),
        records_in_git: number("--git", in_git),
    };
    trial.run(&mut |line| println!("{line}")).unwrap();
}
