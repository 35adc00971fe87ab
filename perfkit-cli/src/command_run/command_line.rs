//! From a command's text to a program and its arguments.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::{fmt, io};

use perfkit::process::spawner::{ProgramTexts, TextList};

use rustix::fs::{Access, access};
use rustix::io::Errno;

use crate::error::Error;

/// The variables that tell a command which run it is.
const ITERATION: [&str; 2] = ["PERFKIT_ITERATION", "HYPERFINE_ITERATION"];

/// Where programs are looked for if nobody says where.
const USUAL_FOLDERS: &str = "/bin:/usr/bin";

/// What runs a command's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shell {
    /// Nothing: the text is split at spaces, and what looks like shell syntax
    /// is refused.
    Direct,
    /// The same, and what looks like shell syntax is passed on as it is.
    DirectUnchecked,
    /// A shell with its own arguments, to which `-c TEXT` is added.
    Through(Vec<String>),
}

impl FromStr for Shell {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::DirectUnchecked),
            "default" => Ok(Self::usual()),
            text => match shell_words::split(text) {
                Ok(words) if !words.is_empty() => Ok(Self::Through(words)),
                _ => Err(format!("`{text}` names no shell")),
            },
        }
    }
}

impl fmt::Display for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct | Self::DirectUnchecked => f.write_str("none"),
            Self::Through(words) => f.write_str(&shell_words::join(words)),
        }
    }
}

impl Shell {
    fn usual() -> Self {
        Self::Through(vec!["sh".to_owned()])
    }

    /// The shell for what is never measured: this one, or `sh`.
    pub(crate) fn or_default(&self) -> Self {
        match self {
            Self::Through(words) => Self::Through(words.clone()),
            _ => Self::usual(),
        }
    }
}

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// The text that it came from.
    pub(crate) text: String,
    words: Vec<String>,
    /// Variables that it is run with, beside those of this process.
    environment: Vec<(String, String)>,
    /// The same for each run, once there was one.
    prepared: OnceCell<Prepared>,
}

/// What all runs of a command have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Prepared {
    /// Where the program may lie.
    paths: Vec<PathBuf>,
    arguments: TextList,
    /// All but those that tell which run it is.
    variables: TextList,
    /// These, as they are where no run is told.
    outer_iteration: TextList,
}

impl CommandLine {
    pub(crate) fn new(text: &str, shell: &Shell) -> Result<Self, Error> {
        if text.contains('\0') {
            return Err(Error::usage("a command cannot contain a NUL character"));
        }
        let words = match shell {
            Shell::Through(shell) => {
                let script = ["-c".to_owned(), text.to_owned()];
                shell.iter().cloned().chain(script).collect()
            }
            Shell::Direct => {
                refuse_shell_syntax(text)?;
                split(text)?
            }
            Shell::DirectUnchecked => split(text)?,
        };
        Ok(Self {
            text: text.to_owned(),
            words,
            environment: Vec::new(),
            prepared: OnceCell::new(),
        })
    }

    /// The same with these variables.
    pub(super) fn with_environment(self, environment: &[(String, String)]) -> Self {
        Self {
            environment: environment.to_vec(),
            prepared: OnceCell::new(),
            ..self
        }
    }

    /// The program's name.
    pub(crate) fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The command that starts it, as the run that `iteration` tells.
    pub(super) fn to_command(&self, iteration: Option<&str>) -> Command {
        let mut command = Command::new(self.program());
        command.args(self.words.iter().skip(1));
        let variables = self.environment.iter();
        command.envs(variables.map(|(name, value)| (name, value)));
        if let Some(iteration) = iteration {
            command.envs(ITERATION.map(|name| (name, iteration)));
        }
        command
    }

    /// The same for a process that starts it. The program is looked for here, so that this
    /// takes none of its time.
    pub(super) fn texts(&self, iteration: Option<&str>) -> io::Result<ProgramTexts> {
        let prepared = match self.prepared.get() {
            Some(prepared) => prepared,
            None => {
                let prepared = self.prepare()?;
                self.prepared.get_or_init(|| prepared)
            }
        };
        let mut texts = ProgramTexts {
            arguments: prepared.arguments.clone(),
            variables: prepared.variables.clone(),
            ..ProgramTexts::default()
        };
        for path in &prepared.paths {
            let found = look_for(path);
            if found != Found::Nothing {
                texts.paths.push(&[path.as_os_str()])?;
            }
            if found == Found::Program {
                break;
            }
        }
        match iteration {
            None => texts.variables.append(&prepared.outer_iteration),
            Some(iteration) => {
                for name in ITERATION {
                    let parts = [name, "=", iteration].map(OsStr::new);
                    texts.variables.push(&parts)?;
                }
            }
        }
        Ok(texts)
    }

    fn prepare(&self) -> io::Result<Prepared> {
        let mut all: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
        let own = self.environment.iter().cloned();
        all.extend(own.map(|(name, value)| (name.into(), value.into())));
        let mut arguments = TextList::default();
        for word in &self.words {
            arguments.push(&[OsStr::new(word)])?;
        }
        let (mut variables, mut outer_iteration) = (TextList::default(), TextList::default());
        for (name, value) in &all {
            let is_iteration = ITERATION.iter().any(|iteration| name == iteration);
            let list = match is_iteration {
                true => &mut outer_iteration,
                false => &mut variables,
            };
            list.push(&[name, OsStr::new("="), value])?;
        }
        Ok(Prepared {
            paths: paths(self.program(), all.get(OsStr::new("PATH"))),
            arguments,
            variables,
            outer_iteration,
        })
    }
}

/// Where a program may lie, in the order in which the system looks for it.
fn paths(program: &str, folders: Option<&OsString>) -> Vec<PathBuf> {
    if program.is_empty() || program.contains('/') {
        return vec![program.into()];
    }
    let folders = folders.map_or(OsStr::new(USUAL_FOLDERS), OsString::as_os_str);
    let in_folder = |folder: PathBuf| folder.join(program);
    std::env::split_paths(folders).map(in_folder).collect()
}

#[derive(PartialEq, Eq)]
enum Found {
    Nothing,
    Program,
    /// What only executing it tells more of.
    Something,
}

fn look_for(path: &Path) -> Found {
    match access(path, Access::EXEC_OK) {
        Ok(()) if path.is_file() => Found::Program,
        Err(Errno::NOENT | Errno::NOTDIR) => Found::Nothing,
        _ => Found::Something,
    }
}

/// Variables as `--env` has them: assignments between spaces, with quotes as in a shell.
pub(super) fn assignments(text: &str) -> Result<Vec<(String, String)>, Error> {
    let words = shell_words::split(text)
        .map_err(|_| Error::usage(format!("--env `{text}` has a quote that is not closed")))?;
    let assignment = |word: String| match word.split_once('=') {
        Some((name, value)) if !name.is_empty() && !word.contains('\0') => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err(Error::usage(format!("`{word}` in --env is no assignment"))
            .hint("write NAME=value, several of them between spaces in one quoted word")),
    };
    words.into_iter().map(assignment).collect()
}

fn split(text: &str) -> Result<Vec<String>, Error> {
    let words = shell_words::split(text)
        .map_err(|_| Error::usage(format!("`{text}` has a quote that is not closed")))?;
    if words.first().is_none_or(String::is_empty) {
        return Err(Error::usage("a command is empty"));
    }
    Ok(words)
}

fn refuse_shell_syntax(text: &str) -> Result<(), Error> {
    let Some(found) = shell_syntax(text) else {
        return Ok(());
    };
    Err(Error::usage(format!(
        "`{text}` has the shell syntax `{found}`, and commands are run without a shell"
    ))
    .hint("add `-S sh` to run it through one, or `-N` if the characters are meant as they are"))
}

/// What in a command only a shell would understand.
fn shell_syntax(text: &str) -> Option<&'static str> {
    if assigns_a_variable(text) {
        return Some("NAME=value");
    }
    let (mut quote, mut at_word_start) = (None, true);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek().copied();
        let ends_word = next.is_none_or(char::is_whitespace);
        match (quote, character) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => drop(characters.next()),
            (_, '$') if next.is_some_and(|c| c.is_alphabetic() || "({_?#".contains(c)) => {
                return Some("$");
            }
            (_, '`') => return Some("`"),
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '|') => return Some("|"),
            (None, ';') => return Some(";"),
            (None, '>') => return Some(">"),
            (None, '<') => return Some("<"),
            (None, '*') => return Some("*"),
            (None, '\n') => return Some("a line break"),
            (None, '&') if at_word_start || ends_word => return Some("&"),
            (None, '~') if at_word_start && (ends_word || next == Some('/')) => return Some("~"),
            (None, _) => {}
        }
        at_word_start = quote.is_none() && character.is_whitespace();
    }
    None
}

fn assigns_a_variable(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    first.split_once('=').is_some_and(|(name, _)| {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(is_name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        CommandLine::new(text, &Shell::Direct).unwrap().words
    }

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        assert_eq!(
            words("sort -k 1 'a b' \"c d\" e\\ f"),
            ["sort", "-k", "1", "a b", "c d", "e f"]
        );
        let error = CommandLine::new("echo 'x", &Shell::Direct).unwrap_err();
        assert!(error.message().contains("not closed"));
        assert!(CommandLine::new("  ", &Shell::Direct).is_err());
        assert!(CommandLine::new("''", &Shell::Direct).is_err());
    }

    #[test]
    fn what_plainly_needs_a_shell_gets_a_hint() {
        for (text, syntax) in [
            ("sort x | uniq", "|"),
            ("cd /tmp && ls", "&"),
            ("a; b", ";"),
            ("echo $HOME", "$"),
            ("echo \"$HOME\"", "$"),
            ("echo $(date)", "$"),
            ("echo `date`", "`"),
            ("cat < file", "<"),
            ("ls > file", ">"),
            ("make 2>&1", ">"),
            ("cat *.rs", "*"),
            ("ls ~/x", "~"),
            ("sleep 1 &", "&"),
            ("LANG=C sort x", "NAME=value"),
        ] {
            assert_eq!(shell_syntax(text), Some(syntax), "{text}");
        }
        let error = CommandLine::new("a | b", &Shell::Direct).unwrap_err();
        assert!(error.next_step().unwrap().contains("-S sh"));
    }

    #[test]
    fn what_is_quoted_or_part_of_a_word_is_no_shell_syntax() {
        for text in [
            "grep 'a|b' file",
            "awk '{print $1}' file",
            "curl http://host/?a=1&b=2",
            "echo a\\|b",
            "perl -e 'print 1;'",
            "cp file~ other",
            "cost 5$",
            "cmd --option=value",
        ] {
            assert_eq!(shell_syntax(text), None, "{text}");
        }
        assert!(CommandLine::new("echo $HOME", &Shell::DirectUnchecked).is_ok());
    }

    #[test]
    fn a_shell_gets_the_text_as_it_is() {
        let shell = "bash --norc".parse().unwrap();
        let command = CommandLine::new("a | b", &shell).unwrap();
        assert_eq!(command.words, ["bash", "--norc", "-c", "a | b"]);
        assert_eq!("none".parse(), Ok(Shell::DirectUnchecked));
        assert!("".parse::<Shell>().is_err());
    }
}
