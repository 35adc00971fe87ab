//! The mistakes that people make most: each ends at once with what was wrong and what to write.

use crate::support::Folder;

/// Command lines, the exit code, and what standard error has to say.
const MISTAKES: [(&str, i32, &str); 58] = [
    // A command that is not one word.
    ("compare sleep 0.1", 5, "perfkit compare 'sleep 0.1'"),
    ("compare ls -la", 2, "perfkit compare 'ls -la'"),
    ("compare grep -v x", 5, "a command is one quoted word"),
    (
        "compare true --time 5 minutes",
        5,
        "the program `minutes` was not found",
    ),
    ("compare -N echo hello", 5, "perfkit compare 'echo hello'"),
    ("compare ''", 2, "a command is empty"),
    ("compare 'true &'", 2, "add `-S sh`"),
    ("compare 'A=1 true'", 2, "add `-S sh`"),
    ("compare 'ls | wc'", 2, "the shell syntax `|`"),
    (r#"compare "echo 'x""#, 2, "a quote that is not closed"),
    (
        "compare nosuch true",
        5,
        "the program `nosuch` was not found",
    ),
    (
        "compare ./nosuch true",
        5,
        "the program `./nosuch` was not found",
    ),
    ("compare ./folder true", 5, "`./folder` may not be executed"),
    ("compare false", 5, "`-i` goes on after a failed run"),
    // Nothing to do.
    ("compare", 2, "perfkit compare './old FILE' './new FILE'"),
    ("report", 2, "<FILE>"),
    ("gate", 2, "perfkit gate --base REV"),
    ("run", 2, "perfkit run -- <COMMAND>"),
    ("run ./server", 2, "perfkit run -- ./server"),
    ("run -- nosuch", 5, "the program `nosuch` was not found"),
    ("-q", 2, "requires a subcommand"),
    // Words that are nearly right.
    ("compre true", 2, "'compare'"),
    ("compare --basline main true", 2, "'--baseline'"),
    ("compare --warm-up 3 true", 2, "'--warmup'"),
    ("compare --run 3 true", 2, "'--runs'"),
    ("compare --format yaml true", 2, "markdown"),
    ("init --ci travis", 2, "github, gitlab"),
    ("completions tcsh", 2, "zsh"),
    ("export --to prom r.json", 2, "prometheus"),
    ("export r.json", 2, "--to <TO>"),
    // Numbers.
    ("compare true -r ten", 2, "`ten` is no number of runs"),
    ("compare true -r 0", 2, "at least 1 run"),
    ("compare true -r -5", 2, "`-5` is no number of runs"),
    ("compare true -r 1.5", 2, "`1.5` is no number of runs"),
    ("compare true --runs", 2, "a value is required"),
    ("compare true -m 9 -M 3", 2, "at least 9 and at most 3 runs"),
    ("compare true --time 5x", 2, "is not a duration"),
    ("compare true --time -1s", 2, "--time"),
    ("compare true --confidence 99", 2, "write `99%`"),
    ("compare true --confidence 2%", 2, "--confidence"),
    ("compare true --indifference 5", 2, "write `5%`"),
    ("compare true -i=x", 2, "-i=1,2"),
    // Parameters and names.
    (
        "compare -L n 1,2 true",
        2,
        "the parameter `n` is in no command",
    ),
    ("compare -L n true", 2, "<COMMAND>"),
    ("compare -P n 10 1 'true {n}'", 2, "MIN ≤ MAX"),
    ("compare -P n 1 x 'true {n}'", 2, "`x` in --parameter-scan"),
    ("compare -D 2 true", 2, "--parameter-scan"),
    ("compare -L n 1 -L n 2 'true {n}'", 2, "given twice"),
    ("compare -n a -n b -n c true", 2, "--name is given 3 times"),
    ("compare -p a -p b true", 2, "--prepare is given 2 times"),
    ("compare --baseline 5 true true", 2, "the names are"),
    // Files.
    (
        "compare --export-json no/such/x.json true",
        2,
        "there is no folder",
    ),
    ("compare --export-json folder true", 2, "is a folder"),
    ("compare --plot x.pdf true true", 2, ".svg or .png"),
    ("compare --input nosuch.txt true", 4, "nosuch.txt"),
    ("report nosuch.json", 4, "cannot open nosuch.json"),
    ("report text.txt", 4, "no perfkit report"),
    ("compare text.json text.json", 4, "no perfkit report"),
];

#[test]
fn a_mistake_is_told_with_what_to_write_instead() {
    let folder = Folder::new();
    folder.write("text.txt", "hello");
    folder.write("text.json", "hello");
    std::fs::create_dir(folder.path("folder")).unwrap();
    let wrong: Vec<String> = MISTAKES
        .iter()
        .filter_map(|(line, code, says)| {
            let words = shell_words::split(line).unwrap();
            let answer = folder.run(words);
            let is_right = answer.code == Some(*code)
                && answer.stderr.contains(says)
                && answer.stdout.is_empty()
                && !answer.stderr.contains("panicked");
            (!is_right).then(|| format!("{line}: {code} and `{says}` expected: {answer:#?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn help_is_where_it_is_looked_for() {
    let folder = Folder::new();
    let long = folder.run(["compare", "--help"]).exits_with(0).stdout;
    assert_eq!(folder.run(["help", "compare"]).exits_with(0).stdout, long);
    for heading in [
        "What is compared:",
        "How much and how sure:",
        "How commands are run:",
        "The result:",
        "Options everywhere:",
    ] {
        assert!(long.contains(heading), "{heading}");
    }
    folder.run(["help"]).exits_with(0).says("compare");
    folder
        .run(["help", "nosuch"])
        .exits_with(2)
        .complains("nosuch");
}
