//! The page of a GitHub workflow run.

use std::fs::OpenOptions;
use std::io::{Error as IoError, Write};
use std::path::{Path, PathBuf};

use perfkit::Report;

use crate::args::{Format, environment};
use crate::document::Detail;
use crate::error::Error;
use crate::{export, terminal};

/// The most that a step may write, in bytes: GitHub drops a larger page whole.
const LARGEST_PAGE: u64 = 1 << 20;

/// Adds the result to the page of the run. A page that cannot be written does not
/// change the verdict.
pub(super) fn write_step_summary(result: &Report) {
    let Some(path) = environment::text("GITHUB_STEP_SUMMARY").map(PathBuf::from) else {
        return;
    };
    let written = export::render(result, Detail::Usual, Format::Markdown, None)
        .and_then(|text| append(&path, &text).map_err(|error| Error::file("write", &path, error)));
    if let Err(error) = written {
        let message = error.message();
        terminal::print_line(&format!("warning: GITHUB_STEP_SUMMARY: {message}"));
    }
}

/// Appends a paragraph to a page, which may end in the midst of a table.
fn append(path: &Path, text: &str) -> std::io::Result<()> {
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return Err(IoError::other("it is no regular file"));
    }
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let before = file.metadata()?.len();
    let separator = if before > 0 { "\n\n" } else { "" };
    let text = format!("{separator}{text}");
    if before + text.len() as u64 > LARGEST_PAGE {
        return Err(IoError::other(
            "the page of this step is full, and GitHub drops one that is larger",
        ));
    }
    file.write_all(text.as_bytes())
}
