//! A program that exports as its environment says: this test program, started anew.

use std::process::{Command, Output};

use perfkit::otlp;

use crate::collector::PATIENCE;

/// What the program does.
#[test]
#[ignore = "other tests start it in a process of its own"]
fn program() {
    let otlp = match otlp::start() {
        Ok(otlp) => otlp,
        Err(error) => {
            println!("error: {error}");
            return;
        }
    };
    for number in 0..10 {
        let call = || if number == 3 { Err("no") } else { Ok(()) };
        let _ = perfkit::try_measure("work", call);
    }
    println!("unobeyed: {:?}", otlp.unobeyed());
    println!("arrived: {}", otlp.flush(PATIENCE));
    println!("exports: {}", otlp.stats().exports);
    drop(otlp);
}

/// Runs it with variables that are set.
pub(crate) fn run(variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["program::program", "--exact", "--ignored", "--nocapture"]);
    for (name, _) in std::env::vars() {
        if name.starts_with("OTEL_") || name.starts_with("PERFKIT") {
            command.env_remove(name);
        }
    }
    command.envs(variables.iter().copied());
    command.output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
