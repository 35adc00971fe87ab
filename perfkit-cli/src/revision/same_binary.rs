//! Whether two programs are the same machine code.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use object::{File, Object, ObjectSection, SectionKind};

/// Larger programs are not read.
const LARGEST_BYTES: u64 = 1 << 30;

/// The longest path of a source file.
const LONGEST_PATH_BYTES: u64 = 4096;

/// Whether two programs are loaded as the same machine code and the same data, but for
/// the lines of sources that panics name: a comment moves those. `false` too where that
/// cannot be told.
pub(crate) fn is_same_binary(one: &Path, other: &Path) -> bool {
    let (Some(one), Some(other)) = (read(one), read(other)) else {
        return false;
    };
    match (File::parse(&*one), File::parse(&*other)) {
        (Ok(one), Ok(other)) => Image::of(&one).is_same_as(&Image::of(&other)),
        _ => false,
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let length = fs::metadata(path).ok()?.len();
    (length <= LARGEST_BYTES).then(|| fs::read(path).ok())?
}

/// What is loaded of a program.
struct Image<'a> {
    entry: u64,
    sections: Vec<Section<'a>>,
    /// What pointers in the data point to, where the loader writes them.
    pointers: HashMap<u64, u64>,
    is_little_endian: bool,
}

#[derive(PartialEq)]
struct SectionHeader<'a> {
    name: &'a [u8],
    address: u64,
    size: u64,
}

struct Section<'a> {
    header: SectionHeader<'a>,
    data: &'a [u8],
}

impl<'a> Image<'a> {
    fn of(file: &'a File<'a>) -> Self {
        // Notes are read by nobody when a program runs: one of them is a checksum that
        // also covers what is not loaded.
        let is_loaded = |kind| !matches!(kind, SectionKind::Note | SectionKind::Debug);
        let sections = file.sections();
        let loaded = sections.filter(|s| s.address() != 0 && is_loaded(s.kind()));
        let pointers = file.dynamic_relocations().into_iter().flatten();
        Self {
            entry: file.entry(),
            sections: loaded.map(|section| Section::of(&section)).collect(),
            pointers: pointers
                .map(|(at, pointer)| (at, pointer.addend().cast_unsigned()))
                .collect(),
            is_little_endian: file.is_little_endian(),
        }
    }

    fn is_same_as(&self, other: &Self) -> bool {
        let pairs = || self.sections.iter().zip(&other.sections);
        !self.sections.is_empty()
            && self.entry == other.entry
            && self.sections.len() == other.sections.len()
            && pairs().all(|(a, b)| a.header == b.header && a.data.len() == b.data.len())
            && pairs().all(|(a, b)| a.data == b.data || self.differ_in_lines(a, b))
    }

    /// Whether all differences between two sections are lines that panics name.
    fn differ_in_lines(&self, one: &Section<'_>, other: &Section<'_>) -> bool {
        let words = one.data.chunks(8).zip(other.data.chunks(8));
        let different = words.enumerate().filter(|(_, (a, b))| a != b);
        let mut lines = different.map(|(index, (a, b))| {
            // A line and a column, of which a comment moves the line alone.
            let is_line_alone = a.len() == 8 && a[4..] == b[4..];
            is_line_alone && self.names_a_source(one.header.address + 8 * index as u64)
        });
        lines.all(|is_line| is_line)
    }

    /// Whether what stands before an address is the path of a source file, as in a
    /// [`std::panic::Location`].
    fn names_a_source(&self, address: u64) -> bool {
        let source = || {
            let (path, length) = (address.checked_sub(16)?, address.checked_sub(8)?);
            let length = self.number(length)?;
            let path = self.pointers.get(&path).copied().or(self.number(path))?;
            (length <= LONGEST_PATH_BYTES).then(|| self.bytes(path, length))?
        };
        source().is_some_and(|path| path.ends_with(b".rs"))
    }

    fn number(&self, address: u64) -> Option<u64> {
        let bytes = self.bytes(address, 8)?.try_into().ok()?;
        Some(if self.is_little_endian {
            u64::from_le_bytes(bytes)
        } else {
            u64::from_be_bytes(bytes)
        })
    }

    fn bytes(&self, address: u64, length: u64) -> Option<&'a [u8]> {
        let within = |section: &Section<'a>| {
            let start = usize::try_from(address.checked_sub(section.header.address)?).ok()?;
            let end = start.checked_add(usize::try_from(length).ok()?)?;
            section.data.get(start..end)
        };
        self.sections.iter().find_map(within)
    }
}

impl<'a> Section<'a> {
    fn of<'file>(section: &object::Section<'a, 'file>) -> Self {
        Self {
            header: SectionHeader {
                name: section.name_bytes().unwrap_or_default(),
                address: section.address(),
                size: section.size(),
            },
            data: section.data().unwrap_or_default(),
        }
    }
}
