//! Revisions: where they are checked out, what is left of them, and that nothing runs but
//! what was asked for.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{Answer, Folder, Guarded, eventually, git};
use perfkit::report::NoteCode;

/// A repository with a revision whose `run.sh` is quick, and a tree whose is not.
fn repository(directory: &Path) {
    std::fs::create_dir_all(directory).unwrap();
    script(directory, "exit 0");
    git(directory, &["init", "-q"]);
    git(directory, &["add", "-A"]);
    git(directory, &["commit", "-q", "-m", "first"]);
    script(directory, "exec sleep 0.01");
}

fn script(directory: &Path, body: &str) {
    let path = directory.join("run.sh");
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn perfkit(folder: &Folder, directory: &Path, arguments: &[&str]) -> Answer {
    let mut command = folder.perfkit(arguments);
    command.current_dir(directory);
    Answer::of(command)
}

/// The folders of repositories in the cache.
fn cached(folder: &Folder) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.cache().join("perfkit"));
    let entries = entries.into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Makes everything in a repository that git could start leave a mark.
fn make_hostile(directory: &Path, marks: &Path) {
    std::fs::create_dir_all(marks).unwrap();
    let mark = |name: &str| format!("touch {}/{name}; cat", marks.display());
    let hooks = marks.with_extension("hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    for hook in [
        "post-checkout",
        "post-index-change",
        "reference-transaction",
        "post-commit",
        "pre-auto-gc",
    ] {
        for folder in [&hooks, &directory.join(".git/hooks")] {
            std::fs::create_dir_all(folder).unwrap();
            let path = folder.join(hook);
            std::fs::write(&path, format!("#!/bin/sh\n{}\n", mark(hook))).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    let hooks = hooks.display().to_string();
    let names = [
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "filter.e.v=il.clean",
        "filter.e.v=il.smudge",
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "core.askPass",
        "core.gitProxy",
        "diff.external",
        "diff.evil.textconv",
        "diff.evil.command",
        "credential.helper",
        "gpg.program",
        "pager.rev-parse",
        "pager.status",
        "uploadpack.packObjectsHook",
        "remote.origin.uploadpack",
    ];
    for name in names {
        let file = name.replace('=', "-");
        let value = match name {
            "credential.helper" => format!("!{}", mark(&file)),
            _ => mark(&file),
        };
        git(directory, &["config", name, &value]);
    }
    git(directory, &["config", "filter.evil.required", "true"]);
    git(directory, &["config", "core.hooksPath", &hooks]);
    git(directory, &["config", "alias.status", "!touch alias"]);
    git(
        directory,
        &["config", "remote.origin.url", "ssh://localhost/x"],
    );
    git(directory, &["config", "remote.origin.promisor", "true"]);
    git(directory, &["config", "extensions.partialClone", "origin"]);
    std::fs::write(
        directory.join(".gitattributes"),
        "*.sh filter=evil diff=evil\n*.txt filter=e.v=il\n",
    )
    .unwrap();
}

#[test]
fn nothing_runs_that_a_repository_names() {
    let folder = Folder::new();
    let tree = folder.path("tree");
    repository(&tree);
    std::fs::write(tree.join("a.txt"), "text").unwrap();
    std::fs::write(
        tree.join(".gitattributes"),
        "*.sh filter=evil\n*.txt filter=e.v=il\n",
    )
    .unwrap();
    git(&tree, &["add", "-A"]);
    git(&tree, &["commit", "-q", "-m", "attributes"]);
    let marks = folder.path("marks");
    make_hostile(&tree, &marks);
    // What looks changed, and is not, git would put through its filters.
    for name in ["run.sh", "a.txt"] {
        let content = std::fs::read(tree.join(name)).unwrap();
        std::fs::write(tree.join(name), content).unwrap();
    }
    let base = [
        "compare",
        "--base",
        "HEAD",
        "{tree}/run.sh",
        "-r",
        "2",
        "--format",
        "json",
    ];
    let answer = perfkit(&folder, &tree, &base).exits_with(0);
    let notes = answer.report().notes;
    assert!(
        notes
            .iter()
            .any(|note| note.code == NoteCode::FiltersNotRun),
        "{notes:?}"
    );
    perfkit(
        &folder,
        &tree,
        &["compare", "--base", "HEAD~1", "{tree}/run.sh", "-r", "2"],
    );
    let dirty = perfkit(
        &folder,
        &tree,
        &["compare", "true", "-r", "1", "--format", "json"],
    );
    let environment = dirty.exits_with(0).report().environment;
    assert_eq!(
        environment.git.unwrap().dirty,
        Some(true),
        "the attributes differ"
    );
    perfkit(&folder, &tree, &["run", "--", "true"]);
    let rule = "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"500%\"\n";
    std::fs::write(tree.join("perfkit.toml"), rule).unwrap();
    let gate = ["gate", "--base", "HEAD", "{tree}/run.sh", "--time", "100ms"];
    perfkit(&folder, &tree, &gate).exits_with(0);
    perfkit(&folder, &tree, &["clean"]).exits_with(0);

    let left: Vec<_> = std::fs::read_dir(&marks).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    // The marks would have been made: git itself makes one.
    let mut status = Command::new("git");
    status.current_dir(&tree).arg("status");
    let _ = status.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(
        std::fs::read_dir(&marks).unwrap().count() > 0,
        "nothing was hostile"
    );
}

#[test]
fn the_path_of_a_tree_is_never_code() {
    let folder = Folder::new();
    let marker = folder.path("marker");
    let hostile = "it's $(touch marker) `touch marker` \"a b\" ; touch marker #";
    let tree = folder.path(hostile);
    repository(&tree);
    let base = |arguments: &[&str]| {
        let first = ["compare", "--base", "HEAD", "-r", "2", "--format", "json"];
        perfkit(&folder, &tree, &[&first, arguments].concat())
    };
    base(&["{tree}/run.sh"]).exits_with(0);
    base(&["sh -c '{tree}/run.sh && cd \"{tree}\"'"]).exits_with(0);
    base(&[
        "-S",
        "sh",
        "{tree}/run.sh; '{tree}/run.sh'; cd \"{tree}\" && ./run.sh",
    ])
    .exits_with(0);
    let hooks = [
        "-s",
        "test -x {tree}/run.sh",
        "-p",
        "cd {tree}",
        "-C",
        "cd '{tree}'",
    ];
    base(
        &[
            &hooks[..],
            &["--cleanup", "test -d \"{tree}\"", "{tree}/run.sh"],
        ]
        .concat(),
    )
    .exits_with(0);
    for script in [
        "sh -c '{tree}/run.sh'",
        "ls \"$(dirname \"{tree}/run.sh\")\"",
        "test -e \"${X:-\"{tree}\"}\"",
        "eval '{tree}/run.sh'",
        "cat > /dev/null <<END\n{tree}\nEND\nprintf {tree}/run.sh | sh",
        "awk 'BEGIN { exit system(\"{tree}/run.sh\") }'",
        "cd {tree} && [ \"$(pwd -P)\" = \"$(dirname \"$(realpath {tree}/run.sh)\")\" ]",
    ] {
        base(&["-S", "sh", script]).exits_with(0);
    }
    for shell in ["sh -ce {tree}/run.sh", "bash -c -- {tree}/run.sh"] {
        base(&[shell]).exits_with(0);
    }
    // The links are gone with the comparison, and one that is no help is refused.
    let temporary = folder.path("a b");
    std::fs::create_dir(&temporary).unwrap();
    let mut command = folder.perfkit(["compare", "--base", "HEAD", "-r", "1", "ls {tree}"]);
    command.current_dir(&tree).env("TMPDIR", &temporary);
    Answer::of(command)
        .exits_with(2)
        .complains("it may be read as code")
        .complains("set TMPDIR to a folder whose path has only ASCII letters, digits and /._-+,");
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
    assert!(!marker.exists() && !tree.join("marker").exists());
}

#[test]
fn a_revision_lies_outside_of_the_tree_and_is_cleaned() {
    let folder = Folder::new();
    let tree = folder.path("a tree");
    repository(&tree);
    git(&tree, &["tag", "v1"]);
    let before = git(&tree, &["status", "--porcelain"]);
    let here = |arguments: &[&str]| perfkit(&folder, &tree, arguments);
    let compare = ["compare", "--base", "HEAD", "-r", "1", "{tree}/run.sh"];
    here(&compare).exits_with(0);
    assert_eq!(git(&tree, &["worktree", "list"]).lines().count(), 1);
    assert_eq!(git(&tree, &["status", "--porcelain"]), before);
    let [cache] = &cached(&folder)[..] else {
        panic!("{:?}", cached(&folder));
    };
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(cache), 0o700);
    assert_eq!(mode(cache.parent().unwrap()), 0o700);
    // What builds ask git for is there.
    let checked_out = cache.join("tree");
    assert_eq!(
        git(&checked_out, &["describe", "--tags", "--dirty"]).trim(),
        "v1"
    );
    assert_eq!(
        git(&checked_out, &["rev-parse", "HEAD"]),
        git(&tree, &["rev-parse", "HEAD"])
    );

    // Whatever an interrupted run or a build left, the next begins anew with.
    std::fs::write(checked_out.join(".git/index.lock"), "").unwrap();
    std::fs::write(checked_out.join("run.sh"), "exit 1").unwrap();
    std::fs::write(checked_out.join("untracked"), "").unwrap();
    here(&compare).exits_with(0);
    assert!(!checked_out.join("untracked").exists());
    std::fs::write(checked_out.join(".git/HEAD"), "nonsense").unwrap();
    std::fs::remove_dir_all(checked_out.join(".git/objects")).unwrap();
    here(&compare).exits_with(0);

    here(&["clean"]).exits_with(0).says("removed ");
    assert_eq!(cached(&folder), Vec::<PathBuf>::new());
    here(&["clean"]).exits_with(0).says("nothing to remove");

    // Without its repository, a folder is removed by whoever comes next.
    here(&compare).exits_with(0);
    let other = folder.path("other");
    std::fs::rename(&tree, &other).unwrap();
    perfkit(&folder, &other, &compare).exits_with(0);
    assert_eq!(cached(&folder).len(), 1);
    perfkit(&folder, &folder.cache(), &["clean"])
        .exits_with(2)
        .complains("--all");
    perfkit(&folder, &folder.cache(), &["clean", "--all"])
        .exits_with(0)
        .says("removed ");
    assert_eq!(cached(&folder), Vec::<PathBuf>::new());
}

#[test]
fn revisions_are_named_as_git_knows_them() {
    let folder = Folder::new();
    let tree = folder.path("tree");
    repository(&tree);
    git(&tree, &["tag", "-a", "-m", "first", "v1"]);
    git(&tree, &["commit", "-q", "-a", "-m", "second"]);
    for base in [":/first", "HEAD^{/first}", "v1", "@~1", "HEAD^"] {
        let line = ["compare", "--base", base, "-r", "1", "ls {tree}"];
        perfkit(&folder, &tree, &line).exits_with(0);
        let [cache] = &cached(&folder)[..] else {
            panic!("{:?}", cached(&folder));
        };
        let subject = git(&cache.join("tree"), &["log", "-1", "--format=%s"]);
        assert_eq!(subject, "first\n", "{base}");
    }
    for base in [":/third", "HEAD:run.sh", "HEAD..v1", "--all", "-h", ""] {
        let line = ["compare", &format!("--base={base}"), "-r", "1", "ls {tree}"];
        perfkit(&folder, &tree, &line)
            .exits_with(2)
            .complains("no such revision");
    }
}

#[test]
fn revisions_are_told_with_what_they_say_of_themselves() {
    let folder = Folder::new();
    let tree = folder.path("tree");
    repository(&tree);
    let subject = format!("Reads <b>\u{1b}[31m`twice` as {}", "fast ".repeat(500));
    git(&tree, &["commit", "-q", "-a", "-m", &subject]);
    // What names a program is not asked.
    git(&tree, &["config", "log.showSignature", "true"]);
    let line = ["compare", "--base", "HEAD^", "-r", "2", "ls {tree}"];
    let formats = ["--export-json", "saved.json", "--export-html", "page.html"];
    let told = perfkit(&folder, &tree, &[&line[..], &formats].concat());
    let told = told.exits_with(0).stdout;
    assert!(told.contains(" (first), head `"), "{told}");
    assert!(told.contains(" (Reads <b>"), "{told}");
    assert!(!told.contains("\u{1b}[31m") && told.len() < 4000, "{told}");
    let saved = std::fs::read_to_string(tree.join("saved.json")).unwrap();
    let report = perfkit::Report::from_json(saved.as_bytes()).unwrap();
    assert_eq!(report.base.unwrap().subject.as_deref(), Some("first"));
    assert!(report.environment.git.unwrap().subject.unwrap().len() < 300);
    let page = std::fs::read_to_string(tree.join("page.html")).unwrap();
    assert!(
        page.contains("(first)") && page.contains("&#60;b&#62;"),
        "{page}"
    );
    assert!(
        page.contains("<h1>Comparison: ls {tree} against HEAD^</h1>") && !page.contains("<b>`")
    );
}

#[test]
fn two_at_once_and_one_that_is_killed_do_no_harm() {
    let folder = Folder::new();
    let tree = folder.path("tree");
    repository(&tree);
    script(&tree, "touch ../started; exec sleep 1000");
    let mut first = folder.perfkit(["compare", "--base", "HEAD", "-r", "1", "{tree}/run.sh"]);
    first
        .current_dir(&tree)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let first = Guarded(first.spawn().unwrap());
    assert!(eventually(|| folder.path("started").exists()));
    let second = ["compare", "--base", "HEAD", "-r", "1", "ls {tree}"];
    perfkit(&folder, &tree, &second)
        .exits_with(4)
        .complains("another perfkit");
    perfkit(&folder, &tree, &["clean"])
        .exits_with(4)
        .complains("which stays");
    // Another repository is not concerned.
    let other = folder.path("other");
    repository(&other);
    perfkit(&folder, &other, &second).exits_with(0);
    // What it measured outlives perfkit's own sudden end, and is no part of this.
    let children = Command::new("pgrep")
        .args(["-P", &first.0.id().to_string()])
        .output();
    drop(first);
    for child in String::from_utf8_lossy(&children.unwrap().stdout).split_whitespace() {
        let _ = Command::new("kill").args(["-9", child]).status();
    }
    perfkit(&folder, &tree, &second).exits_with(0);
    assert_eq!(git(&tree, &["worktree", "list"]).lines().count(), 1);
}
