//! Where the sockets of programs are that can be watched.

use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::process::own_user;
use crate::text::cut;

/// The end of a socket's name.
const SOCKET: &str = ".sock";

/// So much of a program's name is in that of its socket, in bytes: the system allows paths of
/// some hundred.
const LONGEST_NAME: usize = 24;

/// A program that can be watched.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Watched {
    /// Its process.
    pub pid: u32,
    /// The name of the program's file, as far as the socket's name has it.
    pub program: String,
    /// Since when it can be watched.
    pub since: SystemTime,
    /// The socket.
    pub path: PathBuf,
}

/// The programs of this user that can be watched, by their process. Sockets that programs
/// left which were killed are removed.
#[must_use]
pub fn watched() -> Vec<Watched> {
    let mut found: Vec<Watched> = existing().into_iter().filter(is_listening).collect();
    found.sort_by_key(|watched| watched.pid);
    found
}

/// The same without trying whether each answers: for those who ask often.
#[must_use]
pub fn watched_processes() -> Vec<Watched> {
    let mut found = existing();
    found.retain(|watched| is_alive(watched.pid));
    found
}

/// What stands in the folders.
fn existing() -> Vec<Watched> {
    let folders = candidates();
    let folders = folders.iter().filter(|folder| is_own_folder(folder));
    let entries = folders
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten();
    let entries = entries.flatten().map(|entry| entry.path());
    entries.filter_map(|path| named(&path)).collect()
}

/// Whether somebody listens; what nobody ever will again is removed.
fn is_listening(watched: &Watched) -> bool {
    // A child may have the socket of a parent that was killed, and never answers.
    if !is_alive(watched.pid) {
        let _ = fs::remove_file(&watched.path);
        return false;
    }
    match UnixStream::connect(&watched.path) {
        Ok(_) => true,
        Err(error) => {
            // The number is another program's by now.
            if error.kind() == io::ErrorKind::ConnectionRefused {
                let _ = fs::remove_file(&watched.path);
            }
            false
        }
    }
}

#[cfg(target_os = "linux")]
fn is_alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// Elsewhere whoever listens is alive.
#[cfg(not(target_os = "linux"))]
fn is_alive(_: u32) -> bool {
    true
}

/// What the name of a socket says.
fn named(path: &Path) -> Option<Watched> {
    let name = path.file_name()?.to_str()?.strip_suffix(SOCKET)?;
    let (pid, program) = name.split_once('-')?;
    let found = fs::symlink_metadata(path).ok()?;
    let is_own = found.file_type().is_socket() && found.uid() == own_user();
    is_own.then_some(Watched {
        pid: pid.parse().ok()?,
        program: program.to_owned(),
        since: found.modified().ok()?,
        path: path.to_owned(),
    })
}

/// Opens the socket of this process in the first folder where that can be had.
pub(super) fn in_own_place<T>(
    mut open: impl FnMut(&Path) -> io::Result<T>,
) -> io::Result<(T, PathBuf)> {
    let mut refused = io::ErrorKind::NotFound.into();
    for folder in candidates() {
        let path = folder.join(own_name());
        let opened = make_folder(&folder).and_then(|()| {
            let told = |error| told(&path, &error);
            open(&path).map_err(told)
        });
        match opened {
            Ok(opened) => return Ok((opened, path)),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

fn told(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Its name: the process, and the program in letters that are harmless anywhere.
fn own_name() -> String {
    let program = std::env::current_exe().ok();
    let name = program.as_deref().and_then(Path::file_name);
    let name = name.unwrap_or_default().to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let plain = |c| if is_plain(c) { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    format!(
        "{}-{}{SOCKET}",
        std::process::id(),
        cut(&name, LONGEST_NAME)
    )
}

/// The folders that sockets may be in: that of the user's session, or one of the temporary
/// folder. A program that another service started may be in either.
fn candidates() -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let runtime = runtime.filter(|folder| folder.is_absolute());
    let runtime = runtime.map(|folder| folder.join("perfkit"));
    let temporary = std::env::temp_dir().join(format!("perfkit-{}", own_user()));
    runtime.into_iter().chain([temporary]).collect()
}

/// Makes the folder, for this user alone. One that is there must be so already.
fn make_folder(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(told(folder, &error));
        }
        _ => {}
    }
    match is_own_folder(folder) {
        true => Ok(()),
        false => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "{} is not a folder that is this user's alone (mode 0700)",
                folder.display()
            ),
        )),
    }
}

fn is_own_folder(folder: &Path) -> bool {
    let is_own =
        |found: &Metadata| found.is_dir() && found.uid() == own_user() && found.mode() & 0o077 == 0;
    fs::symlink_metadata(folder).is_ok_and(|found| is_own(&found))
}

#[cfg(all(test, not(miri)))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_folder_that_others_may_enter_or_replace_is_refused() {
        let base = std::env::temp_dir().join(format!("perfkit-place-{}", std::process::id()));
        fs::create_dir_all(&base).unwrap();
        let fresh = base.join("fresh");
        make_folder(&fresh).unwrap();
        make_folder(&fresh).unwrap();
        assert_eq!(fs::metadata(&fresh).unwrap().mode() & 0o777, 0o700);
        let link = base.join("link");
        symlink(&fresh, &link).unwrap();
        assert!(make_folder(&link).is_err());
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o750)).unwrap();
        assert!(make_folder(&fresh).is_err());
        assert!(make_folder(&base.join("no/where")).is_err());
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn the_name_of_a_socket_is_short_and_plain() {
        let name = own_name();
        assert!(name.len() <= 10 + 1 + LONGEST_NAME + SOCKET.len(), "{name}");
        let (pid, _) = name.split_once('-').unwrap();
        assert_eq!(pid.parse(), Ok(std::process::id()));
        assert_eq!(named(Path::new("/nowhere/12-server.sock")), None);
    }
}
