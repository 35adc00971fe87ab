//! How functions are aligned in what is built: they begin at multiples of 64 bytes, so that
//! the same code does not run faster or slower for where it came to lie.

use std::ffi::OsString;
use std::process::Command;

use crate::error::Error;

use super::build_target::BuildTarget;
use super::settings::Settings;
use super::tree::Tree;

const FLAG: &str = "-Cllvm-args=-align-all-functions=6";

/// LLVM takes this option once.
const OPTION: &str = "align-all-functions";

/// Where the flag is added, so that no other is lost: cargo takes flags from the first of
/// the places that has any, and joins what a variable has to what files have there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Alignment {
    /// Nowhere: the settings have it already.
    Configured,
    /// To a variable of the environment.
    Variable(String, OsString),
}

impl Alignment {
    /// The one that a tree needs.
    pub(super) fn of(tree: &Tree) -> Result<Self, Error> {
        let variables = [("CARGO_ENCODED_RUSTFLAGS", "\x1f"), ("RUSTFLAGS", " ")];
        for (name, separator) in variables {
            if let Some(flags) = std::env::var_os(name) {
                return Ok(Self::of_variable(name.to_owned(), flags, separator));
            }
        }
        let settings = Settings::of(tree);
        // The compiler is asked only where it matters.
        let target = match has_flags_of_targets(&settings) {
            true => Some(BuildTarget::of(tree, &settings)?),
            false => None,
        };
        let variable = |name: &str| std::env::var_os(name).unwrap_or_default();
        Ok(Self::of_settings(&settings, target.as_ref(), variable))
    }

    fn of_settings(
        settings: &[Settings],
        target: Option<&BuildTarget>,
        variable: impl Fn(&str) -> OsString,
    ) -> Self {
        if let Some(target) = target {
            let name = target.variable("RUSTFLAGS");
            let all = settings.iter().flat_map(Settings::flags_of_targets);
            let own = all.filter(|(key, _)| target.is_meant(key));
            let configured: String = own.map(|(_, flags)| flags + " ").collect();
            let flags = variable(&name);
            if !configured.trim().is_empty() || !flags.is_empty() {
                return Self::joined(name, flags, &configured);
            }
        }
        let name = "CARGO_BUILD_RUSTFLAGS".to_owned();
        let configured: String = settings.iter().map(Settings::flags_of_build).collect();
        let flags = variable(&name);
        Self::joined(name, flags, &configured)
    }

    /// The flags of a variable, to which cargo joins those that are configured.
    fn joined(name: String, flags: OsString, configured: &str) -> Self {
        match configured.contains(OPTION) {
            true => Self::Configured,
            false => Self::of_variable(name, flags, " "),
        }
    }

    fn of_variable(name: String, mut flags: OsString, separator: &str) -> Self {
        if flags.to_string_lossy().contains(OPTION) {
            return Self::Configured;
        }
        if !flags.is_empty() {
            flags.push(separator);
        }
        flags.push(FLAG);
        Self::Variable(name, flags)
    }

    /// Lets cargo build so.
    pub(super) fn tell(&self, cargo: &mut Command) {
        match self {
            Self::Configured => {}
            Self::Variable(name, flags) => drop(cargo.env(name, flags)),
        }
    }
}

/// Whether any target has flags of its own, be it the one that is built for or not.
fn has_flags_of_targets(settings: &[Settings]) -> bool {
    let is_set = |(name, _): (OsString, OsString)| {
        let name = name.as_encoded_bytes();
        name.starts_with(b"CARGO_TARGET_") && name.ends_with(b"_RUSTFLAGS")
    };
    let mut all = settings.iter().flat_map(Settings::flags_of_targets);
    all.next().is_some() || std::env::vars_os().any(is_set)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NATIVE: &str = "-Ctarget-cpu=native";

    fn of(files: &[&str], variables: &[(&str, &str)]) -> Alignment {
        let conditions = ["unix", "target_os=\"linux\""].map(|text| text.parse().unwrap());
        let target = BuildTarget {
            name: "x86_64-unknown-linux-gnu".to_owned(),
            conditions: conditions.to_vec(),
        };
        let settings: Vec<Settings> = files.iter().map(|text| Settings::parse(text)).collect();
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, flags)| (*flags).into()).unwrap_or_default()
        };
        Alignment::of_settings(&settings, Some(&target), variable)
    }

    fn variable(name: &str, flags: String) -> Alignment {
        Alignment::Variable(name.to_owned(), flags.into())
    }

    #[test]
    fn flags_go_where_cargo_takes_them_from() {
        const OF_TARGET: &str = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS";
        let build = "[build]\nrustflags = [\"-Ctarget-cpu=native\"]";
        let text = "[build]\nrustflags = \"-Ctarget-cpu=native\"";
        let of = |files: &[&str]| of(files, &[]);
        let of_build = variable("CARGO_BUILD_RUSTFLAGS", FLAG.to_owned());
        let of_target = variable(OF_TARGET, FLAG.to_owned());
        let target = |key: &str| format!("[target.'{key}']\nrustflags = \"{NATIVE}\"");
        assert_eq!(of(&[]), of_build);
        for other in [
            "no-such-machine",
            "cfg(windows)",
            "cfg(not(unix))",
            "x86_64-unknown-linux-musl",
            "cfg(nonsense(",
        ] {
            assert_eq!(of(&[build, &target(other)]), of_build, "{other}");
            assert_eq!(of(&[text, &target(other)]), of_build, "{other}");
        }
        let aligned = |text: &str| text.replace(NATIVE, FLAG);
        for own in [
            "x86_64-unknown-linux-gnu",
            "cfg(unix)",
            "cfg(all(unix, not(target_os = \"macos\")))",
        ] {
            assert_eq!(of(&[build, &target(own)]), of_target, "{own}");
            // Flags of the target hide those of the build.
            assert_eq!(of(&[&aligned(build), &target(own)]), of_target, "{own}");
            let own = aligned(&target(own));
            assert_eq!(of(&[build, &own]), Alignment::Configured, "{own}");
        }
        let empty = "[target.'cfg(unix)']\nrustflags = []";
        assert_eq!(of(&[build, empty]), of_build);
        assert_eq!(of(&[&aligned(build), empty]), Alignment::Configured);
    }

    #[test]
    fn flags_of_the_environment_are_kept() {
        for name in [
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS",
            "CARGO_BUILD_RUSTFLAGS",
        ] {
            let with = |flags: String| variable(name, flags);
            let build = "[build]\nrustflags = [\"--cfg\", \"y\"]";
            assert_eq!(
                of(&[build], &[(name, "--cfg x")]),
                with(format!("--cfg x {FLAG}"))
            );
            let aligned = "-C llvm-args=-align-all-functions=5";
            assert_eq!(of(&[build], &[(name, aligned)]), Alignment::Configured);
        }
        let name = "RUSTFLAGS".to_owned();
        let with = variable(&name, FLAG.to_owned());
        assert_eq!(Alignment::of_variable(name, OsString::new(), " "), with);
    }
}
