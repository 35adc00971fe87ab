//! What those who know hyperfine type without thinking means here what it means there.

use std::process::{Command, Stdio};

use perfkit::{Monitor, Report};

use crate::support::{Answer, Folder};

/// Runs `perfkit compare` with these arguments, without warm-up and in two runs.
fn compare<'a>(folder: &Folder, arguments: impl IntoIterator<Item = &'a str>) -> Answer {
    let all = ["compare", "-w", "0", "-r", "2"].into_iter();
    folder.run(all.chain(arguments))
}

/// The lines of a file, in their order.
fn lines(folder: &Folder, name: &str) -> Vec<String> {
    folder.read(name).lines().map(str::to_owned).collect()
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

#[test]
fn the_short_flags_of_what_is_run_around_commands() {
    let folder = Folder::new();
    let hooks = [
        "-s",
        "echo setup >> log",
        "-p",
        "echo prepare >> log",
        "-C",
        "echo conclude >> log",
        "-c",
        "echo cleanup >> log",
    ];
    let command = ["-S", "sh", "echo command >> log"];
    compare(&folder, command.into_iter().chain(hooks)).exits_with(0);
    let run = ["prepare", "command", "conclude"];
    let expected = [&["setup"][..], &run, &run, &["cleanup"]].concat();
    assert_eq!(lines(&folder, "log"), expected);
}

#[test]
fn each_command_has_its_own_prepare_output_and_environment() {
    let folder = Folder::new();
    let commands = ["-S", "sh", "echo $WHO", "echo $WHO is"];
    let own = [
        "-p",
        "echo one >> log",
        "-p",
        "echo two >> log",
        "--output",
        "first.txt",
        "--output",
        "second.txt",
        "--env",
        "WHO='the first' X=1",
        "--env",
        "WHO=second",
    ];
    compare(&folder, commands.into_iter().chain(own)).exits_with(0);
    assert_eq!(folder.read("first.txt"), "the first\n");
    assert_eq!(folder.read("second.txt"), "second is\n");
    let expected = ["one", "one", "two", "two"];
    assert_eq!(sorted(lines(&folder, "log")), expected);
    let too_few = commands
        .into_iter()
        .chain(["true", "--output", "a", "--output", "b"]);
    compare(&folder, too_few)
        .exits_with(2)
        .complains("--output is given 2 times for 3 commands");
}

#[test]
fn variables_have_parameters_in_them_and_reach_what_is_run_around() {
    let folder = Folder::new();
    let arguments = [
        "sh -c 'echo $THREADS >> log'",
        "-P",
        "threads",
        "1",
        "2",
        "--env",
        "THREADS={threads}",
        "--setup",
        "echo setup $THREADS >> log",
        "--sequential",
        "--export-json",
        "out.json",
        "-N",
    ];
    compare(&folder, arguments)
        .exits_with(0)
        .says("(threads = 2)");
    let expected = ["setup 1", "1", "1", "setup 2", "2", "2"];
    assert_eq!(lines(&folder, "log"), expected);
    let second = &folder.report("out.json").benchmarks[1];
    assert_eq!(second.environment["THREADS"], "2");
    for wrong in ["THREADS", "=1", "'A=1"] {
        compare(&folder, ["true", "--env", wrong])
            .exits_with(2)
            .complains("--env");
    }
}

#[test]
fn the_same_command_with_other_variables_is_told_apart() {
    let folder = Folder::new();
    let arguments = [
        "true", "true", "--env", "A=1", "--env", "A=2", "--format", "json",
    ];
    let report = compare(&folder, arguments).exits_with(0).report();
    let names: Vec<&str> = report.benchmarks.iter().map(|b| b.name.as_str()).collect();
    assert_eq!(names, ["true (A=1)", "true (A=2)"]);
}

#[test]
fn a_run_knows_its_number() {
    let folder = Folder::new();
    let tells = |who| format!("echo {who} $HYPERFINE_ITERATION $PERFKIT_ITERATION >> log");
    let (prepare, command, conclude) = (tells("p"), tells("r"), tells("c"));
    let arguments = [
        "compare", "-S", "sh", &command, "-p", &prepare, "-C", &conclude, "-w", "1", "-r", "2",
    ];
    folder.run(arguments).exits_with(0);
    let of = |number| ["p", "r", "c"].map(|who| format!("{who} {number} {number}"));
    assert_eq!(
        lines(&folder, "log"),
        [of("warmup-0"), of("0"), of("1")].concat()
    );
}

#[test]
fn a_reference_is_run_beside_the_commands_and_is_the_baseline() {
    let folder = Folder::new();
    let reference = ["--reference", "sleep 0.1", "--reference-name", "old"];
    let arguments = ["sleep {time}", "-L", "time", "0.001,0.002"];
    let all = ["compare", "-r", "3", "--format", "json"].into_iter();
    let report = folder
        .run(all.chain(arguments).chain(reference))
        .exits_with(0)
        .report();
    let names: Vec<&str> = report.benchmarks.iter().map(|b| b.name.as_str()).collect();
    assert_eq!(names, ["old", "sleep 0.001", "sleep 0.002"]);
    let comparisons = report.comparisons.iter();
    assert!(comparisons.clone().all(|c| c.baseline == "old"));
    let with_parameter = ["--reference", "sleep {time}"];
    compare(&folder, arguments.into_iter().chain(with_parameter))
        .exits_with(2)
        .complains("--reference has the parameter `time` in it");
    // One for each, the reference first.
    let each = ["-p", "echo old >> log", "-p", "echo new >> log"];
    let reference = ["--reference", "true", "true"];
    compare(&folder, reference.into_iter().chain(each)).exits_with(0);
    assert_eq!(sorted(lines(&folder, "log")), ["new", "new", "old", "old"]);
}

#[test]
fn names_and_output_under_their_other_flags() {
    let folder = Folder::new();
    let arguments = ["echo told", "--command-name", "speaker", "--show-output"];
    compare(&folder, arguments)
        .exits_with(0)
        .says("speaker")
        .says("told\ntold\n");
    compare(&folder, ["true", "--show-output", "--output", "pipe"]).exits_with(2);
}

#[test]
fn a_file_named_dash_is_standard_output() {
    let folder = Folder::new();
    let answer = compare(&folder, ["true", "--export-json", "-"]).exits_with(0);
    assert_eq!(answer.report().benchmarks.len(), 1);
    compare(&folder, ["true", "--export-csv", "-"])
        .exits_with(0)
        .says("name,");
    compare(&folder, ["true", "-o", "-"])
        .exits_with(0)
        .says("true");
    assert!(folder.files().is_empty(), "{:?}", folder.files());
    for second in [["--format", "csv"], ["--export-markdown", "-"]] {
        compare(
            &folder,
            ["true", "--export-json", "-"].into_iter().chain(second),
        )
        .exits_with(2)
        .complains("several forms of the result are asked for on standard output");
    }
}

#[test]
fn tables_for_asciidoc_and_org_mode() {
    let folder = Folder::new();
    let name = ["-n", "a|b *c*", "-n", "[[d]]"];
    let exports = ["--export-asciidoc", "t.adoc", "--export-orgmode", "t.org"];
    let arguments = ["true", "true"].into_iter().chain(name).chain(exports);
    compare(&folder, arguments).exits_with(0);
    let asciidoc = folder.read("t.adoc");
    assert!(asciidoc.contains("\n|===\n|command |mean"), "{asciidoc}");
    assert!(asciidoc.contains("\n|a&#124;b &#42;c&#42; |"), "{asciidoc}");
    assert!(!asciidoc.contains("[[d"), "{asciidoc}");
    let org = folder.read("t.org");
    assert!(org.contains("\n| command | mean"), "{org}");
    assert!(org.contains("\n| a\\vert{}b "), "{org}");
    assert!(!org.contains("[[d"), "{org}");
}

#[test]
fn the_result_goes_to_a_file_in_any_format() {
    let folder = Folder::new();
    let formats = [
        "human", "json", "markdown", "csv", "html", "asciidoc", "svg", "png",
    ];
    for format in formats {
        let arguments = [
            "true", "true", "--color", "always", "--format", format, "-o", "out",
        ];
        let answer = compare(&folder, arguments).exits_with(0);
        assert_eq!(answer.stdout, "", "{format}");
        let content = std::fs::read(folder.path("out")).unwrap();
        assert!(!content.is_empty(), "{format}");
        let has_colours = content.contains(&0x1b);
        assert!(!has_colours || format == "png", "{format}");
        let begins = match format {
            "svg" => &b"<svg"[..],
            "png" => b"\x89PNG",
            "html" => b"<!doctype html>",
            _ => b"",
        };
        let content = content.to_ascii_lowercase();
        assert!(
            content.starts_with(&begins.to_ascii_lowercase()),
            "{format}"
        );
    }
}

#[test]
fn a_report_tells_how_to_measure_it_again() {
    let folder = Folder::new();
    let arguments = ["sh -c 'exit 0'", "true", "-n", "a b", "--format", "html"];
    let page = compare(&folder, arguments).exits_with(0).stdout;
    let again =
        r"perfkit compare -w 0 -r 2 'sh -c '\''exit 0'\''' true -n 'a b' --format html --seed ";
    let text = page.replace("&#39;", "'").replace("&#x27;", "'");
    let told: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("perfkit compare"))
        .collect();
    assert!(text.contains(again), "{told:#?}");
    let answer = compare(&folder, ["--seed", "7", "--format", "json", "--", "true"]).exits_with(0);
    let words = [
        "compare", "-w", "0", "-r", "2", "--seed", "7", "--format", "json", "--", "true",
    ];
    assert_eq!(answer.report().arguments, words);
}

#[test]
fn what_the_configuration_changes_is_told() {
    let folder = Folder::new();
    folder.write(
        "perfkit.toml",
        "[compare]\nwarmup = 0\nconfidence = \"99%\"\n",
    );
    let answer = folder.run(["compare", "true", "-r", "2"]).exits_with(0);
    answer.complains("perfkit.toml says confidence: 99 %, warmup: 0");
    let arguments = ["true", "-w", "1", "--confidence", "95%", "-r", "2"];
    let answer = folder
        .run(["compare"].into_iter().chain(arguments))
        .exits_with(0);
    assert!(!answer.stderr.contains("perfkit.toml"), "{answer:#?}");
}

/// What a terminal of 80 columns shows of a command line, colours and redrawing left in.
fn on_a_terminal(folder: &Folder, line: &str) -> String {
    let program = env!("CARGO_BIN_EXE_perfkit");
    let mut command = Command::new("script");
    command
        .args(["-qec", &format!("stty cols 80 rows 24; {program} {line}")])
        .arg("/dev/null")
        .current_dir(folder.path(""))
        .stdin(Stdio::null());
    match command.output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) => {
            crate::support::required::skip(&format!("script of util-linux: {error}"));
            String::new()
        }
    }
}

#[test]
fn a_terminal_of_80_columns_shows_progress_and_the_columns_that_matter() {
    let folder = Folder::new();
    let shown = on_a_terminal(&folder, "compare -r 12 'sleep 0.04' 'sleep 0.05'");
    if shown.is_empty() {
        return;
    }
    for expected in ["warm-up: sleep 0.0", " of 12", " s left: ", " ms sleep 0.0"] {
        assert!(shown.contains(expected), "{expected}: {shown:?}");
    }
    for column in [" mean ", " median ", " min ", " max ", " std dev "] {
        assert!(shown.contains(column), "{column}: {shown}");
    }
}

#[test]
fn a_style_says_what_is_shown() {
    let folder = Folder::new();
    let style = |style| {
        let arguments = ["true", "sleep 0.01", "--style", style];
        compare(&folder, arguments).exits_with(0)
    };
    assert!(style("color").stdout.contains('\u{1b}'));
    assert!(style("full").stdout.contains('\u{1b}'));
    assert!(!style("basic").stdout.contains('\u{1b}'));
    let nothing = style("none");
    assert_eq!((nothing.stdout.as_str(), nothing.stderr.as_str()), ("", ""));
    let arguments = ["true", "--style", "none", "--export-csv", "out.csv"];
    compare(&folder, arguments).exits_with(0);
    assert!(folder.read("out.csv").contains("true"));
    // What is asked for on standard output is no part of what a style hides.
    let arguments = ["true", "--style", "none", "--export-csv", "-"];
    compare(&folder, arguments).exits_with(0).says("true");
    compare(&folder, ["true", "--style", "none", "-o", "out.txt"]).exits_with(0);
    assert!(folder.read("out.txt").contains("true"));
    let shown = on_a_terminal(&folder, "compare -r 2 true --style basic");
    assert!(!shown.contains("warm-up"), "{shown:?}");
}

/// The table of a result in Markdown: its headings, and its rows.
fn table(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim_start_matches('|').trim_end_matches('|');
        inner
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    let mut lines = text.lines().filter(|line| line.starts_with('|'));
    let headings = cells(lines.next().unwrap());
    (headings, lines.skip(1).map(cells).collect())
}

/// A report of three commands, given as the slowest, the quickest and the one between.
fn three() -> Folder {
    let folder = Folder::new();
    let named = ["-n", "slow", "-n", "quick", "-n", "between"];
    let commands = ["sleep 0.03", "true", "sleep 0.01"];
    let arguments = named.into_iter().chain(commands);
    compare(&folder, arguments.chain(["--export-json", "r.json"])).exits_with(0);
    folder
}

#[test]
fn the_order_of_rows_is_the_readers_choice() {
    let folder = three();
    for (order, expected) in [
        (&[][..], ["quick", "between", "slow"]),
        (&["--sort", "command"], ["slow", "quick", "between"]),
        (&["--sort", "mean-time"], ["quick", "between", "slow"]),
    ] {
        let arguments = ["report", "r.json", "--format", "orgmode"].iter();
        let text = folder.run(arguments.chain(order)).exits_with(0).stdout;
        let position = |name: &str| text.find(&format!("| {name} |"));
        let mut found: Vec<_> = expected.iter().map(|name| position(name)).collect();
        assert!(found.iter().all(Option::is_some), "{text}");
        found.sort_unstable();
        let in_order: Vec<_> = expected.iter().map(|name| position(name)).collect();
        assert_eq!(found, in_order, "{order:?}: {text}");
    }
}

#[test]
fn times_have_the_unit_that_was_chosen_and_metrics_their_own() {
    let folder = three();
    let show = |arguments: &[&str]| {
        let all = ["report", "r.json", "--format", "markdown"].iter();
        table(&folder.run(all.chain(arguments)).exits_with(0).stdout)
    };
    for [unit, suffix] in [["second", " s"], ["us", " µs"], ["ms", " ms"]] {
        let (headings, rows) = show(&["-u", unit]);
        let median = headings.iter().position(|heading| heading == "median");
        for row in rows {
            let cell = &row[median.unwrap()];
            assert!(cell.ends_with(suffix), "{unit}: {cell}");
        }
    }
    // A metric's own unit is the stronger word.
    let metrics = "time_wall_clock:s,time_user:us,memory_peak_resident:kB";
    let (headings, rows) = show(&["--metrics", metrics, "-u", "ms"]);
    for (heading, suffix) in [("median", " s"), ("user", " µs"), ("peak memory", " kB")] {
        let column = headings.iter().position(|known| known == heading);
        let column = column.unwrap_or_else(|| panic!("{heading}: {headings:?}"));
        for row in &rows {
            assert!(row[column].ends_with(suffix), "{heading}: {row:?}");
        }
    }
    let (headings, rows) = show(&["--metrics", "user_time,voluntary_context_switches"]);
    assert!(headings.contains(&"metric".to_owned()) && headings.contains(&"waits".to_owned()));
    assert!(
        rows.iter().all(|row| row.contains(&"user".to_owned())),
        "{rows:?}"
    );
}

#[test]
fn a_metric_that_was_chosen_and_never_measured_is_told() {
    let folder = Folder::new();
    folder.write(
        "r.csv",
        "command,mean,stddev,median,user,system,min,max\nx,1,0.1,1,0.5,0.1,0.9,1.2\n",
    );
    let all = ["report", "r.csv", "--metrics"];
    let answer = folder.run(all.into_iter().chain(["instructions,wall_time"]));
    let answer = answer.exits_with(0);
    assert_eq!(answer.stderr.trim(), "No result has `instructions`");
    let answer = folder.run(all.into_iter().chain(["all"])).exits_with(0);
    assert_eq!(answer.stderr.trim(), "", "a preset is what there is");
    // What changes nothing is told as well.
    let values = ["report", "r.csv", "-u", "ms", "--format", "csv"];
    let answer = folder.run(values).exits_with(0);
    assert!(answer.stderr.contains("are of tables"), "{answer:#?}");
    let monitor = Monitor::new();
    monitor.measure("operation", || ());
    let report = Report::from_snapshot(monitor.snapshot());
    report.save(folder.path("operations.json")).unwrap();
    let answer = folder.run(["report", "operations.json", "--sort", "command"]);
    let answer = answer.exits_with(0);
    assert!(answer.stderr.contains("are of benchmarks"), "{answer:#?}");
}
