//! What was probably meant by a command line that cannot be read.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Adds to an error of the command line what to write instead, where that can be told.
pub(crate) fn with_tip(mut error: clap::Error, words: &[OsString]) -> clap::Error {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let words: Vec<&str> = words.iter().map(|word| &**word).collect();
    if let Some(tip) = tip(&error, &words) {
        let tip = ContextValue::StyledStrs(vec![StyledStr::from(tip)]);
        error.insert(ContextKind::Suggested, tip);
    }
    error
}

fn tip(error: &clap::Error, words: &[&str]) -> Option<String> {
    // The program's name comes first, and then the verb.
    let (verb, rest) = words.get(1..)?.split_first()?;
    if error.get(ContextKind::SuggestedArg).is_some() {
        return None;
    }
    match (error.kind(), *verb) {
        (ErrorKind::UnknownArgument, "compare") => {
            let unquoted = unquoted(rest, invalid(error)?)?;
            Some(format!(
                "a command is one quoted word: perfkit compare {}",
                shell_words::quote(&unquoted)
            ))
        }
        (ErrorKind::UnknownArgument, "run") => Some(format!(
            "the command comes after `--`: perfkit run -- {}",
            shell_words::quote(invalid(error)?)
        )),
        (ErrorKind::MissingRequiredArgument, "compare") => Some(
            "say what is compared: perfkit compare './old FILE' './new FILE', or --bench for the benchmarks of this package, or --base REV for what changed since a revision"
                .to_owned(),
        ),
        (ErrorKind::MissingRequiredArgument, "gate") => {
            Some("say what is judged: perfkit gate report.json, or perfkit gate --base REV".to_owned())
        }
        _ => None,
    }
}

fn invalid(error: &clap::Error) -> Option<&str> {
    match error.get(ContextKind::InvalidArg)? {
        ContextValue::String(invalid) => Some(invalid),
        _ => None,
    }
}

/// A program and the option that was taken for one of ours, with what is between them.
fn unquoted(words: &[&str], invalid: &str) -> Option<String> {
    let option = words.iter().position(|word| word.starts_with(invalid))?;
    let is_word = |word: &&str| !word.starts_with('-');
    let program = words[..option].iter().rposition(is_word)?;
    Some(words[program..=option].join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_quoted_with_its_program() {
        assert_eq!(unquoted(&["ls", "-la"], "-l"), Some("ls -la".to_owned()));
        let several = ["true", "grep", "-v", "-n", "x"];
        assert_eq!(unquoted(&several, "-n"), Some("grep -v -n".to_owned()));
        assert_eq!(unquoted(&["--nothing"], "--nothing"), None);
    }
}
