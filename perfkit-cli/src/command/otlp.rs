//! A report sent to an OpenTelemetry collector, in the feature `otlp`.

use perfkit::Report;

use crate::error::Error;

#[cfg(feature = "otlp")]
pub(super) fn send(report: &Report) -> Result<(), Error> {
    use crate::terminal;
    use crate::text::printable;
    use perfkit::otlp;
    use perfkit::unit::Unit;

    let config =
        otlp::Config::from_environment().map_err(|error| Error::usage(error.to_string()))?;
    if !config.is_enabled {
        return Err(Error::usage(
            "OTEL_SDK_DISABLED or OTEL_METRICS_EXPORTER switches the export off",
        ));
    }
    let sent = otlp::send_report(report, &config)
        .map_err(|error| Error::data(format!("the report was not exported: {error}")))?;
    terminal::print_result(&format!(
        "{} data points were accepted by {}\n",
        Unit::Count.format(sent.data_points as f64, 3),
        printable(&config.endpoint)
    ))
}

#[cfg(not(feature = "otlp"))]
pub(super) fn send(_report: &Report) -> Result<(), Error> {
    Err(
        Error::usage("this perfkit was built without its feature otlp, which sends reports")
            .hint(format!("build it in with: {}", crate::args::FULL_INSTALL)),
    )
}
