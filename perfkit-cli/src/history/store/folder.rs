//! Records in a folder, one file each, in a folder for each month.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use perfkit::report::save_atomically;
use rustix::fs::OFlags;

use crate::error::{Error, shown};
use crate::folder::paths_in;
use crate::history::record::{
    HeadLine, LARGEST_BYTES, Record, RecordName, read_content, read_head_line,
};

use super::interface::{Added, Reader, Store};

/// The end of the names of records.
const RECORD: &str = ".json.gz";

/// The end of the names of files that are not finished.
const UNFINISHED: &str = ".perfkit-tmp";

/// After this time nobody finishes a file.
const STALE_AFTER: Duration = Duration::from_secs(60 * 60);

/// The most names that are looked at in a folder, which may be anybody's.
const MOST_FILES: usize = 2_000_000;

/// A folder of records.
#[derive(Debug)]
pub(crate) struct FolderStore {
    pub(crate) folder: PathBuf,
}

impl FolderStore {
    fn path(&self, name: &RecordName) -> PathBuf {
        let (month, _) = name.month_and_day();
        self.folder.join(month).join(format!("{name}{RECORD}"))
    }

    fn add_one(&self, record: &Record) -> Result<Added, Error> {
        let path = self.path(&record.name);
        if path.is_file() && self.read(&record.name).is_ok() {
            return Ok(Added::Known);
        }
        let folder = path.parent().unwrap_or(&self.folder);
        let failed = |error| {
            Error::file("write", &path, error)
                .hint("nothing that was kept is changed; --store names another place")
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let bytes = record.compressed().map_err(failed)?;
        save_atomically(&path, &bytes).map_err(failed)?;
        Ok(Added::New)
    }

    /// Writes records as [`Store::add`] does, without waiting for the disk.
    pub(crate) fn write_without_sync(&self, records: &[Record]) -> Result<(), Error> {
        for record in records {
            let path = self.path(&record.name);
            let failed = |error| Error::file("write", &path, error);
            let folder = path.parent().unwrap_or(&self.folder);
            fs::create_dir_all(folder).map_err(failed)?;
            fs::write(&path, record.compressed().map_err(failed)?).map_err(failed)?;
        }
        Ok(())
    }

    fn read(&self, name: &RecordName) -> Result<Record, String> {
        let content = read_content(open(&self.path(name))?)?;
        Record::of_content(name, content)
    }
}

impl Store for FolderStore {
    fn place(&self) -> String {
        format!("the folder {}", shown(&self.folder))
    }

    fn key(&self) -> String {
        let folder = fs::canonicalize(&self.folder);
        let folder = folder.unwrap_or_else(|_| self.folder.clone());
        format!("folder {}", folder.display())
    }

    fn names(&self) -> Result<Vec<RecordName>, Error> {
        let mut names = Vec::new();
        for folder in paths_in(&self.folder, MOST_FILES)? {
            if !is_month(&folder) {
                continue;
            }
            for path in paths_in(&folder, MOST_FILES)? {
                let name = path.file_name().and_then(|name| name.to_str());
                let name = name.and_then(|name| name.strip_suffix(RECORD));
                names.extend(name.and_then(|name| name.parse::<RecordName>().ok()));
                if names.len() > MOST_FILES {
                    return Err(too_many(&self.folder));
                }
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn add(&self, records: &[Record]) -> Result<Vec<Added>, Error> {
        let months = records.iter().map(|record| record.name.month_and_day().0);
        for month in months.collect::<BTreeSet<String>>() {
            remove_stale(&self.folder.join(month));
        }
        records.iter().map(|record| self.add_one(record)).collect()
    }

    fn remove(&self, names: &[RecordName]) -> Result<(), Error> {
        for name in names {
            let path = self.path(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::file("remove", &path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>, Error> {
        Ok(Box::new(FolderReader(self)))
    }
}

struct FolderReader<'a>(&'a FolderStore);

impl Reader for FolderReader<'_> {
    fn head_line(&mut self, name: &RecordName) -> Result<HeadLine, String> {
        let mut file = open(&self.0.path(name))?;
        let line = read_head_line(&mut file)?;
        let mut last = [0; 8];
        file.seek(SeekFrom::End(-8))
            .and_then(|_| file.read_exact(&mut last))
            .map_err(|_| "the record is cut off".to_owned())?;
        Ok(HeadLine {
            line,
            last: Some(last),
        })
    }

    fn record(&mut self, name: &RecordName) -> Result<Record, String> {
        self.0.read(name)
    }
}

/// A regular file; others would be waited for.
fn open(path: &Path) -> Result<File, String> {
    let mut options = OpenOptions::new();
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    let file = options.read(true).custom_flags(nonblocking).open(path);
    let file = file.map_err(|error| format!("it cannot be read: {error}"))?;
    match file.metadata() {
        Ok(found) if found.is_file() && found.len() <= LARGEST_BYTES => Ok(file),
        Ok(found) if found.is_file() => Err(format!(
            "the file is larger than {} MiB",
            LARGEST_BYTES >> 20
        )),
        _ => Err("it is no regular file".to_owned()),
    }
}

/// A folder such as `2026-01`.
fn is_month(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.len() == 7 && name[4] == b'-' && name.iter().filter(|b| b.is_ascii_digit()).count() == 6
}

fn too_many(folder: &Path) -> Error {
    let folder = shown(folder);
    Error::data(format!("{folder} has more than {MOST_FILES} files"))
        .hint("remove old records with `perfkit history prune`, or name another store with --store")
}

/// Removes what writers that were killed left behind.
fn remove_stale(folder: &Path) {
    for path in paths_in(folder, MOST_FILES).unwrap_or_default() {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        if !name.ends_with(UNFINISHED.as_bytes()) {
            continue;
        }
        let modified = fs::symlink_metadata(&path).and_then(|found| found.modified());
        let age = modified.ok().and_then(|modified| modified.elapsed().ok());
        if age.is_some_and(|age| age > STALE_AFTER) {
            let _ = fs::remove_file(&path);
        }
    }
}
