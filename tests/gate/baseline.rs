//! `perfkit baseline`: sessions are kept whole or not at all, and what was measured later is
//! held against them.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::support::{Answer, Folder, assert_fits_schema, session};
use perfkit::report::{GateFinding, GateOutcome, NoteCode, SessionCounts, Side, Verdict};
use perfkit::{Monitor, Report};

const RULE: &str = "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"3%\"\n";

/// A folder with the sessions `0.json`, `1.json` and so on, and a rule.
fn with_sessions(factors: &[f64]) -> Folder {
    let folder = Folder::new();
    folder.write("perfkit.toml", RULE);
    for (index, factor) in factors.iter().enumerate() {
        let path = folder.path(&format!("{index}.json"));
        let mut report = session(*factor);
        // Those of one millisecond have no order.
        report.created += Duration::from_secs(index as u64);
        report.save(path).unwrap();
    }
    folder
}

fn save(folder: &Folder, name: &str, reports: &[&str]) -> Answer {
    folder.run([&["baseline", "save", name], reports].concat())
}

/// The files of a baseline in the usual place.
fn kept(folder: &Folder, name: &str) -> Vec<PathBuf> {
    let path = folder.path("target/perfkit/baselines").join(name);
    let entries = fs::read_dir(path).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn each_save_adds_a_session_and_what_is_kept_is_told() {
    let folder = with_sessions(&[1.0, 1.01, 1.02]);
    folder
        .run(["baseline", "list"])
        .exits_with(0)
        .says("There is no baseline in ");
    save(&folder, "main", &["0.json"])
        .exits_with(0)
        .says("Saved to baseline main in ")
        .says("target/perfkit/baselines: now 1 session.\n");
    save(&folder, "main", &["1.json", "2.json"])
        .exits_with(0)
        .says("now 3 sessions.\n");
    save(&folder, "other", &["0.json"]).exits_with(0);
    assert_eq!(kept(&folder, "main").len(), 3);
    let answer = folder.run(["baseline", "list"]).exits_with(0);
    let lines: Vec<&str> = answer.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{answer:#?}");
    assert!(lines[0].starts_with("main   3 sessions, the last of 2"));
    assert!(lines[1].starts_with("other  1 session, the last of 2"));
    folder
        .run(["baseline", "show", "main"])
        .exits_with(0)
        .says("Baseline main: 3 sessions\n")
        .says("parse: 10.03 ms, 10.13 ms, 10.23 ms\n");
    folder
        .run(["baseline", "rm", "main"])
        .exits_with(0)
        .says("Removed baseline main with 3 sessions.\n");
    let answer = folder.run(["baseline", "list"]).says("other  1 session");
    assert!(!answer.stdout.contains("main"), "{answer:#?}");
    folder.run(["baseline", "rm", "other"]).exits_with(0);
    folder
        .run(["baseline", "list"])
        .says("There is no baseline in ");
}

/// A copy would be a second session without anything having been measured twice.
#[test]
fn a_session_counts_once() {
    let folder = with_sessions(&[1.0, 1.2]);
    save(&folder, "main", &["0.json"]).exits_with(0);
    fs::copy(folder.path("0.json"), folder.path("copy.json")).unwrap();
    for reports in [&["0.json"][..], &["copy.json"], &["1.json", "1.json"]] {
        save(&folder, "main", reports)
            .exits_with(2)
            .complains("has the session of ")
            .complains("measure again, best on another day");
    }
    assert_eq!(kept(&folder, "main").len(), 1);
    // Nor does the candidate become surer by being given twice.
    fs::copy(folder.path("1.json"), folder.path("copy.json")).unwrap();
    let line = ["compare", "1.json", "copy.json", "--against", "main"];
    let answer = folder.run(line.into_iter().chain(["--format", "json"]));
    let one = SessionCounts {
        baseline: 1,
        candidate: 1,
    };
    assert_eq!(answer.report().comparisons[0].sessions, Some(one));
    let empty = Report::from_snapshot(Monitor::new().snapshot());
    empty.save(folder.path("empty.json")).unwrap();
    save(&folder, "main", &["empty.json"])
        .exits_with(4)
        .complains("empty.json has no benchmark and no operation that could be compared with");
}

/// What else a file holds, and in which order, does not make another session of it.
#[test]
fn a_session_beside_others_counts_once() {
    let folder = Folder::new();
    let mut one = session(1.0);
    let mut sort = session(2.0).benchmarks.remove(0);
    sort.name = "sort".to_owned();
    one.benchmarks.push(sort);
    let monitor = Monitor::new();
    monitor.measure("load", || ());
    monitor.measure("load", || ());
    one.operations = monitor.snapshot().operations;
    one.save(folder.path("one.json")).unwrap();
    save(&folder, "main", &["one.json"]).exits_with(0);
    // Beside another, in another order, and as the newer side of a comparison.
    let mut other = folder.report("one.json");
    other.created += Duration::from_secs(9);
    other.benchmarks.reverse();
    other.benchmarks[0].name = "search".to_owned();
    other.benchmarks.push(session(3.0).benchmarks.remove(0));
    other.benchmarks[2].name = "another".to_owned();
    other.operations[0].side = Some(Side::Candidate);
    other.save(folder.path("other.json")).unwrap();
    save(&folder, "main", &["other.json"])
        .exits_with(2)
        .complains("has the session of ");
    // It is another where one of what both have differs, and where they have nothing in common.
    let mut differs = folder.report("one.json");
    differs.benchmarks[1].metrics = session(2.1).benchmarks.remove(0).metrics;
    differs.save(folder.path("differs.json")).unwrap();
    let mut nothing = folder.report("one.json");
    nothing.operations.clear();
    nothing.benchmarks.truncate(1);
    nothing.benchmarks[0].name = "new".to_owned();
    nothing.save(folder.path("nothing.json")).unwrap();
    save(&folder, "main", &["differs.json"]).exits_with(0);
    save(&folder, "main", &["nothing.json"]).exits_with(0);
}

#[test]
fn thirty_per_cent_are_found_from_one_session_on_each_side() {
    let folder = with_sessions(&[1.0, 1.3, 0.7]);
    save(&folder, "main", &["0.json"]).exits_with(0);
    let judge = |report| folder.run(["gate", report, "--against", "main"]);
    judge("1.json")
        .exits_with(1)
        .says("FAIL")
        .says("takes 1.300 times as long");
    judge("2.json").exits_with(0).says("Gate passed");
    folder
        .run(["compare", "1.json", "--against", "main"])
        .exits_with(0)
        .says("Slower: `parse` takes 1.30 times as long as the baseline");
    folder
        .run(["compare", "2.json", "--against", "main"])
        .exits_with(0)
        .says("Faster: ");
}

#[test]
fn ten_per_cent_are_found_from_two_sessions_on_each_side() {
    let folder = with_sessions(&[1.0, 1.01, 1.1, 1.11]);
    save(&folder, "main", &["0.json", "1.json"]).exits_with(0);
    folder
        .run(["gate", "2.json", "3.json", "--against", "main"])
        .exits_with(1)
        .says("Gate failed: 1 of 1 checks failed.")
        .says("takes 1.100 times as long");
    folder
        .run(["compare", "2.json", "3.json", "--against", "main"])
        .exits_with(0)
        .says("Slower: `parse` takes 1.10 times as long as the baseline")
        .says("the baseline in 2 sessions and the candidate in 2");
    // The same from files, which --baseline names one by one.
    let files = ["--baseline", "0.json", "--baseline", "1.json"];
    let line = ["gate", "2.json", "3.json"].into_iter().chain(files);
    folder
        .run(line)
        .exits_with(1)
        .says("takes 1.100 times as long");
}

#[test]
fn one_session_does_not_decide_ten_per_cent_and_the_gate_says_what_would() {
    let folder = with_sessions(&[1.0, 1.1, 1.11]);
    save(&folder, "main", &["0.json"]).exits_with(0);
    let judge =
        |arguments: &[&str]| folder.run([&["gate"], arguments, &["--against", "main"]].concat());
    judge(&["1.json"])
        .exits_with(0)
        .says("Gate inconclusive: 1 of 1 checks could not be decided.")
        .says("with one session on a side no less than 15 % is told apart")
        .says("measure once more on each side and less can be")
        .says("`perfkit gate --base`")
        .says("decides better");
    judge(&["1.json", "--strict"]).exits_with(1);
    judge(&["1.json", "2.json"])
        .exits_with(0)
        .says("measure the baseline once more and less can be");
    folder
        .run(["compare", "1.json", "--against", "main", "--strict"])
        .exits_with(3)
        .says("measure once more on each side");
}

/// What a bench program measured of its `parse`.
fn save_of_program(folder: &Folder, file: &str, program: &str, factor: f64) {
    let mut report = session(factor);
    report.benchmarks[0].program = Some(program.to_owned());
    report.save(folder.path(file)).unwrap();
}

#[test]
fn benchmarks_of_one_name_in_several_programs_are_not_mixed_up() {
    let folder = with_sessions(&[]);
    for (file, program, factor) in [
        ("a0.json", "a", 1.0),
        ("a1.json", "a", 1.01),
        ("b0.json", "b", 4.0),
        ("b1.json", "b", 4.04),
        ("c0.json", "c", 1.02),
    ] {
        save_of_program(&folder, file, program, factor);
    }
    save(&folder, "main", &["a0.json", "b0.json"]).exits_with(0);
    folder
        .run(["baseline", "show", "main"])
        .says("  parse (a): 10.03 ms\n")
        .says("  parse (b): 40.12 ms\n");
    // Each is held against its own, alone and both in one call.
    for reports in [&["b1.json"][..], &["a1.json"], &["a1.json", "b1.json"]] {
        let line = [reports, &["--against", "main", "--format", "json"]].concat();
        let gated = folder.run(["gate"].iter().chain(&line)).exits_with(0);
        let mut findings = gated.report().gate.unwrap().findings;
        // What the other program had is gone, where its report is not given.
        let is_gone = |finding: &GateFinding| finding.measured.starts_with("gone: ");
        let gone = findings.extract_if(.., |finding| is_gone(finding)).count();
        assert_eq!((gone, findings.len()), (2 - reports.len(), reports.len()));
        let is_own = |finding: &GateFinding| finding.measured.starts_with("takes 1.010 times");
        assert!(findings.iter().all(is_own), "{findings:#?}");
    }
    let line = [
        "compare",
        "b1.json",
        "--against",
        "main",
        "--format",
        "json",
    ];
    let compared = folder.run(line).exits_with(0).report();
    let counts = SessionCounts {
        baseline: 1,
        candidate: 1,
    };
    assert_eq!(compared.comparisons[0].sessions, Some(counts));
    let programs = compared.benchmarks.iter().map(|b| b.program.as_deref());
    assert_eq!(programs.collect::<Vec<_>>(), [Some("b"), Some("b")]);
    // A rule that names it is not kept by another program's.
    folder.write(
        "literal.toml",
        "[[regression]]\nbenchmark = \"parse\"\nmax_slowdown = \"20%\"\n",
    );
    let literal = ["gate", "--config", "literal.toml", "--against", "main"];
    folder
        .run(literal.iter().chain(&["a1.json"]))
        .exits_with(1)
        .says(" FAIL    parse (b)  at most 20 % slower  gone: only the baseline has it")
        .says(" pass    parse (a) ");
    folder
        .run(["compare", "a1.json", "--against", "main"])
        .exits_with(0)
        .says("only in the baseline: parse (b)")
        .says("`parse (a)`");
    folder
        .run(literal.iter().chain(&["a1.json", "b1.json"]))
        .exits_with(0)
        .says("parse (a)")
        .says("parse (b)");
    // Two of one name in one comparison are told apart.
    folder
        .run(["compare", "a1.json", "b1.json", "--against", "main"])
        .exits_with(0)
        .says("`parse (a)`")
        .says("`parse (b)`")
        .says(" parse (b) (baseline) ");
    // A program that the baseline lacks has nothing to be compared with, unless it was moved.
    folder
        .run(["gate", "c0.json", "--against", "main"])
        .exits_with(4)
        .says("none in common");
    folder
        .run(["compare", "c0.json", "--against", "main"])
        .exits_with(4)
        .complains("no benchmark and no operation in common");
    folder
        .run(["gate", "c0.json", "--baseline", "a0.json"])
        .exits_with(0)
        .says("takes 1.020 times as long");
}

/// A program that was not started by cargo does not know its package.
#[test]
fn a_program_without_its_package_is_the_only_one_that_it_may_be() {
    let folder = Folder::new();
    for (file, program, factor) in [
        ("ax.json", "a/x", 1.0),
        ("bx.json", "b/x", 4.0),
        ("bx-again.json", "b/x", 4.04),
        ("by.json", "b/y", 4.0),
        ("x.json", "x", 1.02),
    ] {
        save_of_program(&folder, file, program, factor);
    }
    folder.write(
        "perfkit.toml",
        "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"20%\"\n",
    );
    let gate = |baseline: &[&str], candidate: &[&str]| {
        let given = baseline.iter().flat_map(|file| ["--baseline", file]);
        let given: Vec<&str> = candidate.iter().copied().chain(given).collect();
        folder.run(["gate"].iter().chain(&given))
    };
    // It is the one, whichever side is bare and whatever else there is.
    for (baseline, candidate, ratio) in [
        (["ax.json", "by.json"], ["x.json"], "1.020"),
        (["x.json", "by.json"], ["ax.json"], "0.980"),
    ] {
        let answer = gate(&baseline, &candidate).exits_with(0);
        let measured = format!("takes {ratio} times as long");
        answer
            .says(&measured)
            .says("gone: only the baseline has it");
    }
    // It may be either, and is held against neither.
    gate(&["ax.json", "bx.json"], &["x.json"])
        .exits_with(4)
        .says("none in common");
    let answer = gate(&["ax.json", "bx.json", "x.json"], &["bx-again.json"]).exits_with(0);
    answer.says("takes 1.010 times as long");
}

/// Of another machine, as its fields say: names of files and benchmarks do not matter.
fn save_elsewhere(folder: &Folder, file: &str, factor: f64) {
    let mut report = session(factor);
    report.environment.cpu = Some("Another 9000".to_owned());
    report.save(folder.path(file)).unwrap();
}

#[test]
fn what_another_machine_measured_is_no_verdict_on_the_code() {
    let folder = with_sessions(&[1.0, 1.01]);
    save_elsewhere(&folder, "elsewhere.json", 2.0);
    save(&folder, "main", &["0.json"]).exits_with(0);
    // All of the baseline is of another machine: nothing is left to compare with.
    for verb in ["gate", "compare"] {
        folder
            .run([verb, "elsewhere.json", "--against", "main"])
            .exits_with(4)
            .complains("baseline main has no session of the machine that the reports are from")
            .complains("measure it here and keep it with `perfkit baseline save main REPORT`")
            .complains("--base REV");
    }
    // A part of it is left out, and said to be.
    save(&folder, "main", &["elsewhere.json"])
        .exits_with(0)
        .says("Of them 1 of another machine");
    folder
        .run(["gate", "1.json", "--against", "main"])
        .exits_with(0)
        .says("1 of 2 sessions are of another machine and are left out");
    // Of files that are named one by one none is left out, and there is no verdict.
    folder
        .run(["gate", "elsewhere.json", "--baseline", "0.json"])
        .exits_with(0)
        .says("Gate inconclusive")
        .says("wall_time was measured on different machines, which is no verdict on the code");
    folder
        .run(["compare", "0.json", "elsewhere.json"])
        .exits_with(0)
        .says("they were measured on different machines")
        .says("whose difference is no verdict on the code: measure both on one");
    let answer = folder.run(["compare", "0.json", "elsewhere.json", "--format", "json"]);
    let comparison = &answer.report().comparisons[0];
    assert!(comparison.is_across_machines && comparison.ratio.is_none());
    assert_eq!(comparison.verdict, Verdict::Inconclusive);
}

#[test]
fn names_that_could_lead_elsewhere_are_refused() {
    let folder = with_sessions(&[1.0]);
    let long = "x".repeat(101);
    #[rustfmt::skip]
    let names = [
        "", ".", "..", "../x", "/tmp/x", "a/b", "a\\b", ".hidden", "a b", "a\nb", "a\u{1}b",
        "a%00b", "a:b", "\u{202e}x", "\u{1b}[31mx", "*", "~", "$(id)", &long,
    ];
    for name in names {
        for line in [
            &["baseline", "save", name, "0.json"][..],
            &["baseline", "show", name],
            &["baseline", "rm", name],
            &["compare", "0.json", "--against", name],
            &["gate", "0.json", "--against", name],
        ] {
            let answer = folder.run(line).exits_with(2).complains("name");
            assert!(!answer.stderr.contains('\u{1b}'), "{answer:#?}");
        }
    }
    for line in [&["-x", "0.json"][..], &["--", "-x", "0.json"]] {
        let line = ["baseline", "save"].iter().chain(line);
        folder.run(line).exits_with(2).complains("-x");
    }
    assert_eq!(folder.files(), ["0.json", "perfkit.toml"]);
}

#[test]
fn a_baseline_that_is_not_there_is_told_with_those_that_are() {
    let folder = with_sessions(&[1.0]);
    let ask = |code, complaint: &str| {
        for line in [
            &["baseline", "show", "man"][..],
            &["baseline", "rm", "man"],
            &["compare", "0.json", "--against", "man"],
            &["gate", "0.json", "--against", "man"],
        ] {
            let answer = folder.run(line).exits_with(code);
            answer
                .complains("there is no baseline man in ")
                .complains(complaint);
        }
    };
    ask(4, "make one with `perfkit baseline save man REPORT`");
    assert!(!folder.path("target").exists());
    save(&folder, "main", &["0.json"]).exits_with(0);
    save(&folder, "other", &["0.json"]).exits_with(0);
    ask(4, "there are: main, other");
}

/// Neither is it passed over: with fewer sessions a gate might pass.
#[test]
fn what_cannot_be_read_in_a_baseline_is_told_by_everything_that_reads_it() {
    let folder = with_sessions(&[1.0, 1.5, 1.2]);
    save(&folder, "main", &["0.json"]).exits_with(0);
    let session = fs::read(&kept(&folder, "main")[0]).unwrap();
    let half = &session[..session.len() / 2];
    let file = kept(&folder, "main")[0].with_file_name("x.json");
    #[rustfmt::skip]
    let contents: [(&[u8], &str); 4] = [
        (half, "damaged or incomplete"),
        (b"", "damaged or incomplete"),
        (b"{\"name\": \"package\"}", "no perfkit report"),
        (b"{\"schema\": \"perfkit/9\"}", "perfkit/9"),
    ];
    for (content, complaint) in contents {
        fs::write(&file, content).unwrap();
        for line in [
            &["gate", "1.json", "--against", "main"][..],
            &["compare", "1.json", "--against", "main"],
            &["baseline", "show", "main"],
            &["baseline", "save", "main", "2.json"],
        ] {
            let answer = folder.run(line).exits_with(4);
            answer
                .complains("x.json: the file ")
                .complains(complaint)
                .complains("remove that file, or the baseline with `perfkit baseline rm main`");
        }
        folder
            .run(["baseline", "list"])
            .exits_with(0)
            .says("main  cannot be read: ");
    }
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    folder
        .run(["gate", "1.json", "--against", "main"])
        .exits_with(4)
        .complains("x.json is no regular file");
    fs::remove_dir(&file).unwrap();
    folder
        .run(["gate", "1.json", "--against", "main"])
        .exits_with(1);
}

#[test]
fn removing_a_baseline_removes_nothing_else() {
    let folder = with_sessions(&[1.0]);
    let mine = Folder::new();
    mine.write("mine.json", "{}");
    save(&folder, "main", &["0.json"]).exits_with(0);
    let notes = kept(&folder, "main")[0].with_file_name("notes.txt");
    fs::write(&notes, "mine").unwrap();
    folder
        .run(["baseline", "rm", "main"])
        .exits_with(4)
        .complains("notes.txt is no session: nothing was removed");
    assert_eq!(kept(&folder, "main").len(), 2);
    fs::remove_file(notes).unwrap();
    // Links are removed, and not what they lead to.
    let store = folder.path("target/perfkit/baselines");
    std::os::unix::fs::symlink(mine.path(""), store.join("link")).unwrap();
    fs::remove_dir_all(store.join(".unfinished")).unwrap();
    std::os::unix::fs::symlink(mine.path(""), store.join(".unfinished")).unwrap();
    for name in ["main", "link"] {
        folder.run(["baseline", "rm", name]).exits_with(0);
    }
    assert_eq!(mine.files(), ["mine.json"]);
    assert!(!store.join("link").exists());
}

#[test]
fn names_of_what_was_measured_are_inert() {
    let folder = Folder::new();
    let mut report = session(1.0);
    report.benchmarks[0].name = "a\u{1b}[31m\u{202e}\n::error::x".to_owned();
    report.environment.cpu = Some("b\u{1b}]0;x\u{7}".to_owned());
    report.save(folder.path("0.json")).unwrap();
    save(&folder, "main", &["0.json"]).exits_with(0);
    for line in [&["list"][..], &["show", "main"]] {
        let answer = folder.run(["baseline"].iter().chain(line)).exits_with(0);
        let is_inert = |c: char| !"\u{1b}\u{7}\u{202e}".contains(c);
        assert!(answer.stdout.chars().all(is_inert), "{answer:#?}");
        let mut lines = answer.stdout.lines();
        assert!(lines.all(|line| !line.starts_with("::")), "{answer:#?}");
    }
}

#[test]
fn results_are_reports_that_count_the_sessions() {
    let folder = with_sessions(&[1.0, 1.01, 1.1, 1.11]);
    save(&folder, "main", &["0.json", "1.json"]).exits_with(0);
    let line = ["2.json", "3.json", "--against", "main", "--format", "json"];
    let answer = folder.run(["compare"].iter().chain(&line)).exits_with(0);
    assert_fits_schema(&answer.stdout);
    let report = answer.report();
    let comparison = &report.comparisons[0];
    let counts = SessionCounts {
        baseline: 2,
        candidate: 2,
    };
    assert_eq!(comparison.sessions, Some(counts));
    assert_eq!(comparison.verdict, Verdict::Slower);
    assert!(!comparison.interleaved && !comparison.is_across_machines);
    assert!((comparison.ratio.unwrap().estimate - 1.1).abs() < 0.001);
    assert_eq!(comparison.notes[0].code, NoteCode::NotInterleaved);
    let answer = folder.run(["gate"].iter().chain(&line)).exits_with(1);
    assert_fits_schema(&answer.stdout);
    assert_eq!(answer.report().gate.unwrap().outcome, GateOutcome::Fail);
}

#[test]
fn the_folder_of_baselines_can_be_named() {
    let folder = with_sessions(&[1.0, 1.3]);
    let elsewhere = Folder::new();
    let named = elsewhere
        .path("kept")
        .into_os_string()
        .into_string()
        .unwrap();
    let line = ["baseline", "save", "main", "0.json", "--baselines", &named];
    folder.run(line).exits_with(0).says(&named);
    let by_variable = |line: &[&str]| {
        let mut command = folder.perfkit(line);
        command.env("PERFKIT_BASELINES", &named);
        Answer::of(command)
    };
    by_variable(&["baseline", "list"]).says("main  1 session");
    by_variable(&["gate", "1.json", "--against", "main", "-v"])
        .exits_with(1)
        .complains(&format!("baseline: main in {named} (PERFKIT_BASELINES)\n"));
    let line = ["gate", "1.json", "--against", "main", "--baselines", &named];
    folder.run(line).exits_with(1);
    folder
        .run(["gate", "1.json", "--against", "main"])
        .exits_with(4)
        .complains("there is no baseline main");
    let line = ["baseline", "list", "--baselines", ""];
    folder.run(line).exits_with(2).complains("--baselines");
}

/// Another folder than that of other times would look as if nothing had been kept.
#[test]
fn a_package_that_cargo_cannot_read_is_no_other_folder() {
    let folder = with_sessions(&[1.0]);
    folder.write("Cargo.toml", "[package]\nname = \n");
    save(&folder, "main", &["0.json"])
        .exits_with(4)
        .complains("it is not known where baselines are kept: ")
        .complains("--baselines DIR");
    assert!(!folder.path("target").exists());
    let line = ["baseline", "save", "main", "0.json", "--baselines", "kept"];
    folder.run(line).exits_with(0);
}
