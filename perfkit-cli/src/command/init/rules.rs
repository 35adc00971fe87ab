//! The text of a perfkit.toml.

use crate::analysis::{Proposals, ProposedBound, ProposedBudget};

const HEAD: &str = "\
# Rules of `perfkit gate`. `perfkit schema` prints the form of this file for editors;
# docs/perfkit-toml.md of perfkit tells every key.

[gate]
# How sure a decision must be, on each side.
confidence = \"99%\"
# What a rule that cannot be decided does: \"pass\" or \"fail\".
inconclusive = \"pass\"
";

/// A rule on how much slower benches may get, and an example of a budget.
pub(super) fn of_regressions(benches: &[String]) -> String {
    let of_what = match benches {
        [] => {
            "# For commands that are run in both trees: `perfkit gate --base REV '{tree}/run.sh'`."
                .to_owned()
        }
        _ => format!(
            "# For the {} of the package, which `perfkit gate --base REV` measures in turn in this\n# tree and in the revision.",
            if benches.len() == 1 {
                "bench"
            } else {
                "benches"
            }
        ),
    };
    format!(
        "{HEAD}
{of_what}
[[regression]]
benchmark = \"*\"
max_slowdown = \"5%\"

# Budgets are for what a program recorded with #[measure], and so for other reports: keep
# them in a file of their own, which `perfkit gate --config FILE` names.
#     perfkit run --save report.json -- PROGRAM
#     perfkit init --report report.json
# proposes them from what was measured.
# [[budget]]
# operation = \"checkout::*\"
# p95 = \"< 100ms\"
# success_rate = \">= 99%\"
"
    )
}

/// The budgets that are proposed, and an example of a rule on how much slower something
/// may get.
pub(super) fn of_budgets(proposals: &Proposals) -> String {
    let budgets: String = proposals.budgets.iter().map(budget).collect();
    let left_out = match proposals.left_out {
        0 => String::new(),
        count => format!("\n# Of {count} more with fewer calls there is no budget.\n"),
    };
    let without: String = proposals.without_bounds.iter().map(named).collect();
    let without = match without.as_str() {
        "" => String::new(),
        without => format!(
            "\n# None of the bounds that are proposed holds for what was measured of\n{without}"
        ),
    };
    format!(
        "{HEAD}
# Bounds with headroom above what was measured, which stands behind each. They hold for
# machines like that one: tighten them, or leave more room for slower ones.
{budgets}{without}{left_out}
# How much slower benches may get, against a revision, is judged of other reports: keep that
# rule in a file of its own, which `perfkit gate --config FILE` names.
# [[regression]]
# benchmark = \"*\"
# max_slowdown = \"5%\"
"
    )
}

fn budget(budget: &ProposedBudget) -> String {
    let bound =
        |bound: &ProposedBound| format!("{}  # measured: {}\n", bound.bound, bound.measured);
    let bounds: String = budget.bounds.iter().map(bound).collect();
    format!("\n[[budget]]\n{}\n{bounds}", budget.scope)
}

fn named(scope: &String) -> String {
    format!("#     {scope}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::ConfigFile;

    /// What stands behind `# ` and is no sentence, as it would be without it.
    fn uncommented(text: &str) -> String {
        let is_example = |line: &&str| line.contains(" = \"") || line.starts_with("# [[");
        let line = |line: &str| match line.strip_prefix("# ").filter(|_| is_example(&line)) {
            Some(example) => format!("{example}\n"),
            None => format!("{line}\n"),
        };
        text.lines().map(line).collect()
    }

    #[test]
    fn what_is_written_and_its_examples_are_understood() {
        let benches = ["sum".to_owned()];
        for text in [
            of_regressions(&benches),
            of_regressions(&[]),
            of_budgets(&Proposals::default()),
        ] {
            assert!(ConfigFile::of_text(text.clone()).rules().is_ok(), "{text}");
            let rules = ConfigFile::of_text(uncommented(&text)).rules().unwrap();
            assert_eq!(rules.regressions.len(), 1, "{text}");
            assert!(text.lines().all(|line| line.len() <= 92), "{text}");
        }
        let rules = ConfigFile::of_text(uncommented(&of_regressions(&benches))).rules();
        assert_eq!(rules.unwrap().budgets.len(), 1);
    }
}
