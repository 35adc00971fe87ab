//! How functions are aligned in what is built: they begin at multiples of 64 bytes, so that
//! the same code does not run faster or slower for where it came to lie.

use std::env::consts::{ARCH, OS};
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use toml::{Table, Value};

use super::tree::Tree;

const FLAG: &str = "-Cllvm-args=-align-all-functions=6";

/// LLVM takes this option once.
const OPTION: &str = "align-all-functions";

/// Larger files of settings are not looked into.
const LARGEST_SETTINGS_BYTES: u64 = 1 << 20;

/// Where the flag is added, so that no other is lost: cargo takes flags from the first of
/// these places that has any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Alignment {
    /// Nowhere: the settings have it already.
    Configured,
    /// To a variable of the environment.
    Variable(&'static str, OsString),
    /// To a setting.
    Setting(&'static str),
}

impl Alignment {
    /// The one that a tree needs.
    pub(super) fn of(tree: &Tree) -> Self {
        let variables = [("CARGO_ENCODED_RUSTFLAGS", "\x1f"), ("RUSTFLAGS", " ")];
        for (name, separator) in variables {
            if let Some(flags) = std::env::var_os(name) {
                return Self::of_variable(name, flags, separator);
            }
        }
        let texts = tree.settings().into_iter().filter_map(|path| read(&path));
        Self::of_settings(texts.filter_map(|text| text.parse().ok()))
    }

    fn of_variable(name: &'static str, mut flags: OsString, separator: &str) -> Self {
        if flags.to_string_lossy().contains(OPTION) {
            return Self::Configured;
        }
        if !flags.is_empty() {
            flags.push(separator);
        }
        flags.push(FLAG);
        Self::Variable(name, flags)
    }

    fn of_settings(files: impl Iterator<Item = Table>) -> Self {
        let (mut of_target, mut of_build) = (String::new(), String::new());
        for file in files {
            let targets = file.get("target").and_then(Value::as_table);
            for (name, target) in targets.into_iter().flatten() {
                if is_of_this_machine(name) {
                    add_flags(&mut of_target, target);
                }
            }
            file.get("build")
                .into_iter()
                .for_each(|build| add_flags(&mut of_build, build));
        }
        match (of_target.is_empty(), of_build.contains(OPTION)) {
            (true, true) => Self::Configured,
            (true, false) => Self::Setting("build.rustflags"),
            (false, _) if of_target.contains(OPTION) => Self::Configured,
            (false, _) => Self::Setting("target.\"cfg(all())\".rustflags"),
        }
    }

    /// Lets cargo build so.
    pub(super) fn tell(&self, cargo: &mut Command) {
        match self {
            Self::Configured => {}
            Self::Variable(name, flags) => drop(cargo.env(name, flags)),
            Self::Setting(key) => drop(cargo.arg("--config").arg(format!("{key}=[\"{FLAG}\"]"))),
        }
    }
}

/// Whether settings of a target may be those of this machine: a condition is taken to hold.
fn is_of_this_machine(target: &str) -> bool {
    target.starts_with("cfg(") || (target.starts_with(ARCH) && target.contains(OS))
}

/// Adds the flags of a table, which are a list or a text.
fn add_flags(flags: &mut String, table: &Value) {
    match table.get("rustflags") {
        Some(Value::String(text)) => flags.push_str(text),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).for_each(|flag| {
            flags.push_str(flag);
            flags.push(' ');
        }),
        _ => {}
    }
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = File::open(path).ok()?.take(LARGEST_SETTINGS_BYTES);
    { file }.read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[&str]) -> Alignment {
        Alignment::of_settings(files.iter().map(|text| text.parse().unwrap()))
    }

    #[test]
    fn flags_of_settings_stay_where_they_are() {
        let build = "[build]\nrustflags = [\"-Ctarget-cpu=native\"]";
        let target = "[target.'cfg(unix)']\nrustflags = \"-Ctarget-cpu=native\"";
        let other = "[target.no-such-machine]\nrustflags = \"-Ctarget-cpu=native\"";
        let of_build = Alignment::Setting("build.rustflags");
        let of_target = Alignment::Setting("target.\"cfg(all())\".rustflags");
        assert_eq!(of(&[]), of_build);
        assert_eq!(of(&[build, other]), of_build);
        assert_eq!(of(&[build, target]), of_target);
        let aligned = |text: &str| text.replace("-Ctarget-cpu=native", FLAG);
        assert_eq!(of(&[&aligned(build), other]), Alignment::Configured);
        assert_eq!(of(&[build, &aligned(target)]), Alignment::Configured);
        // Flags of the target hide those of the build.
        assert_eq!(of(&[&aligned(build), target]), of_target);
    }

    #[test]
    fn flags_of_the_environment_are_kept() {
        let of = |flags: &str| Alignment::of_variable("RUSTFLAGS", flags.into(), " ");
        let with = |flags: String| Alignment::Variable("RUSTFLAGS", flags.into());
        assert_eq!(of(""), with(FLAG.to_owned()));
        assert_eq!(of("--cfg x"), with(format!("--cfg x {FLAG}")));
        assert_eq!(
            of("-C llvm-args=-align-all-functions=5"),
            Alignment::Configured
        );
    }
}
