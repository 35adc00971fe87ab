//! `perfkit export`: a saved report, sent somewhere.

use perfkit::otlp;
use perfkit::unit::Unit;

use crate::args::{ExportArguments, Target};
use crate::error::Error;
use crate::exit::Exit;
use crate::input::load_report;
use crate::terminal;

pub(crate) fn run(arguments: ExportArguments) -> Result<Exit, Error> {
    let report = load_report(&arguments.report)?;
    match arguments.to {
        Target::Otlp => {
            let config = otlp::Config::from_environment()
                .map_err(|error| Error::usage(error.to_string()))?;
            if !config.is_enabled {
                return Err(Error::usage("OTEL_SDK_DISABLED switches the export off"));
            }
            let sent = otlp::send_report(&report, &config)
                .map_err(|error| Error::data(format!("the report was not exported: {error}")))?;
            terminal::print_result(&format!(
                "{} data points were accepted by {}\n",
                Unit::Count.format(sent.data_points as f64, 3),
                terminal::printable(&config.endpoint)
            ))?;
        }
    }
    Ok(Exit::Done)
}
