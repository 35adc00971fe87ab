//! What lies around a repository and counts for all that is built in it: the toolchain that
//! rustup chooses there, and settings of cargo in the folders above.
//!
//! Another revision is built elsewhere, and so is told of them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What counts for builds in a repository without being part of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    /// The name of the toolchain; `None` where the repository itself names one, or where no
    /// rustup chooses.
    toolchain: Option<String>,
    /// Files of settings, the nearest last.
    pub(super) settings: Vec<PathBuf>,
}

impl Surroundings {
    /// Those of a folder in the repository at `top`, for what is built in `elsewhere`.
    pub(super) fn of(folder: &Path, top: &Path, elsewhere: &Path) -> Self {
        let home = cargo_home();
        // Cargo finds these there too.
        let is_read_anyway =
            |above: &&Path| elsewhere.starts_with(above) || Some(above.join(".cargo")) == home;
        let above: Vec<&Path> = top.ancestors().skip(1).collect();
        let above = above
            .into_iter()
            .rev()
            .filter(|above| !is_read_anyway(above));
        let settings = above.filter_map(|above| settings_in(above.join(".cargo")));
        Self {
            toolchain: chosen_toolchain(folder, top),
            settings: settings.collect(),
        }
    }

    /// Lets cargo build as it would there.
    pub(super) fn tell(&self, cargo: &mut Command) {
        for settings in &self.settings {
            cargo.arg("--config").arg(settings);
        }
        self.choose_toolchain(cargo);
    }

    /// Lets a program of the toolchain be the one that would be called there.
    pub(super) fn choose_toolchain(&self, program: &mut Command) {
        if let Some(toolchain) = &self.toolchain {
            program.env("RUSTUP_TOOLCHAIN", toolchain);
        }
    }
}

/// The folder whose settings cargo reads wherever it is called.
pub(super) fn cargo_home() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"));
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(home)
}

/// The file of settings in a folder of cargo's; of two it reads the older form.
pub(super) fn settings_in(folder: PathBuf) -> Option<PathBuf> {
    let mut files = ["config", "config.toml"]
        .into_iter()
        .map(|name| folder.join(name));
    files.find(|path| path.is_file())
}

/// The toolchain that rustup chooses in a folder, unless a file of the repository does.
fn chosen_toolchain(folder: &Path, top: &Path) -> Option<String> {
    let mut within = folder
        .ancestors()
        .take_while(|folder| folder.starts_with(top));
    let names = ["rust-toolchain.toml", "rust-toolchain"];
    let is_named = within.any(|folder| names.iter().any(|name| folder.join(name).is_file()));
    if is_named || std::env::var_os("RUSTUP_TOOLCHAIN").is_some() {
        return None;
    }
    let output = Command::new("rustup")
        .args(["show", "active-toolchain"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    let name = said.split_whitespace().next()?;
    output.status.success().then(|| name.to_owned())
}
