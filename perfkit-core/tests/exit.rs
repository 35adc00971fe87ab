//! What a program leaves behind when it ends, as the environment asked. Each
//! test starts this file anew as a program of its own.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use std::io::ErrorKind;
use std::process::{Command, Output};
use std::time::Duration;

use perfkit::Report;

mod required;

/// The programs, when started as one: the harness exits after it, and with it
/// the hooks at exit run.
#[test]
fn program() {
    match std::env::var("PROGRAM").as_deref() {
        Ok("work") => work(),
        Ok("asks for a report") => {
            perfkit::report_at_exit();
            work();
        }
        Ok("configures") => {
            let configured = perfkit::configure(|monitor| monitor.max_operations(3).last_calls(2));
            work();
            let late = perfkit::configure(|monitor| monitor.max_operations(100));
            println!("{configured:?} {}", late.unwrap_err());
            for number in 0..10 {
                perfkit::measure(&format!("name {number}"), || ());
                let label = |(): &()| perfkit::Outcome::Success.label("number", number);
                perfkit::operation("step").measure_labelled(|| (), label);
            }
        }
        Ok("exits") => {
            work();
            std::process::exit(3);
        }
        Ok("is killed") => {
            work();
            std::thread::sleep(Duration::from_secs(60));
        }
        _ => {}
    }
}

fn work() {
    for _ in 0..3 {
        perfkit::measure("step", || ());
    }
    let _ = perfkit::try_measure("step", || Err::<(), _>("no"));
}

fn start(program: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "program", "--nocapture"]);
    command.env("PROGRAM", program);
    for name in [
        "PERFKIT",
        "PERFKIT_REPORT",
        "PERFKIT_REPORT_EVERY",
        "PERFKIT_SIGNALS",
        "PERFKIT_MAX_OPERATIONS",
        "PERFKIT_MAX_LABEL_SETS",
        "PERFKIT_LAST_CALLS",
        "PERFKIT_LAST_PERIOD",
        "PERFKIT_MEMORY_BUDGET",
    ] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    command
}

fn run(program: &str, variables: &[(&str, &str)]) -> Output {
    start(program, variables).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("perfkit-exit-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn nothing_is_printed_unless_asked() {
    let output = run("work", &[]);
    assert!(output.status.success());
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_summary_by_environment_or_by_code() {
    for output in [
        run("work", &[("PERFKIT", "summary")]),
        run("asks for a report", &[]),
    ] {
        let text = stderr(&output);
        assert!(
            text.starts_with(
                "perfkit: calls: 4 (3 successful, 1 failed), operations: 1, successful: 75 %"
            ),
            "{text}"
        );
        assert!(text.contains("\nstep "), "{text}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("perfkit"));
    }
}

/// Whoever may start a program with the rights of another must not write files with them.
#[cfg(target_os = "linux")]
#[test]
fn with_the_rights_of_another_the_environment_asks_for_nothing() {
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::os::unix::process::CommandExt;

    const NOBODY: u32 = 65534;
    let folder = folder("rights");
    let program = folder.join("program");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let permit = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    permit(&folder, 0o777);
    let run = |mode, path: &std::path::Path| {
        permit(&program, mode);
        let command = start(
            "asks for a report",
            &[
                ("PERFKIT_REPORT", path.to_str().unwrap()),
                ("PERFKIT_MAX_OPERATIONS", "5"),
            ],
        );
        let mut other = Command::new(&program);
        other.args(command.get_args()).uid(NOBODY).gid(NOBODY);
        let variables = command
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)));
        other.envs(variables);
        // What another test starts just now holds the file open for writing until it runs.
        loop {
            match other.output() {
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {}
                output => return output,
            }
        }
    };
    let (own, elevated) = (folder.join("own.json"), folder.join("elevated.json"));
    // Only root may start programs as somebody else.
    if chown(&program, Some(0), Some(0)).is_err() {
        return required::skip("the rights of root");
    }
    assert!(run(0o755, &own).unwrap().status.success());
    assert!(own.exists());
    let output = run(0o4755, &elevated).unwrap();
    assert!(output.status.success(), "{output:?}");
    // It is told, once, and what the program asks for itself is done.
    let text = stderr(&output);
    let (told, rest) = text.split_once('\n').unwrap();
    assert!(
        told.starts_with("perfkit: PERFKIT_REPORT, PERFKIT_MAX_OPERATIONS without effect:")
            && told.contains("setuid"),
        "{output:?}"
    );
    assert!(rest.starts_with("perfkit: calls: 4"), "{output:?}");
    assert!(!elevated.exists());
    std::fs::remove_dir_all(folder).unwrap();
}

/// A program that a shell starts with a limit on files, and that saves a report at exit.
#[cfg(unix)]
fn limited(script: &str, report: &str) -> Output {
    let program = start("exits", &[("PERFKIT_REPORT", report)]);
    let mut limited = Command::new("sh");
    limited.args(["-c", script]);
    limited.arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    limited.output().unwrap()
}

/// The signal that comes with the first byte beyond the limit would end the program.
#[cfg(unix)]
#[test]
fn a_limit_on_files_does_not_end_the_program() {
    let folder = folder("limit");
    let path = folder.join("report.json");
    let output = limited("ulimit -f 1 && exec \"$0\" \"$@\"", path.to_str().unwrap());
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(stderr(&output).contains("ulimit -f"), "{output:?}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    std::fs::remove_dir_all(folder).unwrap();
}

/// As above, in a log that has room for what the harness prints and not for a report, and in
/// one that has not even room for the message.
#[cfg(target_os = "linux")]
#[test]
fn a_log_that_is_nearly_full_does_not_end_the_program() {
    const LIMIT: usize = 64 * 512;
    let folder = folder("log");
    for (room, is_told) in [(700, true), (100, false)] {
        let log = folder.join("log");
        std::fs::write(&log, vec![b'\n'; LIMIT - room]).unwrap();
        let script = format!(
            "ulimit -f 64 && exec \"$0\" \"$@\" >> '{0}' 2>> '{0}'",
            log.display()
        );
        let output = limited(&script, "/dev/stdout");
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let text = String::from_utf8(std::fs::read(&log).unwrap()).unwrap();
        assert!(text.contains("running 1 test") && !text.contains('{'));
        assert_eq!(text.contains("ulimit -f"), is_told, "{}", text.trim());
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn off_records_nothing() {
    let output = run("asks for a report", &[("PERFKIT", "off")]);
    assert_eq!(stderr(&output), "perfkit: no calls were recorded\n");
}

#[test]
fn a_report_is_saved_also_when_the_program_exits_early() {
    let folder = folder("early");
    let path = folder.join("report.json");
    let output = run("exits", &[("PERFKIT_REPORT", path.to_str().unwrap())]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(stderr(&output), "");
    let report = Report::load(&path).unwrap();
    let step = &report.operations[0];
    assert_eq!(
        (step.lifetime.calls.success, step.lifetime.calls.failure),
        (3, 1)
    );
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_process_id_makes_one_file_per_process() {
    let folder = folder("pid");
    let pattern = folder.join("report-{pid}.json");
    for _ in 0..2 {
        run("work", &[("PERFKIT_REPORT", pattern.to_str().unwrap())]);
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_program_that_is_killed_leaves_its_last_periodic_report() {
    let folder = folder("killed");
    let path = folder.join("report.json");
    let variables = [
        ("PERFKIT_REPORT", path.to_str().unwrap()),
        ("PERFKIT_REPORT_EVERY", "20ms"),
    ];
    let mut child = start("is killed", &variables).spawn().unwrap();
    while !Report::load(&path).is_ok_and(|report| {
        let calls = report
            .operations
            .first()
            .map(|step| step.lifetime.calls.total());
        calls == Some(4)
    }) {
        assert!(
            child.try_wait().unwrap().is_none(),
            "the program ended by itself"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        Report::load(&path).unwrap().operations[0]
            .lifetime
            .calls
            .total(),
        4
    );
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_report_that_cannot_be_saved_and_a_setting_that_is_not_known_are_told() {
    let output = run("work", &[("PERFKIT_REPORT", "/missing/folder/report.json")]);
    assert!(output.status.success());
    let text = stderr(&output);
    assert!(
        text.starts_with("perfkit: PERFKIT_REPORT was not saved: /missing/"),
        "{text}"
    );
    let text = stderr(&run("work", &[("PERFKIT", "sumary")]));
    assert!(
        text.contains("PERFKIT is `sumary`, and known are off, on, summary and watch"),
        "{text}"
    );
}

#[test]
fn the_program_sets_limits_and_the_environment_goes_before_it() {
    let folder = folder("limits");
    let path = folder.join("report.json");
    let report = |variables: &[(&str, &str)]| {
        let all = [&[("PERFKIT_REPORT", path.to_str().unwrap())], variables].concat();
        let output = run("configures", &all);
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(
            said.contains("Ok(()) the global monitor is in use already"),
            "{said}"
        );
        (Report::load(&path).unwrap(), stderr(&output))
    };
    let calls = |report: &Report, name: &str| {
        let found = report.operations.iter().find(|found| found.name == name);
        found.map(|found| found.lifetime.calls.total())
    };
    let of_labels = "step{otel.metric.overflow=\"true\"}";
    let (by_code, told) = report(&[]);
    assert_eq!(told, "");
    assert_eq!(calls(&by_code, "overflow"), Some(8));
    assert_eq!(calls(&by_code, of_labels), None);
    assert_eq!(by_code.operations.len(), 3 + 10 + 1);
    let step = by_code.operations.iter().find(|found| found.name == "step");
    assert_eq!(step.unwrap().last_calls.calls.total(), 2);
    let (by_variables, told) = report(&[
        ("PERFKIT_MAX_OPERATIONS", "5"),
        ("PERFKIT_MAX_LABEL_SETS", "4"),
        ("PERFKIT_LAST_CALLS", "3"),
        ("PERFKIT_LAST_PERIOD", "5min"),
        ("PERFKIT_MEMORY_BUDGET", "0B"),
    ]);
    assert_eq!(told, "");
    assert_eq!(calls(&by_variables, "overflow"), Some(6));
    assert_eq!(calls(&by_variables, of_labels), Some(6));
    let step = by_variables
        .operations
        .iter()
        .find(|found| found.name == "step");
    assert_eq!(step.unwrap().last_calls.calls.total(), 3);
    let period = perfkit::Window::LastPeriod(300_000_000_000);
    assert_eq!(step.unwrap().last_period.window, period);
    let notes = by_variables.notes.iter().map(|note| &*note.message);
    let notes = notes.collect::<Vec<_>>().join("\n");
    assert!(
        notes.contains("6 calls of step have lost their labels"),
        "{notes}"
    );
    let (wrong, told) = report(&[("PERFKIT_MAX_OPERATIONS", "many")]);
    assert!(
        told.starts_with("perfkit: PERFKIT_MAX_OPERATIONS is `many`, which is no whole number"),
        "{told}"
    );
    assert_eq!(calls(&wrong, "overflow"), Some(8));
    std::fs::remove_dir_all(folder).unwrap();
}
