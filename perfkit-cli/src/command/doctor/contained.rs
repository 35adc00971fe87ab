//! Whether perfkit is in a program, as far as its file tells.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What the recorder of perfkit has in it and nothing else: a variable that it reads.
const MARK: &[u8] = b"PERFKIT_REPORT_EVERY";

/// How much of a program is looked through.
const MOST_BYTES: u64 = 4 << 30;

/// How programs begin that are no scripts: ELF, and Mach-O in its usual forms.
const MAGICS: [[u8; 4]; 3] = [
    [0x7F, b'E', b'L', b'F'],
    [0xCF, 0xFA, 0xED, 0xFE],
    [0xCA, 0xFE, 0xBA, 0xBE],
];

/// Whether the recorder is in the file of a program; `None` where that is a script or
/// cannot be read.
pub(super) fn has_recorder(program: &str) -> Option<bool> {
    let mut file = File::open(find(program)?).ok()?;
    let mut magic = [0; 4];
    file.read_exact(&mut magic).ok()?;
    MAGICS.contains(&magic).then(|| has_mark(file))?
}

/// The file that a name stands for, as the system finds it.
fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(program.into());
    }
    let path = std::env::var_os("PATH")?;
    let candidates = std::env::split_paths(&path).map(|folder| folder.join(program));
    candidates.into_iter().find(|path| Path::is_file(path))
}

fn has_mark(source: impl Read) -> Option<bool> {
    let mut source = source.take(MOST_BYTES);
    let mut seen: Vec<u8> = Vec::new();
    let mut part = vec![0; 1 << 20];
    loop {
        let count = source.read(&mut part).ok()?;
        if count == 0 {
            return Some(false);
        }
        // The mark may begin in one part and end in the next.
        let kept = seen.len().saturating_sub(MARK.len());
        seen.drain(..kept);
        seen.extend_from_slice(&part[..count]);
        if seen.windows(MARK.len()).any(|window| window == MARK) {
            return Some(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out a few bytes at a time.
    struct Slowly<'a>(&'a [u8]);

    impl Read for Slowly<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = self.0.len().min(7).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn the_mark_is_found_across_parts() {
        let text = b"some bytes PERFKIT_REPORT_EVERY and more";
        assert_eq!(has_mark(Slowly(text)), Some(true));
        assert_eq!(has_mark(Slowly(b"PERFKIT_REPORT alone")), Some(false));
    }

    #[test]
    fn scripts_and_missing_files_tell_nothing() {
        let script = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&script, "#!/bin/sh\nPERFKIT_REPORT_EVERY=1s\n").unwrap();
        assert_eq!(has_recorder(script.path().to_str().unwrap()), None);
        assert_eq!(has_recorder("/no/such/program"), None);
        assert_eq!(has_recorder("no-such-program"), None);
        // This program has the library in it.
        let own = std::env::current_exe().unwrap();
        assert_eq!(has_recorder(own.to_str().unwrap()), Some(true));
    }
}
