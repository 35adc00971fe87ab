//! What `perfkit history check` finds, and what becomes of it.

use crate::history::{History, report};

/// A noise of half a percent, which is the same every time.
fn noise(day: u64) -> f64 {
    let hash = day.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    1.0 + 0.01 * (hash as f64 / f64::from(1 << 24) - 0.5)
}

/// A history of so many commits, a record of each, slower by a factor from one of them on.
fn with_step(days: u64, at: u64, factor: f64) -> (History, Vec<String>) {
    let history = History::new();
    let mut commits = Vec::new();
    let mut paths = Vec::new();
    for day in 0..days {
        commits.push(history.commit(&format!("change {day}")));
        let factor = if day >= at { factor } else { 1.0 };
        let mut made = report(day, factor * noise(day));
        made.environment.git = perfkit::report::Environment::detect("x")
            .git
            .map(|mut git| {
                git.commit.clone_from(commits.last().unwrap());
                git.branch = Some("main".to_owned());
                git.subject = Some(format!("change {day}"));
                git
            });
        let path = format!("report-{day}.json");
        made.save(history.folder.path(&path)).unwrap();
        paths.push(path);
    }
    let mut arguments = vec!["record"];
    arguments.extend(paths.iter().map(String::as_str));
    history.run(&arguments).exits_with(0);
    (history, commits)
}

#[test]
fn a_step_is_found_with_its_commit_and_its_size() {
    let (history, commits) = with_step(40, 30, 1.05);
    let answer = history.run(&["check"]).exits_with(1);
    answer
        .says("Gate failed")
        .says(&commits[30][..12])
        .says("change 30");
    let json = history
        .run(&["check", "--format", "json"])
        .exits_with(1)
        .report();
    let findings = json.gate.unwrap().findings;
    // The noise of ten values on one side is in it.
    let size = findings[0].measured.split(' ').next().unwrap();
    let size: f64 = size.parse().unwrap();
    assert!((4.5..5.5).contains(&size), "{findings:#?}");
    assert_eq!(findings[0].subject, "parse");
    // An improvement of the same size is none.
    let (history, _) = with_step(40, 30, 0.95);
    history.run(&["check"]).exits_with(0).says("Gate passed");
}

#[test]
fn noise_is_no_change_and_few_values_say_nothing() {
    let (history, _) = with_step(40, 99, 1.0);
    history
        .run(&["check"])
        .exits_with(0)
        .says("no change was found");
    let (history, _) = with_step(5, 99, 1.0);
    history
        .run(&["check"])
        .exits_with(0)
        .says("fewer than 8 of one machine");
    history.run(&["check", "--strict"]).exits_with(1);
    history.run(&["check", "--metric", "cycles"]).exits_with(2);
}

#[test]
fn a_waiver_tolerates_a_change_up_to_its_ceiling_until_its_day() {
    let (history, _) = with_step(40, 30, 1.05);
    let waiver = |ceiling: &str, until: &str| {
        let text = format!(
            "[[waiver]]\nbenchmark = \"parse\"\nceiling = \"{ceiling}\"\nuntil = {until}\nreason = \"validates\"\n"
        );
        history.folder.write("perfkit.toml", &text);
    };
    waiver("10%", "2999-01-31");
    history
        .run(&["check"])
        .exits_with(0)
        .says("waived up to 10 %")
        .says("validates");
    waiver("2%", "2999-01-31");
    history.run(&["check"]).exits_with(1).says("beyond the 2 %");
    waiver("10%", "2020-01-31");
    history.run(&["check"]).exits_with(1).says("expired");
}

#[test]
fn an_earlier_change_is_told_and_fails_nothing() {
    let (history, _) = with_step(40, 15, 1.05);
    history.run(&["check", "--recent", "30"]).exits_with(1);
    history
        .run(&["check", "--recent", "10"])
        .exits_with(0)
        .says("earlier: +");
    // A change below the floor is none.
    history.run(&["check", "--floor", "20%"]).exits_with(0);
}

#[test]
fn values_of_different_machines_are_not_compared() {
    let history = History::new();
    history.commit("first");
    for (machine, factor, days) in [("one", 1.0, 0..12), ("two", 1.2, 12..24)] {
        let paths: Vec<String> = days
            .map(|day| {
                let path = history.report(day, factor * noise(day));
                path.to_str().unwrap().to_owned()
            })
            .collect();
        let mut arguments = vec!["record", "--machine", machine];
        arguments.extend(paths.iter().map(String::as_str));
        history.run(&arguments).exits_with(0);
    }
    history
        .run(&["check"])
        .exits_with(0)
        .says("no change was found");
    // Of a new machine nothing can be said at first, which is no pass.
    let paths: Vec<String> = (24..26)
        .map(|day| {
            let path = history.report(day, 1.5 * noise(day));
            path.to_str().unwrap().to_owned()
        })
        .collect();
    let mut arguments = vec!["record", "--machine", "three"];
    arguments.extend(paths.iter().map(String::as_str));
    history.run(&arguments).exits_with(0);
    history.run(&["check"]).exits_with(0).says("fewer than 8");
    history.run(&["check", "--strict"]).exits_with(1);
}
