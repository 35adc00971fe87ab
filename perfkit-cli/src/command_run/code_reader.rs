//! Which words of a command its program reads as code.

use std::path::Path;

/// Shells that read quotes alike.
const SHELLS: [&str; 10] = [
    "ash", "bash", "dash", "ksh", "ksh93", "mksh", "oksh", "sh", "yash", "zsh",
];

/// What reads its words as code, or puts code together of them.
const READERS: [&str; 20] = [
    "[[",
    "alias",
    "csh",
    "declare",
    "entr",
    "eval",
    "fish",
    "hyperfine",
    "let",
    "parallel",
    "pwsh",
    "runuser",
    "ssh",
    "su",
    "tcsh",
    "trap",
    "typeset",
    "unset",
    "watch",
    "xonsh",
];

/// Options whose value is code to many programs.
const OPTIONS: [&str; 6] = [
    "--command",
    "--eval",
    "--exec",
    "--execute",
    "--expression",
    "--run",
];

/// Variables whose value shells expand.
const VARIABLES: [&str; 7] = [
    "BASH_ENV",
    "ENV",
    "PROMPT_COMMAND",
    "PS0",
    "PS1",
    "PS2",
    "PS4",
];

/// What a shell among the words of a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShellInput {
    /// There is no shell, or it runs a file.
    File,
    /// What it reads from standard input.
    Standard,
    /// The word at an index.
    Word { shell: usize, script: usize },
}

impl ShellInput {
    /// `None` where it cannot be told.
    pub(super) fn of(words: &[String]) -> Option<Self> {
        let Some(shell) = words.iter().position(|word| is_shell(word)) else {
            return Some(Self::File);
        };
        let mut has_script = false;
        let mut is_standard = false;
        let mut index = shell + 1;
        while let Some(word) = words.get(index) {
            index += 1;
            if matches!(&**word, "-" | "--") {
                break;
            }
            let Some(letters) = word.strip_prefix(['-', '+']) else {
                index -= 1;
                break;
            };
            if let Some(name) = letters.strip_prefix('-') {
                index += usize::from(matches!(name, "rcfile" | "init-file" | "emulate"));
                continue;
            }
            if !letters.chars().all(|letter| letter.is_ascii_alphanumeric()) {
                return None;
            }
            has_script |= letters.contains('c');
            is_standard |= letters.contains('s');
            // Each of these has a value.
            index += letters.matches(['o', 'O']).count();
        }
        match (has_script, index < words.len()) {
            (true, true) => Some(Self::Word {
                shell,
                script: index,
            }),
            (true, false) => None,
            (false, true) if !is_standard => Some(Self::File),
            (false, _) => Some(Self::Standard),
        }
    }
}

/// Whether a word names a shell whose quotes are known.
pub(super) fn is_shell(word: &str) -> bool {
    SHELLS.contains(&file_name(word))
}

/// Whether any of the words is code, or becomes code, for another program than a shell.
pub(super) fn has_reader(words: &[String]) -> bool {
    let is_reader = |word: &String| READERS.contains(&file_name(word));
    let splits = |word: &String| match word.strip_prefix("--") {
        Some(name) => name.starts_with('s'),
        None => word.starts_with('-') && word.contains('S'),
    };
    let mut after_env = words.iter().skip_while(|word| file_name(word) != "env");
    words.iter().any(is_reader) || after_env.any(splits)
}

/// Whether a word, by what stands before it, may be code for its program.
pub(super) fn follows_code_option(before: &str) -> bool {
    let letters = before.strip_prefix('-').unwrap_or_default();
    let is_short = (1..=3).contains(&letters.len()) && !letters.starts_with('-');
    is_short && letters.ends_with(['c', 'e', 'E']) || OPTIONS.contains(&before)
}

/// Whether a word sets a variable that shells expand.
pub(super) fn sets_expanded_variable(word: &str) -> bool {
    let name = word.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| VARIABLES.contains(&name))
}

fn file_name(word: &str) -> &str {
    let name = Path::new(word).file_name().and_then(|name| name.to_str());
    name.unwrap_or_default()
}
