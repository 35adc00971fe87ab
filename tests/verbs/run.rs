//! `perfkit run`: an instrumented program and what it recorded.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::support::{
    Answer, Folder, assert_fits_schema, copy_program, eventually, example, is_gone,
};

#[test]
fn what_a_program_recorded_is_shown_after_its_own_output() {
    let folder = Folder::new();
    let program = example("01_function");
    let arguments = ["run", "--save", "out.json", "--", program.to_str().unwrap()];
    let answer = folder
        .run(arguments)
        .exits_with(0)
        .says("01_function::parse_all")
        .says("invalid digit found in string");
    let (own, table) = answer
        .stdout
        .split_at(answer.stdout.find("Calls: 9").unwrap());
    assert!(own.contains("parse: 5 successes"), "{own}");
    assert!(table.contains("66.67 %"), "{table}");
    assert_fits_schema(&folder.read("out.json"));
    assert_eq!(folder.report("out.json").operations.len(), 2);
}

#[test]
fn what_a_program_prints_is_never_within_a_result_to_be_read() {
    let folder = Folder::new();
    let program = example("01_function");
    let program = program.to_str().unwrap();
    let answer = folder.run(["run", "--format", "json", "--", program]);
    assert_eq!(answer.report().operations.len(), 2);
    answer.exits_with(0).complains("parse: 5 successes");
    let line = ["run", "--format", "csv", "-o", "out.csv", "--", program];
    folder.run(line).exits_with(0).says("parse: 5 successes");
    assert!(folder.read("out.csv").starts_with("kind,"));
}

#[test]
fn several_processes_are_all_shown() {
    let folder = Folder::new();
    let program = example("07_report_file");
    let script = folder.script("twice", &format!("{0}\n{0}", program.display()));
    let arguments = ["run", "--", script.to_str().unwrap()];
    let answer = folder
        .run(arguments)
        .exits_with(0)
        .says("the calls of 2 processes are added up")
        .says("Calls: 180, operations: 1");
    assert!(answer.stderr.is_empty(), "{answer:#?}");
}

#[test]
fn a_program_that_fails_or_records_nothing_is_told() {
    let folder = Folder::new();
    folder
        .run(["run", "--", "true"])
        .exits_with(4)
        .complains("the program recorded nothing")
        .complains("#[measure]")
        .complains("elevated rights (setuid, ");
    folder
        .run(["run", "--", "false"])
        .exits_with(5)
        .complains("exit status 1");
    let missing = folder.run(["run", "--", "no-such-program"]);
    missing.exits_with(5).complains("was not found");
    let program = example("01_function");
    let script = folder.script("fails", &format!("{}\nexit 3", program.display()));
    folder
        .run(["run", "--", script.to_str().unwrap()])
        .exits_with(5)
        .says("01_function::parse_all")
        .complains("exit status 3");
    folder.run(["run"]).exits_with(2);
}

/// It takes no notice of what `perfkit run` asks of it, and says so.
#[test]
fn a_program_with_elevated_rights_is_told_why_it_records_nothing() {
    use std::os::unix::fs::{PermissionsExt as _, chown};

    const NOBODY: u32 = 65534;
    let folder = Folder::new();
    let program = folder.path("program");
    copy_program(&example("01_function"), &program);
    if chown(&program, Some(NOBODY), None).is_err() {
        return crate::support::required::skip("the rights of root");
    }
    let setuid = std::fs::Permissions::from_mode(0o4755);
    std::fs::set_permissions(&program, setuid).unwrap();
    folder
        .run(["run", "--", program.to_str().unwrap()])
        .exits_with(4)
        .complains("PERFKIT, PERFKIT_REPORT, PERFKIT_REPORT_EVERY without effect")
        .complains("elevated rights (setuid, ");
}

#[test]
fn a_program_that_is_terminated_leaves_its_numbers() {
    let folder = Folder::new();
    let program = example("01_function");
    // The instrumented program has ended and left its file; the script it
    // belongs to still runs.
    let script = folder.script(
        "server",
        &format!("{}\necho ready\nexec sleep 61", program.display()),
    );
    let mut command = folder.perfkit(["run", "--every", "50ms", "--", script.to_str().unwrap()]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("ready") {
        line.clear();
        assert!(
            stdout.read_line(&mut line).unwrap() > 0,
            "the program ended early"
        );
    }
    let status = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stdout, &mut rest).unwrap();
    assert!(rest.contains("01_function::parse_all"), "{rest}");
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

/// A program that records for minutes, by itself or within a script that ends before it.
#[test]
fn a_signal_that_ends_the_program_leaves_its_numbers() {
    let folder = Folder::new();
    let program = example("instructions");
    let long = format!("{} named 1000000000", program.display());
    for (body, signal, code) in [
        (format!("echo $$ > pid\nexec {long}"), "-INT", 130),
        (format!("echo $$ > pid\nexec {long}"), "-TERM", 143),
        (format!("{long} &\necho $! > pid\nwait"), "-TERM", 143),
    ] {
        std::fs::create_dir_all(folder.path("tmp")).unwrap();
        let script = folder.script("server", &body);
        let mut command = folder.perfkit(["run", "--every", "1h", "--", script.to_str().unwrap()]);
        command
            .env("TMPDIR", folder.path("tmp"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        // Ended in any case.
        let has_saved = eventually(|| has_saved(&folder));
        let status = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(status.unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert!(has_saved, "{body}: {output:?}");
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(shown.contains("\n named "), "{body}: {output:?}");
        assert_eq!(output.status.code(), Some(code), "{body}: {output:?}");
        assert!(output.stderr.is_empty(), "{body}: {output:?}");
        assert!(is_gone(&folder.read("pid")));
    }
}

/// Whether the program has saved a call: by then a signal takes nothing away any more.
fn has_saved(folder: &Folder) -> bool {
    let entries = |path| std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut files = entries(folder.path("tmp")).flat_map(|of_run| entries(of_run.path()));
    let text = |file: std::fs::DirEntry| std::fs::read_to_string(file.path()).unwrap_or_default();
    files.any(|file| text(file).contains("\"named\""))
}

#[test]
fn what_the_program_started_ends_with_it() {
    let folder = Folder::new();
    let script = folder.script("parent", "sleep 61 &\necho $! > pid\nwait");
    let mut command = folder.perfkit(["run", "--", script.to_str().unwrap()]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    while !std::fs::read_to_string(folder.path("pid")).is_ok_and(|pid| pid.ends_with('\n')) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let pid = child.id().to_string();
    let status = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(status.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(is_gone(&folder.read("pid")));
}

#[test]
fn the_format_can_be_chosen() {
    let folder = Folder::new();
    let program = example("07_report_file");
    let arguments = [
        "run",
        "--format",
        "markdown",
        "--",
        program.to_str().unwrap(),
    ];
    folder
        .run(arguments)
        .exits_with(0)
        .says("| operation | calls |");
}

#[test]
fn async_handlers_report_at_exit_and_are_held_against_budgets() {
    let folder = Folder::new();
    let path = folder.path("report.json");
    let mut command = Command::new(example("09_service"));
    command
        .env("PERFKIT_REPORT", &path)
        .env("OTEL_SDK_DISABLED", "true");
    let answer = Answer::of(command).exits_with(0);
    assert!(
        answer
            .stderr
            .contains("perfkit: calls: 2,000 (1,980 successful, 20 failed), operations: 2"),
        "{answer:#?}"
    );
    assert!(answer.stderr.contains("checkout::pay"), "{answer:#?}");

    let pay = &folder.report("report.json").operations[0];
    assert_eq!(
        (pay.lifetime.calls.success, pay.lifetime.calls.failure),
        (980, 20)
    );
    // The handler sleeps for at least 3 ms, and nothing near a minute.
    let gate = |p95: &str| {
        let text = format!("[[budget]]\noperation = \"checkout::pay\"\np95 = \"{p95}\"\n");
        folder.write("perfkit.toml", &text);
        folder.run(["gate", "report.json"])
    };
    gate("< 1 min").exits_with(0).says("pass");
    gate("< 1ms").exits_with(1).says("FAIL");
}
