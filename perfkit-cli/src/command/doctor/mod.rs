//! `perfkit doctor`: what makes this machine noisy, and what a program records.

mod contained;
mod program;

use std::time::Duration;

use serde::Serialize;

use crate::args::{DoctorArguments, Format, Verbosity};
use crate::document::{Document, machine};
use crate::error::Error;
use crate::exit::Exit;
use crate::export::{render_document, write_json};
use crate::interrupt::Signals;
use crate::machine::{Check, OwnClock, Probes, Root, examine};

use super::run::stdout_beside;
use super::sources::Sources;
use super::{check_writable, deliver_text};

use program::Program;

/// The form of the result as JSON.
const SCHEMA: &str = "perfkit-doctor/1";

/// How long the machine is watched, for what its host takes meanwhile.
const WATCHED: Duration = Duration::from_millis(500);

/// What was found.
#[derive(Serialize)]
struct Diagnosis<'a> {
    schema: &'static str,
    /// The version of perfkit.
    perfkit: &'static str,
    clock: &'a OwnClock,
    checks: &'a [Check],
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<&'a Program>,
}

pub(crate) fn run(arguments: DoctorArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    let output = arguments.output.as_deref();
    output.map_or(Ok(()), check_writable)?;
    let format = Format::chosen(arguments.format)?;
    let known = [Format::Human, Format::Markdown, Format::Json];
    if !known.contains(&format.value) {
        let name = format.value.name();
        return Err(Error::usage(format!("perfkit doctor has no format {name}"))
            .hint("its formats are human, markdown and json"));
    }
    Sources::new(&format).tell(verbosity);
    // Before the program, which would be load.
    let probes = Probes::run();
    let checks = examine(&Root::own(), &probes, || std::thread::sleep(WATCHED));
    let stdout = stdout_beside(format.value, output);
    let program = match arguments.command.as_slice() {
        [] => None,
        command => Some(Program::run(command, stdout, &Signals::listen()?)?),
    };
    let render = |width| match format.value {
        Format::Json => write_json(&Diagnosis {
            schema: SCHEMA,
            perfkit: env!("CARGO_PKG_VERSION"),
            clock: &probes.clock,
            checks: &checks,
            program: program.as_ref(),
        }),
        format => {
            let mut document = Document::default();
            if let Some(program) = &program {
                program.describe(&mut document);
            }
            machine(&checks, verbosity.into(), &mut document);
            Ok(render_document(&document, format, width))
        }
    };
    deliver_text(render, format.value, output)?;
    Ok(Exit::Done)
}
