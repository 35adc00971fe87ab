//! From a path to a report: our own, or another tool's results.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use perfkit::Report;
use perfkit::report::ReportError;

use crate::error::{Error, shown};

use super::import::{self, LARGEST_BYTES};

/// How much of a file is read to tell what it is.
const START_BYTES: u64 = 256 << 10;

/// Reads a report, the results of another tool, or criterion's folder; of the
/// latter `FOLDER@NAME` is a baseline.
pub(crate) fn load_report(path: &Path) -> Result<Report, Error> {
    if path.is_dir() {
        return import::read_folder(path, None);
    }
    if let Some((folder, baseline)) = folder_with_baseline(path) {
        return import::read_folder(&folder, Some(&baseline));
    }
    let bytes = read(path, LARGEST_BYTES + 1)?;
    if bytes.len() as u64 > LARGEST_BYTES {
        return Err(Error::data(format!(
            "{}: the file is larger than {} MiB, the largest that is read",
            shown(path),
            LARGEST_BYTES >> 20
        )));
    }
    let bytes = import::unpacked(bytes, path)?;
    if !may_be_own(&bytes) {
        return import::read(bytes, path);
    }
    match Report::from_json(&bytes) {
        Err(ReportError::Foreign) => import::read(bytes, path),
        own => own.map_err(|error| Error::report(path, &error)),
    }
}

/// Whether a word of the command line is a file to be read rather than a command to be
/// run: whatever exists and cannot be run is one, also where it cannot be read or holds
/// nothing that is known. Where a program has the same name, what it holds decides.
pub(crate) fn is_report(path: &Path) -> bool {
    if path.is_dir() {
        return is_path(path) || import::is_known_folder(path);
    }
    if let Some((folder, _)) = folder_with_baseline(path) {
        return is_path(path) || import::is_known_folder(&folder);
    }
    match path.metadata() {
        Ok(found) if is_executable(&found) => false,
        Ok(_) => !is_program(path) || holds_results(path),
        // Nobody may look into its folder, and so nobody can run it.
        Err(error) => error.kind() == ErrorKind::PermissionDenied && is_word(path),
    }
}

/// Whether a word that is beside reports can only be meant as one: it is the name of
/// nothing that is there, and of no program.
pub(crate) fn is_missing(path: &Path) -> bool {
    is_word(path) && !path.exists() && !is_program(path)
}

fn is_word(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes();
    !text.is_empty() && !text.iter().any(u8::is_ascii_whitespace)
}

fn is_path(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().contains(&b'/')
}

/// Whether a shell would find a program of this name.
fn is_program(path: &Path) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&folders);
    let is_there = |folder: PathBuf| {
        let found = folder.join(path).metadata();
        found.is_ok_and(|found| is_executable(&found))
    };
    !is_path(path) && folders.any(is_there)
}

/// Whether a file has a report in it, or results of another tool.
pub(crate) fn holds_results(path: &Path) -> bool {
    let start = path
        .is_file()
        .then(|| read(path, START_BYTES).ok())
        .flatten();
    start.is_some_and(|start| {
        import::is_compressed(&start) || may_be_own(&start) || import::is_known(start)
    })
}

fn is_executable(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    found.is_file() && found.permissions().mode() & 0o111 != 0
}

/// `target/criterion@before`, unless there is a file of that name.
fn folder_with_baseline(path: &Path) -> Option<(PathBuf, String)> {
    let (folder, baseline) = path.to_str()?.rsplit_once('@')?;
    let folder = PathBuf::from(folder);
    (!path.exists() && !baseline.is_empty() && folder.is_dir())
        .then(|| (folder, baseline.to_owned()))
}

fn read(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let failed = |error: std::io::Error| Error::file("open", path, error);
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_or(0, |found| found.len());
    let mut bytes = Vec::with_capacity(length.saturating_add(1).min(most) as usize);
    file.take(most).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Whether JSON has the key by which our own reports are known, wherever it is:
/// the keys may be in another order.
fn may_be_own(bytes: &[u8]) -> bool {
    let key = b"\"schema\"";
    let ends = bytes.windows(key.len()).enumerate();
    let ends = ends.filter(|(_, window)| window == key);
    let mut values = ends.map(|(at, _)| bytes[at + key.len()..].trim_ascii_start());
    values.any(|rest| {
        let value = rest.strip_prefix(b":").map(<[u8]>::trim_ascii_start);
        value.is_some_and(|value| value.starts_with(b"\"perfkit/"))
    })
}
