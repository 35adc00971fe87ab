//! The path of a tree within a command, which may be any text and is never code.

use crate::error::Error;
use crate::text::printable;

use super::code_reader::{
    ShellInput, follows_code_option, has_reader, is_shell, sets_expanded_variable,
};
use super::script::{PLACE, Script, Word, is_syntax};

/// The words of a command that is run directly, with the path put in. A script for a shell
/// gets it quoted; in any other script it would be code.
pub(super) fn in_words(words: Vec<String>, tree: &str) -> Result<Vec<String>, Error> {
    let is_in = |word: &String| word.contains(PLACE);
    if is_plain(tree) || !words.iter().any(is_in) {
        let plain = words.into_iter().map(|word| word.replace(PLACE, tree));
        return Ok(plain.collect());
    }
    let refused = || refused(&words.join(" "), tree);
    let input = ShellInput::of(&words).ok_or_else(refused)?;
    let others = words.iter().zip(before(&words)).enumerate();
    let is_code = |(index, (word, before)): (usize, (&String, Option<&String>))| match input {
        ShellInput::Word { script, .. } if index == script => false,
        // The program to which they belong may start the shell with them.
        ShellInput::Word { shell, script } if index < script && index != shell => is_in(word),
        _ => is_in(word) && (word.contains(is_syntax) || is_option_of_code(word, before, tree)),
    };
    if has_reader(&words) || { others }.any(is_code) {
        return Err(refused());
    }
    let fill = |(index, word): (usize, &String)| match input {
        ShellInput::Word { script, .. } if index == script => in_known_script(word, tree),
        _ => Ok(word.replace(PLACE, tree)),
    };
    words.iter().enumerate().map(fill).collect()
}

/// The text of a script for a shell, given by its own words, with the path put in as quotes
/// around it need.
pub(super) fn in_script(shell: &[String], text: &str, tree: &str) -> Result<String, Error> {
    if is_plain(tree) || !text.contains(PLACE) {
        return Ok(text.replace(PLACE, tree));
    }
    match shell.iter().any(|word| is_shell(word)) {
        true => in_known_script(text, tree),
        false => Err(refused(text, tree)),
    }
}

/// The same for a path that is not plain, and a shell whose quotes are known.
fn in_known_script(text: &str, tree: &str) -> Result<String, Error> {
    let is_safe = |script: &Script| script.commands.iter().all(|words| is_safe(words, tree));
    let script = Script::read(text).filter(is_safe);
    let script = script.ok_or_else(|| refused(text, tree))?;
    Ok(script.filled(tree))
}

/// Whether a command within a script reads the path as a word, and as nothing else.
fn is_safe(command: &[Word], tree: &str) -> bool {
    let words: Vec<String> = command.iter().map(|word| word.text.clone()).collect();
    let is_option = |(word, before): (&String, Option<&String>)| {
        word.contains(PLACE) && is_option_of_code(word, before, tree)
    };
    ShellInput::of(&words) == Some(ShellInput::File)
        && !has_reader(&words)
        && !command.iter().any(Word::is_code)
        && !words.iter().zip(before(&words)).any(is_option)
}

/// What stands before each word.
fn before(words: &[String]) -> impl Iterator<Item = Option<&String>> {
    std::iter::once(None).chain(words.iter().map(Some))
}

/// Whether a word with the path in it is the value of an option, or of a variable, that may
/// be code. A path that has but spaces is none in any language.
fn is_option_of_code(word: &str, before: Option<&String>, tree: &str) -> bool {
    let own = word.split(PLACE).next().unwrap_or_default();
    let options = before.map(String::as_str).into_iter();
    let mut options = options.chain([own.trim_end_matches('=')]);
    let is_value = options.any(follows_code_option);
    sets_expanded_variable(word) || is_value && !is_plain(&tree.replace(' ', ""))
}

/// Whether a path is the same text for every shell and every language.
fn is_plain(path: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,:@%=".contains(c);
    path.chars().all(is_plain)
}

fn refused(text: &str, tree: &str) -> Error {
    let text = printable(&text.replace(PLACE, "{tree}"));
    let tree = printable(tree);
    Error::usage(format!(
        "`{text}` may read the path `{tree}` as code, for characters that it has"
    ))
    .hint("give {tree} as a word of its own, outside of scripts and their quotes, or move the folder to a path of letters and digits")
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Output, Stdio};

    use proptest::prelude::*;

    use super::*;

    const HOSTILE: [&str; 8] = [
        "/a b",
        "/it's",
        "/$(touch marker)",
        "/`touch marker`",
        "/\"; touch marker; \\",
        "/-x\n*",
        "/it $(touch marker) x",
        "/a\ntouch marker\n#",
    ];

    fn in_shell(text: &str, tree: &str) -> Result<String, Error> {
        in_script(&["sh".to_owned()], &place(text), tree)
    }

    fn directly(words: &[&str], tree: &str) -> Result<Vec<String>, Error> {
        in_words(words.iter().map(|word| place(word)).collect(), tree)
    }

    fn place(text: &str) -> String {
        text.replace("{tree}", "\0")
    }

    /// What a real shell answers, and that nothing in the path was run.
    fn run(shell: &str, script: &str) -> Output {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(shell);
        command.args(["-c", &format!("ulimit -t 5; IFS=; set -f\n{script}")]);
        let output = command
            .current_dir(&folder)
            .stdin(Stdio::null())
            .env_remove("E")
            .output();
        let is_marked = folder.path().join("marker").exists();
        assert!(!is_marked, "{shell} ran the path in {script:?}");
        output.unwrap()
    }

    fn shells() -> impl Iterator<Item = &'static str> {
        let is_there = |shell: &&str| Command::new(shell).args(["-c", ":"]).output().is_ok();
        ["dash", "bash"].into_iter().filter(is_there)
    }

    /// The name of a folder, of what shells read as syntax.
    fn folder() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec![
            "a",
            " ",
            "'",
            "\"",
            "\\",
            "$(touch marker)",
            "`touch marker`",
            ";touch marker;",
            "\ntouch marker\n",
            "&touch marker&",
            "#",
            "}",
            ")",
            "(",
            "${E:=",
            "*",
            "$",
            "é",
            "a[$(touch marker)]",
            "|touch marker|",
            "!",
            "\n",
        ]);
        let parts = prop::collection::vec(part, 1..5);
        parts.prop_map(|parts| format!("/{}", parts.concat()))
    }

    /// A word that is the path and `/x`.
    fn word() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "{tree}/x",
            "\"{tree}/x\"",
            "'{tree}/x'",
            "''{tree}/x",
            "{tree}'/x'",
            "{tree}\\/x",
            "\"$E{tree}/x\"",
            "\"${E}{tree}\"/x",
            "$E{tree}/x",
            "\"$(true)\"{tree}/x",
            "$(true){tree}/x",
            "\"\"'{tree}'\"/x\"",
            "{tree}\\\n/x",
            "\"{tree}\\\n/x\"",
        ])
    }

    /// A script that prints the word `W` once.
    fn script() -> impl Strategy<Value = String> {
        let around = prop::sample::select(vec![
            "printf %s W",
            "(printf %s W)",
            "{ printf %s W; }",
            "true && printf %s W # its {tree}",
            "printf %s {tree}/x # it's {tree}",
            "case x in x) printf %s W;; esac",
            "if true; then printf %s W; fi",
            "X=W; printf %s \"$X\"",
            "f() { printf %s \"$1\"; }; f W",
            "for x in W; do printf %s \"$x\"; done",
            "printf %s $(printf %s W; true)\\\n",
            "# its {tree}\nprintf %s W",
            "true;printf %s W 2>/dev/null",
            "printf %s W | cat",
            "printf '%s' \\\n W\t# {tree}",
            "echo '$(' \\` >/dev/null; printf %s W",
            "X='$E' printf %s W; echo x\\ #\"\" >/dev/null",
        ]);
        (around, word()).prop_map(|(around, word)| around.replace('W', word))
    }

    /// Anything out of the parts of scripts around the path, which a shell may read or not.
    fn jumble() -> impl Strategy<Value = String> {
        let part = || {
            prop::sample::select(vec![
                "'",
                "\"",
                "\\",
                "\\\n",
                "\\ ",
                "#",
                "#'",
                ";",
                "\n",
                " ",
                "(",
                ")",
                "$(",
                "\"$(",
                "${E:-",
                "${E}",
                "}",
                "$",
                "$E",
                "<",
                ">",
                "&&",
                "|",
                "[",
                "]",
                "{",
                "`",
                "case x in x) ",
                "x",
                "printf %s ",
                "\t",
                "\r",
                "=",
                "!",
                "~",
                ":",
                "((",
                "))",
                "<<",
                "E='",
                "'#",
                "\"#",
                ")#",
                "}#",
            ])
        };
        let parts =
            |count| prop::collection::vec(part(), 0..count).prop_map(|parts| parts.concat());
        let path = prop::sample::select(vec!["{tree}", "'{tree}'", "\"{tree}\"", "{tree}'{tree}"]);
        (parts(5), path, parts(4))
            .prop_map(|(before, path, after)| format!("printf '<%s>' {before}{path}{after}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

        #[test]
        fn shells_read_the_path_that_was_meant(script in script(), tree in folder()) {
            let script = in_shell(&script, &tree).unwrap();
            for shell in shells() {
                let output = run(shell, &script);
                let said = String::from_utf8_lossy(&output.stdout).into_owned();
                prop_assert_eq!(said, format!("{}/x", &tree), "{}: {} {:?}", shell, script, output);
            }
        }

    }

    proptest! {
        // Few of them are scripts that are understood.
        #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

        #[test]
        fn no_script_runs_the_path_or_changes_it(script in jumble()) {
            const TREE: &str = "/Q a'b\"$(touch marker)`touch marker`\\\ntouch marker\n;#$E\\";
            if let Ok(filled) = in_shell(&script, TREE) {
                for shell in shells() {
                    let said = run(shell, &filled).stdout;
                    let said = String::from_utf8_lossy(&said).into_owned();
                    // Where quotes are taken for others, it is printed otherwise.
                    let mut paths = said.match_indices("/Q");
                    prop_assert!(paths.all(|(at, _)| said[at..].starts_with(TREE)), "{}: {}: {}", shell, filled, said);
                }
            }
        }
    }

    #[test]
    fn a_word_keeps_the_path_as_it_is() {
        for tree in HOSTILE {
            let filled = directly(&["x", "--file={tree}/a-b", "-c"], tree).unwrap();
            assert_eq!(filled[1], format!("--file={tree}/a-b"));
            for shell in [
                &["nice", "/bin/sh", "-ec"][..],
                &["sh", "-ce"],
                &["bash", "-cx"],
                &["bash", "-c", "--"],
                &["sh", "-c", "-e"],
                &["bash", "--norc", "-eo", "pipefail", "-c"],
            ] {
                let filled = directly(&[shell, &["{tree}/x"]].concat(), tree).unwrap();
                let word = shell_words::split(filled.last().unwrap()).unwrap();
                assert_eq!(word, [format!("{tree}/x")], "{shell:?}");
            }
            for words in [
                &["sh", "{tree}/x", "-c"][..],
                &["sh", "-c", "cd \"$1\" && ./x", "x", "{tree}"],
                &["find", "{tree}", "-name", "x"],
                &["grep", "-r", "sh", "{tree}"],
                &["env", "DIR={tree}", "{tree}/x"],
            ] {
                let filled = directly(words, tree).unwrap();
                let meant: Vec<_> = words.iter().map(|w| w.replace("{tree}", tree)).collect();
                assert_eq!(filled, meant);
            }
        }
        let settings = directly(&["x", "-c", "{tree}/x"], "/Jane Doe").unwrap();
        assert_eq!(settings[2], "/Jane Doe/x");
    }

    #[test]
    fn what_would_be_code_is_refused_unless_the_path_is_plain() {
        let scripts = [
            "sh -c 'ls {tree}'",
            "eval ls {tree}",
            "true;eval ls {tree}",
            "ls `echo {tree}`",
            "cat <<END\n{tree}\nEND",
            "cat <\\\n<END\n{tree}\nEND",
            "ls \"$(echo {tree})\"",
            "ls \"$(dirname \"{tree}/run.sh\")\"",
            "test -e \"${X:-\"{tree}\"}\"",
            "echo $(({tree}))",
            "echo ${tree}",
            "a[{tree}]=1",
            "[[ {tree} -eq 1 ]]",
            "true;# it's\necho {tree} '",
            "echo \\ #'\n{tree} '",
            "python3 -c 'open(\"{tree}\")'",
            "echo {tree}/x | sh",
            "ssh host ls {tree}",
            "env -S{tree}",
            "PS4={tree} bash -x x",
            "find {tree} -exec sh -c 'ls {}' ';'",
            "echo {tree} | xargs -I% sh -c 'ls %'",
            "echo \\{tree}",
            "echo '{tree}",
        ];
        for script in scripts {
            assert!(in_shell(script, "/a b").is_err(), "{script}");
            assert!(in_shell(script, "/a-b/c").is_ok(), "{script}");
        }
        let script = place("ls {tree}");
        assert!(in_script(&["fish".to_owned()], &script, "/a'").is_err());
        assert!(in_script(&["fish".to_owned()], &script, "/a").is_ok());
        for words in [
            &["python3", "-c", "open('{tree}')"][..],
            &["perl", "-e", "{tree}"],
            &["perl", "-e{tree}"],
            &["su", "-c", "ls {tree}"],
            &["sh", "-c", "eval \"$1\"", "x", "{tree}"],
            &["find", "{tree}", "-exec", "sh", "-c", "ls {}", ";"],
            &["env", "BASH_ENV={tree}", "bash", "x"],
            &["env", "-S", "{tree}"],
            &["watch", "{tree}/x"],
            &["hyperfine", "{tree}/x --option"],
        ] {
            assert!(directly(words, "/a'b").is_err(), "{words:?}");
            assert!(directly(words, "/ab").is_ok(), "{words:?}");
        }
    }
}
