//! For programs that have an OpenTelemetry `SdkMeterProvider`: what perfkit recorded goes out
//! with each export of theirs, under the same resource.
//!
//! [`beside`] wraps the exporter that the provider's reader has. The SDK has no way to hand it
//! metrics that it did not measure itself, so perfkit sends a request of its own, on a thread
//! of its own, whenever the provider exports: in its interval, when it is flushed, and the last
//! time when it is shut down. That request has the resource of the provider and the
//! temporality of its exporter. Where it goes is not to be read from an exporter: to the same
//! place by the same variables ([`super::Config::from_environment`]), or to that of a
//! [`super::Config`].

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality as SdkTemporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;

use crate::monitor::Monitor;

use super::config::{Config, Temporality};
use super::environment;
use super::exporter::Otlp;
use super::{StartError, start_with};

/// An exporter of OpenTelemetry's SDK, and beside it perfkit's.
///
/// The provider exports where it has a metric of its own; without any it does not call its
/// exporter, and then nothing of perfkit's goes out either.
#[must_use = "it is for the reader of a provider"]
pub struct Beside<E> {
    exporter: E,
    otlp: Mutex<Option<Otlp>>,
    /// How long the provider is held up at most once its own export is done.
    patience: Duration,
}

/// Sends the global monitor's operations beside what an exporter sends, as the environment
/// says ([`super::start`]).
///
/// ```no_run
/// # fn provider(
/// #     exporter: impl opentelemetry_sdk::metrics::exporter::PushMetricExporter,
/// # ) -> Result<opentelemetry_sdk::metrics::SdkMeterProvider, Box<dyn std::error::Error>> {
/// use opentelemetry_sdk::metrics::SdkMeterProvider;
/// use perfkit::otlp::bridge;
///
/// let provider = SdkMeterProvider::builder()
///     .with_periodic_exporter(bridge::beside(exporter)?)
///     .build();
/// # Ok(provider)
/// # }
/// ```
///
/// # Errors
/// An environment variable is wrong, or the system refuses a thread.
pub fn beside<E: PushMetricExporter>(exporter: E) -> Result<Beside<E>, StartError> {
    let config = Config::from_environment().map_err(StartError::Config)?;
    let beside = beside_with(Monitor::global(), config, exporter)?;
    if let Some(otlp) = beside.otlp().as_mut() {
        otlp.names_unobeyed(environment::unobeyed());
    }
    Ok(beside)
}

/// Sends a monitor's operations beside what an exporter sends. The interval and the
/// temporality of the [`Config`] are not used: they are the provider's.
/// [`Config::shutdown_timeout`] is how long an export of the provider is held up at most by
/// perfkit's, which goes on by itself then.
///
/// # Errors
/// The system refuses a thread.
pub fn beside_with<E: PushMetricExporter>(
    monitor: &Monitor,
    config: Config,
    exporter: E,
) -> Result<Beside<E>, StartError> {
    let patience = config.shutdown_timeout;
    let config = Config {
        // Never by itself.
        interval: Duration::MAX,
        temporality: match exporter.temporality() {
            SdkTemporality::Delta => Temporality::Delta,
            SdkTemporality::LowMemory => Temporality::LowMemory,
            _ => Temporality::Cumulative,
        },
        ..config
    };
    Ok(Beside {
        exporter,
        otlp: Mutex::new(Some(start_with(monitor, config)?)),
        patience,
    })
}

impl<E> Beside<E> {
    fn otlp(&self) -> MutexGuard<'_, Option<Otlp>> {
        self.otlp.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E: PushMetricExporter> PushMetricExporter for Beside<E> {
    /// As the other exporter does. What becomes of perfkit's request is told as always
    /// ([`Config::failure_log`], and in reports), and is no failure of this one.
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let resource = Resource::from(metrics.resource());
        let requested = self.otlp().as_ref().and_then(|o| o.request(Some(resource)));
        let exported = self.exporter.export(metrics).await;
        if let (Some(otlp), Some(requested)) = (self.otlp().as_ref(), requested) {
            otlp.wait_for(requested, self.patience);
        }
        exported
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    /// The provider has exported the last time before it does this.
    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        if let Some(otlp) = self.otlp().take() {
            otlp.end_untold(self.patience.min(timeout));
        }
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> SdkTemporality {
        self.exporter.temporality()
    }
}

impl<E: fmt::Debug> fmt::Debug for Beside<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beside")
            .field("exporter", &self.exporter)
            .finish_non_exhaustive()
    }
}
