//! What makes machines comparable.

use perfkit::report::Environment;
use serde::{Deserialize, Serialize};

use super::hash::sha_256;

/// A machine, as far as it makes a difference to times: what [`Environment::is_other_machine`]
/// looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// Twelve hexadecimal digits, the same for all machines of one kind; or what the user
    /// called it.
    pub(crate) key: String,
    /// The same for people.
    pub(crate) name: String,
}

impl Machine {
    pub(crate) fn of(environment: &Environment) -> Self {
        let cpu = environment.cpu.as_deref().unwrap_or("unknown processor");
        let cores = environment.cores.map_or(0, |cores| cores);
        let (os, architecture) = (&environment.os, &environment.architecture);
        let told = format!("{cpu}\n{cores}\n{os}\n{architecture}");
        let cores = match cores {
            0 => String::new(),
            1 => ", 1 core".to_owned(),
            cores => format!(", {cores} cores"),
        };
        Self {
            key: sha_256(told.as_bytes())[..12].to_owned(),
            name: format!("{cpu}{cores}, {os} {architecture}"),
        }
    }

    /// One that the user tells from others by its name.
    pub(crate) fn named(name: &str) -> Self {
        Self {
            key: name.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// Whether a report says where it was made: those of other tools do not.
pub(crate) fn is_known(environment: &Environment) -> bool {
    environment.os != "unknown"
}
