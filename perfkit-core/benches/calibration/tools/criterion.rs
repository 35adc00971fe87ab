//! criterion: a run that is kept, and one that is compared with it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::roles::Task;

use super::tool::{Outcome, Places, Says, play};

pub(super) fn compare(task: &Task, places: &Places) -> Result<Outcome, String> {
    let home = places.folder.join("criterion");
    let _ = fs::remove_dir_all(&home);
    let before = Task {
        candidate: task.baseline,
        ..*task
    };
    let run = |task: &Task, option: &str| {
        play(task, "criterion", |command| {
            command.args(["--bench", option, "before"]);
            command.env("CRITERION_HOME", &home);
        })
    };
    run(&before, "--save-baseline")?;
    let printed = run(task, "--baseline")?;
    Ok(Outcome {
        says: verdict(&printed)?,
        ratio: 1.0 + change(&home.join(task.workload.name))?,
        remark: None,
    })
}

/// The sentence under the numbers.
fn verdict(printed: &str) -> Result<Says, String> {
    let sentences = [
        ("Performance has regressed.", Says::Slower),
        ("Performance has improved.", Says::Faster),
        ("No change in performance detected.", Says::Nothing),
        ("Change within noise threshold.", Says::Nothing),
    ];
    let said = sentences.iter().find(|(text, _)| printed.contains(text));
    Ok(said.ok_or("no verdict in its output")?.1)
}

/// The middle of the three numbers that it prints as the change.
fn change(folder: &Path) -> Result<f64, String> {
    let path = folder.join("change").join("estimates.json");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let estimates: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let estimate = estimates["mean"]["point_estimate"].as_f64();
    estimate.ok_or_else(|| "no estimate of the change".to_owned())
}
