//! The commands that are compared: one program, told how many steps to do.

use std::process::{Command, Stdio};
use std::time::Instant;

/// Where the program is.
const HELPER: &str = env!("CARGO_BIN_EXE_helper");

/// Two commands.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) name: String,
    /// The steps of the baseline and those of the candidate.
    pub(crate) steps: [u64; 2],
}

impl Pair {
    /// The command lines.
    pub(crate) fn commands(&self) -> [String; 2] {
        self.steps.map(|steps| format!("{HELPER} {steps}"))
    }
}

/// What a command costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Costs {
    /// Milliseconds to start and end a process.
    pub(crate) start_ms: f64,
    /// Milliseconds of a step.
    pub(crate) step_ms: f64,
}

impl Costs {
    /// Measures both, by turns.
    pub(crate) fn measure() -> Result<Self, String> {
        const MANY: u64 = 20_000_000;
        let (mut empty, mut long) = (Vec::new(), Vec::new());
        for _ in 0..25 {
            empty.push(time_ms(0)?);
            long.push(time_ms(MANY)?);
        }
        let quantile = |mut times: Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 4]
        };
        let start_ms = quantile(empty);
        let step_ms = (quantile(long) - start_ms) / MANY as f64;
        Ok(Self { start_ms, step_ms })
    }

    /// A pair whose baseline takes so many milliseconds, start included, and
    /// whose candidate takes longer by a share of that.
    pub(crate) fn pair(&self, ms: f64, slowdown: f64) -> Pair {
        let steps = |ms: f64| ((ms - self.start_ms).max(0.0) / self.step_ms).round() as u64;
        Pair {
            name: format!("{ms} ms"),
            steps: [steps(ms), steps(ms * (1.0 + slowdown))],
        }
    }
}

fn time_ms(steps: u64) -> Result<f64, String> {
    let mut command = Command::new(HELPER);
    command.arg(steps.to_string()).stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status().map_err(|error| error.to_string())?;
    if !status.success() {
        return Err(format!("{HELPER}: {status}"));
    }
    Ok(start.elapsed().as_secs_f64() * 1e3)
}
