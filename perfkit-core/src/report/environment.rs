//! Where a report was made.

use std::env::consts;
use std::fs::File;
use std::io::Read;

use serde::{Deserialize, Serialize};

use crate::probe_overhead::ProbeOverhead;

use super::git::Git;

/// The machine, the build and the revision that numbers came from.
///
/// Nothing in it names a person or a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// The operating system: `linux`, `macos`, …
    pub os: String,
    /// The version of the operating system or its kernel.
    #[serde(default)]
    pub os_version: Option<String>,
    /// The processor architecture: `x86_64`, `aarch64`, …
    pub architecture: String,
    /// The processor's model.
    #[serde(default)]
    pub cpu: Option<String>,
    /// How many processors the process may use.
    #[serde(default)]
    pub cores: Option<usize>,
    /// How many processes ran or waited for a processor, on average over the minute before
    /// the report was made; absent where the system does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<f64>,
    /// The version of perfkit that made the report.
    pub perfkit: String,
    /// The version of the Rust compiler that built it.
    #[serde(default)]
    pub rust: Option<String>,
    /// The optimisation level of the build: `0` to `3`, `s` or `z`.
    #[serde(default)]
    pub opt_level: Option<String>,
    /// The clock that times were read from.
    pub clock: ClockInfo,
    /// The revision of the working directory; absent outside a git checkout.
    #[serde(default)]
    pub git: Option<Git>,
}

/// The clock that times were read from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockInfo {
    /// Its name; see [`crate::Clock::name`].
    pub name: String,
    /// What a measured call costs; absent where no calls were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<ProbeOverhead>,
}

impl Environment {
    /// Looks at the machine, this build and the working directory, in a few
    /// hundred microseconds. Starts no process.
    #[must_use]
    pub fn detect(clock: &str) -> Self {
        let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            os: consts::OS.to_owned(),
            os_version: os_version(),
            architecture: consts::ARCH.to_owned(),
            cpu: cpu_model(),
            cores: std::thread::available_parallelism().ok().map(Into::into),
            load: load(),
            perfkit: env!("CARGO_PKG_VERSION").to_owned(),
            rust: known(env!("PERFKIT_RUSTC_VERSION")),
            opt_level: known(env!("PERFKIT_OPT_LEVEL")),
            clock: ClockInfo {
                name: clock.to_owned(),
                probe: None,
            },
            git: Git::of_working_directory(),
        }
    }

    /// Of a report that another program made, which tells nothing of the machine.
    #[must_use]
    pub fn unknown() -> Self {
        let unknown = || "unknown".to_owned();
        Self {
            os: unknown(),
            os_version: None,
            architecture: unknown(),
            cpu: None,
            cores: None,
            load: None,
            perfkit: env!("CARGO_PKG_VERSION").to_owned(),
            rust: None,
            opt_level: None,
            clock: ClockInfo {
                name: unknown(),
                probe: None,
            },
            git: None,
        }
    }

    /// Whether this is another machine, as far as both are known: another processor or
    /// number of processors, another architecture or operating system.
    #[must_use]
    pub fn is_other_machine(&self, other: &Self) -> bool {
        let differ = |mine: &str, theirs: &str| {
            let is_known = |text: &str| !text.is_empty() && text != "unknown";
            is_known(mine) && is_known(theirs) && mine != theirs
        };
        let (cpu, other_cpu) = (self.cpu.as_deref(), other.cpu.as_deref());
        let cores = self.cores.zip(other.cores);
        differ(&self.os, &other.os)
            || differ(&self.architecture, &other.architecture)
            || differ(cpu.unwrap_or_default(), other_cpu.unwrap_or_default())
            || cores.is_some_and(|(mine, theirs)| mine != theirs)
    }

    /// Whether the build was optimised, as far as is known.
    #[must_use]
    pub fn is_optimized(&self) -> bool {
        self.opt_level.as_deref() != Some("0")
    }
}

#[cfg(feature = "process")]
fn os_version() -> Option<String> {
    sysinfo::System::long_os_version().ok()
}

#[cfg(not(feature = "process"))]
fn os_version() -> Option<String> {
    let release = read_start("/proc/sys/kernel/osrelease")?;
    Some(release.trim().to_owned())
}

/// The first of the system's averages, on Linux.
fn load() -> Option<f64> {
    let text = read_start("/proc/loadavg")?;
    let load: f64 = text.split_whitespace().next()?.parse().ok()?;
    (load.is_finite() && load >= 0.0).then_some(load)
}

/// The processor's model: from the kernel on Linux, through sysinfo elsewhere.
fn cpu_model() -> Option<String> {
    let text = read_start("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .and_then(|rest| rest.split_once(':'))
        .map(|(_, model)| model.trim().to_owned());
    model.or_else(cpu_model_by_sysinfo)
}

#[cfg(feature = "process")]
fn cpu_model_by_sysinfo() -> Option<String> {
    use sysinfo::{CpuRefreshKind, System};
    let mut system = System::new().ok()?;
    system.refresh_cpu_list(CpuRefreshKind::nothing());
    let brand = system.cpus().first()?.brand().trim().to_owned();
    (!brand.is_empty()).then_some(brand)
}

#[cfg(not(feature = "process"))]
fn cpu_model_by_sysinfo() -> Option<String> {
    None
}

/// The first 4 KiB of a file, as text.
fn read_start(path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path)
        .ok()?
        .take(4096)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
