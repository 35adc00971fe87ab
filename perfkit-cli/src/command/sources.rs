//! What `-v` says of where everything came from: settings, configuration, reports and
//! environment variables.

use std::path::{Path, PathBuf};

use crate::args::environment::unknown_variables;
use crate::args::{Format, Origin, Setting, Variable, Verbosity};
use crate::error::shown;
use crate::plan::SavedBaseline;
use crate::terminal;

/// Where what a verb does came from.
pub(super) struct Sources {
    lines: Vec<String>,
    /// The variables that have an effect.
    variables: Vec<Variable>,
}

impl Sources {
    /// Of a verb that prints in a format.
    pub(super) fn new(format: &Setting<Format>) -> Self {
        let mut sources = Self::without_format();
        let name = format.value.name();
        sources.setting(&format.clone().map(|_| format!("format: {name}")));
        sources
    }

    pub(super) fn without_format() -> Self {
        Self {
            lines: Vec::new(),
            // Colours have an effect on whatever is printed.
            variables: vec![Variable::COLOR],
        }
    }

    /// Adds a setting, in words.
    pub(super) fn setting(&mut self, setting: &Setting<String>) {
        self.lines
            .push(format!("{} ({})", setting.value, setting.origin));
        if let Origin::Environment(variable) = setting.origin {
            self.variables.push(variable);
        }
    }

    /// Adds the configuration, or that there is none.
    pub(super) fn configuration(&mut self, path: Option<&Setting<PathBuf>>) {
        match path {
            None => self.lines.push("configuration: none".to_owned()),
            Some(path) => {
                let path = path.clone();
                let named = path.map(|path| format!("configuration: {}", shown(&path)));
                self.setting(&named);
            }
        }
    }

    /// Adds a report, by what it is for.
    pub(super) fn report(&mut self, role: &str, path: &Path) {
        self.lines.push(format!("{role}: {}", shown(path)));
    }

    /// Adds what reports are compared with.
    pub(super) fn baseline(&mut self, baseline: &SavedBaseline) {
        match baseline {
            SavedBaseline::Files(files) => {
                files.iter().for_each(|path| self.report("baseline", path));
            }
            SavedBaseline::Named(name, store) => {
                let folder = store.folder.clone();
                let named = folder.map(|folder| format!("baseline: {name} in {}", shown(&folder)));
                self.setting(&named);
            }
        }
    }

    /// Says all that, and which variables have no effect.
    pub(super) fn tell(&self, verbosity: Verbosity) {
        if verbosity < Verbosity::Verbose {
            return;
        }
        self.lines
            .iter()
            .for_each(|line| terminal::print_line(line));
        for variable in Variable::all_set() {
            if !self.variables.contains(&variable) {
                let name = variable.name();
                terminal::print_line(&format!("{name} is set, and has no effect here"));
            }
        }
        for unknown in unknown_variables() {
            let name = crate::text::printable(&unknown.name);
            let meant = unknown
                .similar
                .map(|name| format!("; did you mean {name}?"));
            let meant = meant.unwrap_or_default();
            terminal::print_line(&format!("{name} is no variable of perfkit{meant}"));
        }
    }
}
