//! From a path to a report: our own, or another tool's results.

use std::fs::File;
use std::io::Read;
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
    if !may_be_own(&bytes) {
        return import::read(bytes, path);
    }
    match Report::from_json(&bytes) {
        Err(ReportError::Foreign) => import::read(bytes, path),
        own => own.map_err(|error| Error::report(path, &error)),
    }
}

/// Whether a path is for a report rather than a command: a file or a folder
/// whose content is known, and that is no program.
pub(crate) fn is_report(path: &Path) -> bool {
    if path.is_dir() {
        return import::is_known_folder(path);
    }
    if let Some((folder, _)) = folder_with_baseline(path) {
        return import::is_known_folder(&folder);
    }
    let is_data = path
        .metadata()
        .is_ok_and(|found| found.is_file() && !is_executable(&found));
    let start = if is_data {
        read(path, START_BYTES).ok()
    } else {
        None
    };
    start.is_some_and(|start| {
        import::is_compressed(&start) || may_be_own(&start) || import::is_known(start)
    })
}

fn is_executable(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    found.permissions().mode() & 0o111 != 0
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
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
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
