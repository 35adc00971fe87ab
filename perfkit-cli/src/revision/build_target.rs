//! What a tree is built for.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};

use cargo_platform::{Cfg, CfgExpr};
use toml::Value;

use crate::error::Error;
use crate::text::printable;

use super::settings::Settings;
use super::tree::Tree;

/// The name of a target, and what is true of it.
pub(super) struct BuildTarget {
    pub(super) name: String,
    pub(super) conditions: Vec<Cfg>,
}

impl BuildTarget {
    /// The one that cargo builds a tree for, as the compiler knows it that cargo calls.
    pub(super) fn of(tree: &Tree, settings: &[Settings]) -> Result<Self, Error> {
        let compiler = compiler(settings);
        let ask = |arguments: &[&OsStr]| {
            let mut command = Command::new(&compiler);
            command
                .args(arguments)
                .current_dir(&tree.directory)
                .stdin(Stdio::null());
            tree.surroundings.choose_toolchain(&mut command);
            answer(command).map_err(|why| {
                let compiler = printable(&compiler.to_string_lossy());
                tree.cannot_be_built(&format!(
                    "{compiler} does not say what it builds for: {why}"
                ))
            })
        };
        let named = named(tree, settings)?;
        let mut arguments: Vec<&OsStr> = vec!["--print".as_ref(), "cfg".as_ref()];
        if let Some(named) = &named {
            arguments.extend(["--target".as_ref(), named.as_os_str()]);
        }
        let conditions = ask(&arguments)?;
        let conditions = conditions.lines().filter_map(|line| line.parse().ok());
        let conditions = conditions.collect();
        let name = match named {
            // A file that describes it has its name.
            Some(named) => Path::new(&named).file_stem().unwrap_or(&named).to_owned(),
            None => {
                let version = ask(&["-vV".as_ref()])?;
                let host = version.lines().find_map(|line| line.strip_prefix("host: "));
                host.unwrap_or_default().into()
            }
        };
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            conditions,
        })
    }

    /// Whether settings under a name or a condition are of this target.
    pub(super) fn is_meant(&self, key: &str) -> bool {
        key == self.name || CfgExpr::matches_key(key, &self.conditions)
    }

    /// The variable that sets something of it.
    pub(super) fn variable(&self, setting: &str) -> String {
        let name = self.name.replace(['-', '.'], "_").to_ascii_uppercase();
        format!("CARGO_TARGET_{name}_{setting}")
    }
}

/// The target that is configured; `None` for the machine itself.
fn named(tree: &Tree, settings: &[Settings]) -> Result<Option<OsString>, Error> {
    let mut names = names(settings, std::env::var_os("CARGO_BUILD_TARGET"));
    names.retain(|name| name != "host-tuple" && !name.is_empty());
    let mut named = names.into_iter();
    match (named.next(), named.next()) {
        (named, None) => Ok(named),
        _ => Err(tree.cannot_be_built(
            "build.target is a list of several targets, to which CARGO_BUILD_TARGET adds; name one target in build.target, without a list",
        )),
    }
}

/// The targets that settings and the variable name. Cargo unites lists, to which it adds
/// what the variable has; of texts, that of the variable or else the nearest is all that
/// counts. It refuses a text beside a list.
fn names(settings: &[Settings], variable: Option<OsString>) -> BTreeSet<OsString> {
    let name = |settings: &Settings, text: &str| match text.ends_with(".json") {
        true => settings.absolute(text).into_os_string(),
        false => text.into(),
    };
    let mut names = BTreeSet::new();
    let mut is_list = false;
    for settings in settings {
        match settings.of_build("target") {
            Some(Value::String(text)) if !is_list => {
                return BTreeSet::from([variable.unwrap_or_else(|| name(settings, text))]);
            }
            Some(Value::Array(list)) => {
                let texts = list.iter().filter_map(Value::as_str);
                names.extend(texts.map(|text| name(settings, text)));
                is_list = true;
            }
            _ => {}
        }
    }
    match variable {
        Some(added) if is_list => {
            let added = added.to_string_lossy().into_owned();
            names.extend(added.split_whitespace().map(OsString::from));
        }
        only => names.extend(only),
    }
    names
}

/// The compiler that cargo calls.
fn compiler(settings: &[Settings]) -> OsString {
    let variables = ["RUSTC", "CARGO_BUILD_RUSTC"].into_iter();
    let mut variables = variables.filter_map(std::env::var_os);
    let configured = || {
        settings.iter().find_map(|settings| {
            let path = settings.of_build("rustc")?.as_str()?;
            Some(match path.contains('/') {
                true => settings.absolute(path).into_os_string(),
                false => path.into(),
            })
        })
    };
    let compiler = variables.find(|name| !name.is_empty()).or_else(configured);
    compiler.unwrap_or_else(|| "rustc".into())
}

fn answer(mut command: Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(printable(String::from_utf8_lossy(&output.stderr).trim())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The targets that files name, the nearest first, and the variable.
    fn of(files: &[&str], variable: Option<&str>) -> Vec<OsString> {
        let file = |value: &&str| Settings::parse(&format!("[build]\ntarget = {value}"));
        let settings: Vec<Settings> = files.iter().map(file).collect();
        Vec::from_iter(names(&settings, variable.map(OsString::from)))
    }

    #[test]
    fn lists_are_united_and_of_texts_the_nearest_counts() {
        assert_eq!(of(&["'a'", "'b'"], None), ["a"]);
        assert_eq!(of(&["['a']", "['b', 'a']"], None), ["a", "b"]);
        assert!(of(&[], None).is_empty());
    }

    #[test]
    fn the_variable_replaces_a_text_and_is_added_to_a_list() {
        assert_eq!(of(&["'a'", "'b'"], Some("c")), ["c"]);
        assert_eq!(of(&["['a']"], Some("b a")), ["a", "b"]);
        assert_eq!(of(&["['a']"], Some("")), ["a"]);
        assert_eq!(of(&["[]"], Some("c")), ["c"]);
        assert_eq!(of(&[], Some("c")), ["c"]);
    }
}
