//! The path of a tree within a command, which may be any text and is never code.

use std::path::Path;

use crate::error::Error;
use crate::text::printable;

/// Stands where the path belongs, until the command is split into words. No argument of a
/// process can hold it, so that nothing else is taken for it.
pub(super) const PLACE: char = '\0';

/// What in a word lets a program read the word as code and not as a path.
const SYNTAX: &str = ";|&$()<>`\"'{}*?!#~\\\n";

/// The words of a command that is run directly, with the path put in. A script for a shell
/// gets it quoted; in any other script it would be code.
pub(super) fn in_words(words: Vec<String>, tree: &str) -> Result<Vec<String>, Error> {
    let script = script_of_shell(&words);
    let fill = |(index, word): (usize, String)| match Some(index) == script {
        true => in_script(&word, tree),
        false if is_plain(tree) || !is_script(&word) => Ok(word.replace(PLACE, tree)),
        false => Err(refused(&word, tree)),
    };
    words.into_iter().enumerate().map(fill).collect()
}

/// The text of a script for a shell, with the path put in as quotes around it need.
pub(super) fn in_script(text: &str, tree: &str) -> Result<String, Error> {
    if is_plain(tree) || !text.contains(PLACE) {
        return Ok(text.replace(PLACE, tree));
    }
    if has_further_script(text) {
        return Err(refused(text, tree));
    }
    let mut filled = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let (part, after) = match next {
            '\\' => rest.split_at(rest.chars().take(2).map(char::len_utf8).sum()),
            '\'' | '"' => quoted(rest, next).ok_or_else(|| refused(text, tree))?,
            '#' if filled.is_empty() || filled.ends_with(char::is_whitespace) => {
                rest.split_at(rest.find('\n').unwrap_or(rest.len()))
            }
            _ => rest.split_at(next.len_utf8()),
        };
        let inner = part
            .get(1..part.len().saturating_sub(1))
            .unwrap_or_default();
        filled += &match next {
            PLACE => format!("'{}'", tree.replace('\'', r"'\''")),
            '#' if part.len() > 1 => part.replace(PLACE, "{tree}"),
            '\'' | '"' if part.contains(PLACE) && is_script(inner) => {
                return Err(refused(text, tree));
            }
            '\'' => part.replace(PLACE, &tree.replace('\'', r"'\''")),
            '"' => part.replace(PLACE, &escaped(tree)),
            _ if part.contains(PLACE) => return Err(refused(text, tree)),
            _ => part.to_owned(),
        };
        rest = after;
    }
    Ok(filled)
}

/// The quoted text that a text begins with, and what follows; `None` where it does not end.
fn quoted(text: &str, quote: char) -> Option<(&str, &str)> {
    let mut is_escaped = false;
    for (index, character) in text.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if quote == '"' => is_escaped = true,
            _ if character == quote => return Some(text.split_at(index + 1)),
            _ => {}
        }
    }
    None
}

/// A text as it stands between double quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if "\\$\"`".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Whether a path is the same text for every shell and every language.
fn is_plain(path: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,:@%=".contains(c);
    path.chars().all(is_plain)
}

/// Whether a word is more than a path or the value of an option.
fn is_script(word: &str) -> bool {
    word.contains(PLACE) && word.contains(|c| SYNTAX.contains(c))
}

/// Which of the words a shell among them is to run: the one after `-c` or, with other
/// letters, `-ec`.
fn script_of_shell(words: &[String]) -> Option<usize> {
    const SHELLS: [&str; 8] = ["sh", "ash", "bash", "busybox", "dash", "ksh", "mksh", "zsh"];
    let is_shell = |word: &String| {
        let name = Path::new(word).file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| SHELLS.contains(&name))
    };
    let runs_next = |word: &String| {
        let letters = word
            .strip_prefix('-')
            .and_then(|word| word.strip_suffix('c'));
        letters.is_some_and(|letters| letters.chars().all(|c| c.is_ascii_alphabetic()))
    };
    let shell = words.iter().position(is_shell)?;
    let option = words.iter().skip(shell + 1).position(runs_next)?;
    let script = shell + option + 2;
    (script < words.len()).then_some(script)
}

/// Whether part of a script is read in another way than quotes say: as a script again, or
/// as text in which `$` counts.
fn has_further_script(text: &str) -> bool {
    if text.contains('`') || text.contains("<<") || text.contains("$'") {
        return true;
    }
    let Ok(words) = shell_words::split(text) else {
        return true;
    };
    let is_eval = |word: &String| word == "eval" || word == "trap";
    words.iter().any(is_eval) || script_of_shell(&words).is_some()
}

fn refused(text: &str, tree: &str) -> Error {
    let text = printable(&text.replace(PLACE, "{tree}"));
    let tree = printable(tree);
    Error::usage(format!(
        "`{text}` would read the path `{tree}` as code, for characters that it has"
    ))
    .hint("give {tree} as a word of its own, outside of scripts and their quotes, or move the folder to a path of letters and digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: [&str; 6] = [
        "/a b",
        "/it's",
        "/$(echo x)",
        "/`echo x`",
        "/\"; echo \\",
        "/-x\n*",
    ];

    fn place(text: &str) -> String {
        text.replace("{tree}", "\0")
    }

    #[test]
    fn a_shell_reads_the_path_that_was_meant() {
        let texts = [
            "printf %s {tree}/x",
            "printf %s \"{tree}/x\"",
            "printf %s '{tree}/x'",
            "true; printf %s {tree}/x # it's {tree}",
            "(printf %s {tree}/x)",
            "printf %s $(printf %s {tree}/x; true)\\\n",
        ];
        for tree in HOSTILE {
            for text in texts {
                let script = in_script(&place(text), tree).unwrap();
                let script = format!("IFS=; set -f; {script}");
                let shell = std::process::Command::new("sh")
                    .args(["-c", &script])
                    .output();
                let shell = shell.unwrap();
                let said = String::from_utf8_lossy(&shell.stdout).into_owned();
                assert_eq!(said, format!("{tree}/x"), "{script}: {shell:?}");
            }
        }
    }

    #[test]
    fn a_word_keeps_the_path_as_it_is() {
        let words = |words: &[&str]| words.iter().map(|word| place(word)).collect::<Vec<_>>();
        for tree in HOSTILE {
            let filled = in_words(words(&["x", "--file={tree}/a b", "-c"]), tree).unwrap();
            assert_eq!(filled[1], format!("--file={tree}/a b"));
            let filled = in_words(words(&["nice", "/bin/sh", "-ec", "{tree}/x"]), tree).unwrap();
            let shell_word = shell_words::split(&filled[3]).unwrap();
            assert_eq!(shell_word, [format!("{tree}/x")]);
        }
    }

    #[test]
    fn what_would_be_code_is_refused_unless_the_path_is_plain() {
        let scripts = [
            "sh -c 'ls {tree}'",
            "eval ls {tree}",
            "ls `echo {tree}`",
            "cat <<END\n{tree}\nEND",
            "ls \"$(echo {tree})\"",
            "python3 -c 'open(\"{tree}\")'",
            "echo \\{tree}",
            "echo '{tree}",
        ];
        for script in scripts {
            assert!(in_script(&place(script), "/a b").is_err(), "{script}");
            assert!(in_script(&place(script), "/a-b/c").is_ok(), "{script}");
        }
        let word = |tree: &str| {
            let words = ["python3", "-c", "open('{tree}')"].map(place);
            in_words(words.to_vec(), tree)
        };
        assert!(word("/a'b").is_err());
        assert_eq!(word("/ab").unwrap()[2], "open('/ab')");
    }
}
