//! metrics 0.24 with the recorder of metrics-exporter-prometheus 0.18.
//!
//! Every value is kept until the next upkeep, which moves them to a summary.
//! Whoever installs the recorder alone has to call it "at a regular interval".

use std::error::Error;
use std::sync::{LazyLock, OnceLock};
use std::time::Instant;

use ::metrics::{Histogram, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::work::body;

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

pub(super) fn install() -> Result<(), Box<dyn Error>> {
    let handle = PrometheusBuilder::new().install_recorder()?;
    RECORDER.get_or_init(|| handle);
    Ok(())
}

pub(super) fn upkeep() {
    if let Some(recorder) = RECORDER.get() {
        recorder.run_upkeep();
    }
}

#[inline(never)]
pub(super) fn kept<const WORK: bool>(input: u64) -> u64 {
    static KEPT: LazyLock<Histogram> = LazyLock::new(|| histogram!("kept"));
    let start = Instant::now();
    let output = body::<WORK>(input);
    KEPT.record(start.elapsed());
    output
}

#[inline(never)]
pub(super) fn by_macro<const WORK: bool>(input: u64) -> u64 {
    let start = Instant::now();
    let output = body::<WORK>(input);
    histogram!("by_macro").record(start.elapsed());
    output
}

pub(super) fn counted_kept() -> u64 {
    counted("kept_count ")
}

pub(super) fn counted_by_macro() -> u64 {
    counted("by_macro_count ")
}

fn counted(line: &str) -> u64 {
    let text = RECORDER.get().map(PrometheusHandle::render);
    super::number_after(&text.unwrap_or_default(), line)
}
