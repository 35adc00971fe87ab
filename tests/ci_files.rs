//! The files for CI services: the action, the workflows and the job are parsed, and their
//! scripts are run as they stand, in scratch repositories.
//!
//! What a runner does with expressions is done here: they stand only in `env`, `if`, `with`
//! and `working-directory`, and never in a script, where a name from outside would be code.

mod runner;

use std::process::Command;

use crate::support::{Folder, required, workspace};
use perfkit::report::{GateOutcome, Side};
use runner::{Runner, all_steps, read};

const ACTION: &str = ".github/actions/perfkit-gate/action.yml";
const COMMENT: &str = "ci/github/performance-comment.yml";
const GITLAB: &str = "ci/gitlab/perfkit-gate.yml";
const GITHUB: [&str; 4] = [
    ACTION,
    COMMENT,
    "ci/github/performance.yml",
    "ci/github/performance-shards.yml",
];

fn git(folder: &Folder, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder.path(""))
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
        .args(["-c", "protocol.file.allow=always"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn commit(folder: &Folder, message: &str) -> String {
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "--allow-empty", "-m", message]);
    git(folder, &["rev-parse", "HEAD"])
}

/// A repository with a script that can be measured, and a rule that it keeps.
fn repository() -> (Folder, String) {
    let folder = Folder::new();
    folder.script("run.sh", "exit 0");
    folder.write("perfkit.toml", KEPT);
    git(&folder, &["init", "-q", "-b", "main"]);
    let first = commit(&folder, "first");
    (folder, first)
}

const KEPT: &str = "[[budget]]\nbenchmark = \"*\"\nmax = \"< 1h\"\n";
const BROKEN: &str = "[[budget]]\nbenchmark = \"*\"\nmax = \"< 1ns\"\n";

#[test]
fn nothing_from_outside_is_code_and_every_action_is_a_commit() {
    for path in GITHUB {
        let text = std::fs::read_to_string(workspace().join(path)).unwrap();
        assert!(!text.contains("pull_request_target"), "{path}");
        assert!(!text.contains("secrets."), "{path}");
        let file = read(path);
        for step in all_steps(&file) {
            let script = step["run"].as_str().unwrap_or_default();
            assert!(!script.contains("${{"), "{path}: {script}");
            if let Some(uses) = step["uses"].as_str() {
                let (_, version) = uses.split_once('@').expect(uses);
                let is_commit =
                    version.len() == 40 && version.bytes().all(|b| b.is_ascii_hexdigit());
                assert!(is_commit || version == "REVISION", "{path}: {uses}");
            }
        }
    }
    for path in &GITHUB[1..] {
        let file = read(path);
        assert!(
            file["permissions"].is_object(),
            "{path}: permissions are those of the repository"
        );
    }
    let comment = read(COMMENT);
    assert_eq!(comment["permissions"], serde_json::json!({}));
    let permissions = &comment["jobs"]["comment"]["permissions"];
    let expected = serde_json::json!({ "actions": "read", "pull-requests": "write" });
    assert_eq!(*permissions, expected);
    assert!(comment["on"]["workflow_run"].is_object());
    let uses_checkout = all_steps(&comment).any(|step| step["uses"].is_string());
    assert!(!uses_checkout, "it needs nothing of the pull request");
}

/// Runs the action's scripts; what the gate came to, and the exit code of the last step.
fn run_action(folder: &Folder, values: &[(&str, &str)]) -> Runner {
    let mut runner = Runner::of(folder, ACTION);
    runner.set("inputs.perfkit", env!("CARGO_BIN_EXE_perfkit"));
    runner.set("inputs.command", "{tree}/run.sh");
    runner.set("inputs.time", "0.2s");
    for (name, value) in values {
        runner.set(name, value);
    }
    runner.run_all(&file_steps(ACTION));
    runner
}

fn file_steps(path: &str) -> Vec<serde_json::Value> {
    all_steps(&read(path)).cloned().collect()
}

#[test]
fn the_action_passes_and_fails_and_says_so() {
    let (folder, first) = repository();
    let second = commit(&folder, "second");
    let runner = run_action(&folder, &[("inputs.base", "HEAD~1")]);
    assert_eq!(runner.code, 0, "{}", runner.log);
    assert_eq!(runner.output("outcome"), "pass");
    assert_eq!(runner.output("exit-code"), "0");
    assert_eq!(runner.get("steps.base.outputs.commit"), first);
    assert_eq!(runner.get("steps.base.outputs.head"), second);
    assert!(runner.log.contains(&format!("base {first}, head {second}")));
    let files = [
        "report.json",
        "result.json",
        "summary.md",
        "page.html",
        "junit.xml",
    ];
    for file in files {
        assert!(
            runner.file(&format!("perfkit-gate/{file}")).exists(),
            "{file}"
        );
    }
    assert!(runner.summary().starts_with("**Gate passed:**"));
    let revisions = |end: &str| {
        let (base, head) = (&first[..12], &second[..12]);
        format!("Base <code>{base}</code> (first), head <code>{head}</code> (second){end}")
    };
    assert!(
        runner.summary().contains(&revisions(".")),
        "{}",
        runner.summary()
    );
    let page = std::fs::read_to_string(runner.file("perfkit-gate/page.html")).unwrap();
    assert!(page.contains(&first[..12]) && page.contains(&second[..12]));

    folder.write("perfkit.toml", BROKEN);
    let runner = run_action(&folder, &[("inputs.base", "HEAD~1")]);
    assert_eq!(runner.code, 1, "{}", runner.log);
    assert_eq!(runner.output("outcome"), "fail");
    assert!(runner.summary().starts_with("**Gate failed:**"));
    assert!(
        runner
            .summary()
            .contains(&revisions(" with changes that are not committed."))
    );
    assert!(runner.log.contains("::error title=perfkit gate::"));
    let result = perfkit::Report::load(runner.file("perfkit-gate/result.json")).unwrap();
    assert_eq!(result.gate.unwrap().outcome, GateOutcome::Fail);

    // Options are words of their own, whatever they hold.
    folder.write("strict rules.toml", BROKEN);
    let values = [
        ("inputs.base", "HEAD~1"),
        ("inputs.config", "no such; touch taken"),
        ("inputs.strict", "true"),
    ];
    let runner = run_action(&folder, &values);
    assert_eq!(runner.output("outcome"), "error");
    assert!(runner.code > 1, "{}", runner.log);
    assert!(!folder.path("taken").exists());
    let values = [
        ("inputs.base", "HEAD~1"),
        ("inputs.config", "strict rules.toml"),
    ];
    assert_eq!(run_action(&folder, &values).code, 1);
}

/// The base is what a pull request is to be merged into, also in a clone without history.
#[test]
fn the_action_finds_the_base_of_a_pull_request_and_of_a_push() {
    let (folder, first) = repository();
    git(
        &folder,
        &["config", "uploadpack.allowReachableSHA1InWant", "true"],
    );
    git(&folder, &["checkout", "-q", "-b", "change"]);
    let change = commit(&folder, "change");
    git(&folder, &["checkout", "-q", "main"]);
    let main = commit(&folder, "main");
    git(
        &folder,
        &["merge", "-q", "--no-ff", "-m", "merge", "change"],
    );

    let base = |folder: &Folder, values: &[(&str, &str)]| {
        let mut runner = Runner::of(folder, ACTION);
        for (name, value) in values {
            runner.set(name, value);
        }
        runner.run_all(&file_steps(ACTION)[..1]);
        (
            runner.code,
            runner.get("steps.base.outputs.commit"),
            runner.log.clone(),
        )
    };
    let merge = git(&folder, &["rev-parse", "HEAD"]);
    let pull_request = [
        ("github.event_name", "pull_request"),
        ("github.sha", &merge),
        ("github.event.pull_request.base.sha", &first),
    ];
    let found = base(&folder, &pull_request);
    assert_eq!(found.1, main, "the merge's first parent: {}", found.2);

    let clone = Folder::new();
    let origin = format!("file://{}", folder.path("").display());
    git(&clone, &["clone", "-q", "--depth", "1", &origin, "."]);
    assert_eq!(base(&clone, &pull_request).1, main, "it is fetched");
    let runner = run_action(&clone, &pull_request);
    assert_eq!(runner.code, 0, "{}", runner.log);
    assert_eq!(base(&clone, &[("inputs.base", "change")]).1, change);
    assert_eq!(base(&clone, &[("inputs.base", &first)]).1, first);

    git(&folder, &["checkout", "-q", "change"]);
    let pushed = [("github.event.before", first.as_str())];
    assert_eq!(base(&folder, &pushed).1, first);
    let new_branch = [(
        "github.event.before",
        "0000000000000000000000000000000000000000",
    )];
    let (code, _, log) = base(&folder, &new_branch);
    assert!(
        code == 2 && log.contains("there is nothing to compare with"),
        "{log}"
    );
    let (code, _, log) = base(&folder, &[("inputs.base", "--upload-pack=touch taken")]);
    assert!(code == 2 && log.contains("no revision"), "{log}");
    let (code, _, log) = base(&folder, &[("inputs.base", "nowhere")]);
    assert!(
        code == 2 && log.contains("is not in the repository"),
        "{log}"
    );
}

#[test]
fn inputs_of_the_action_are_understood_or_refused() {
    let (folder, first) = repository();
    commit(&folder, "second");
    let tool = folder.script("tool", "printf '%s\\n' \"$@\"");
    let run = |name: &str, value: &str| {
        let mut runner = Runner::of(&folder, ACTION);
        runner.set("inputs.perfkit", tool.to_str().unwrap());
        runner.set("inputs.base", &first);
        runner.set(name, value);
        runner.run_all(&file_steps(ACTION));
        runner
    };
    for list in ["a  b", "a\nb\n", "  a\n\n  b"] {
        let log = run("inputs.packages", list).log;
        assert!(log.contains("--package=a\n--package=b\n--"), "{log}");
        let log = run("inputs.features", list).log;
        assert!(log.contains("--features=a\n--features=b\n--"), "{log}");
    }
    for (strict, is_strict) in [("true", true), ("false", false), ("", false)] {
        let runner = run("inputs.strict", strict);
        assert_eq!(runner.code, 0, "{}", runner.log);
        assert_eq!(runner.log.contains("--strict\n"), is_strict, "{strict}");
    }
    for strict in ["yes", "1", "TRUE", "true\n"] {
        let runner = run("inputs.strict", strict);
        let why = "the input strict is neither true nor false";
        assert!(runner.code == 2 && runner.log.contains(why), "{strict}");
        assert_eq!(runner.output("outcome"), "error");
        let is_told_first = !runner.log.contains("--version");
        assert!(is_told_first, "{strict}: {}", runner.log);
    }
}

/// The first parent of a merge that somebody pushed is the branch itself, earlier.
#[test]
fn the_action_takes_no_merge_for_one_that_github_made() {
    let (folder, first) = repository();
    let main = commit(&folder, "main");
    git(&folder, &["checkout", "-q", "-b", "change", &first]);
    commit(&folder, "change");
    git(&folder, &["merge", "-q", "--no-ff", "-m", "merge", "main"]);
    let merge = git(&folder, &["rev-parse", "HEAD"]);
    let base = |values: &[(&str, &str)]| {
        let mut runner = Runner::of(&folder, ACTION);
        for (name, value) in values {
            runner.set(name, value);
        }
        runner.run_all(&file_steps(ACTION)[..1]);
        assert_eq!(runner.code, 0, "{}", runner.log);
        runner.get("steps.base.outputs.commit")
    };
    let of_event = ("github.event.pull_request.base.sha", main.as_str());
    let checked_out_by_hand = [("github.event_name", "pull_request"), of_event];
    assert_eq!(base(&checked_out_by_hand), main);
    let on_target = [
        ("github.event_name", "pull_request_target"),
        ("github.sha", &merge),
        of_event,
    ];
    assert_eq!(base(&on_target), main);
    let push = [
        ("github.event_name", "push"),
        ("github.sha", &merge),
        ("github.event.before", &first),
    ];
    assert_eq!(base(&push), first);
}

/// A package with a benchmark, which the action has built in both revisions.
#[test]
fn the_action_builds_and_measures_the_benchmarks_of_a_package() {
    let folder = Folder::new();
    for inner in ["benches", "src"] {
        std::fs::create_dir(folder.path(inner)).unwrap();
    }
    let core = workspace().join("perfkit-core");
    let manifest = format!(
        "[package]\nname = \"measured\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [dependencies]\nperfkit-core = {{ path = {core:?}, default-features = false, features = [\"bench\"] }}\n\
         [[bench]]\nname = \"work\"\nharness = false\n\
         [profile.bench]\nopt-level = 0\n[workspace]\n"
    );
    folder.write("Cargo.toml", &manifest);
    folder.write("src/lib.rs", "");
    folder.write(".gitignore", "/target\n");
    let lock = std::fs::read_to_string(workspace().join("Cargo.lock")).unwrap();
    folder.write("Cargo.lock", &lock);
    folder.write(
        "benches/work.rs",
        "fn main() {\n    perfkit::bench::main(|bench| {\n        bench.group(\"work\", |group| {\n            group.add(\"one\", || std::hint::black_box(1));\n            group.add(\"two\", || 2);\n        });\n    });\n}\n",
    );
    folder.write(
        "perfkit.toml",
        "[[regression]]\nbenchmark = \"*\"\nmax_slowdown = \"100000%\"\n",
    );
    git(&folder, &["init", "-q"]);
    commit(&folder, "first");
    folder.write("src/lib.rs", "// A change.\n");
    commit(&folder, "second");
    let values = [
        ("inputs.base", "HEAD~1"),
        ("inputs.command", ""),
        ("inputs.bench", "one"),
        ("inputs.packages", "measured"),
    ];
    let runner = run_action(&folder, &values);
    assert_eq!(runner.code, 0, "{}", runner.log);
    let report = perfkit::Report::load(runner.file("perfkit-gate/report.json")).unwrap();
    assert!(
        report
            .benchmarks
            .iter()
            .all(|b| b.name.starts_with("work/one"))
    );

    folder.write("perfkit.toml", BROKEN);
    let runner = run_action(&folder, &values);
    assert_eq!(runner.code, 1, "{}", runner.log);
    let annotation = "::error file=benches/work.rs,line=4,title=perfkit gate::work/one: ";
    assert!(runner.log.contains(annotation), "{}", runner.log);
    shared(&folder);
}

/// Three jobs share two benchmarks: each is measured by one of them, and those that have
/// none say so.
fn shared(folder: &Folder) {
    let rule = |name: &str| {
        format!("[[regression]]\nbenchmark = \"{name}\"\nmax_slowdown = \"100000%\"\n")
    };
    folder.write("perfkit.toml", &(rule("work/one") + &rule("work/t?o")));
    let mut names = Vec::new();
    let mut files = Vec::new();
    for number in 1..=3 {
        let values = [
            ("inputs.base", "HEAD~1"),
            ("inputs.command", ""),
            ("inputs.strict", "true"),
            ("inputs.shard", &format!("{number}/3")),
        ];
        let runner = run_action(folder, &values);
        assert_eq!(runner.code, 0, "{}", runner.log);
        let name = format!("shard-{number}.json");
        std::fs::copy(runner.file("perfkit-gate/report.json"), folder.path(&name)).unwrap();
        let mut here = folder.report(&name).benchmarks;
        here.retain(|b| b.side == Some(Side::Candidate));
        let told = match here.len() {
            0 => format!("Shard {number}/3 has none of 2 benchmarks: other shards have them."),
            some => format!("Shard {number}/3 has {some} of 2 benchmarks."),
        };
        assert!(runner.summary().contains(&told), "{}", runner.summary());
        if here.is_empty() {
            let passed = "**Gate passed:** there was nothing to check.";
            assert!(runner.summary().starts_with(passed));
            crate::support::assert_fits_schema(&folder.read(&name));
            let shard = format!("{number}/3");
            folder
                .run(["compare", "--base", "HEAD~1", "--shard", &shard, "--strict"])
                .exits_with(0)
                .says(&told);
        }
        names.extend(here.into_iter().map(|b| b.name));
        files.push(name);
    }
    names.sort();
    assert_eq!(names, ["work/one", "work/two"]);

    let judge = |files: &[String]| {
        let files = files.iter().map(String::as_str);
        folder.run(["gate"].into_iter().chain(files))
    };
    judge(&files).exits_with(0).says("Gate passed: 2 of 2");
    judge(&files[1..])
        .exits_with(4)
        .says("the report of `1/3` is missing");
    // A rule for nothing in any share is a mistake in each of them.
    folder.write("perfkit.toml", &rule("work/tow"));
    let gate = [
        "gate", "--base", "HEAD~1", "--time", "0.2s", "--shard", "1/3",
    ];
    let meant = "no benchmark matches; did you mean `work/two`?";
    folder.run(gate).exits_with(2).says(meant);
    folder.write(
        "perfkit.toml",
        "[[budget]]\nbenchmark = \"work/tow\"\nmean = \"< 1s\"\n",
    );
    folder.run(gate).exits_with(2).says(meant);
    let nothing = gate.into_iter().chain(["--bench", "nothing"]);
    folder
        .run(nothing)
        .exits_with(2)
        .complains("no benchmark whose name contains `nothing`");
}

/// The commands of the job, one after the other.
fn gitlab_script() -> String {
    let job = &read(GITLAB)["perfkit-gate"];
    let lines = job["script"].as_array().unwrap();
    let line = |line: &serde_json::Value| line.as_str().unwrap().to_owned() + "\n";
    lines.iter().map(line).collect()
}

/// No registry has these packages, and whoever registers such a name could run code.
#[test]
fn perfkit_is_installed_from_a_revision_and_never_by_its_name_alone() {
    let script = gitlab_script();
    let gitlab = script.lines().map(str::to_owned);
    let pages = ["README.md", "docs/gate.md", "docs/ci.md"].map(|path| {
        let text = std::fs::read_to_string(workspace().join(path)).unwrap();
        let is_of_a_job = |line: &&str| line.trim().starts_with("- run: ");
        text.lines()
            .filter(is_of_a_job)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    let lines = gitlab.chain(pages.into_iter().flatten());
    let installing: Vec<String> = lines.filter(|l| l.contains("cargo install")).collect();
    assert_eq!(installing.len(), 3, "{installing:?}");
    for line in installing {
        // The release profile leaves the command line unoptimised.
        let from =
            " --profile dist --git https://github.com/OWNER/perfkit --rev REVISION perfkit-cli";
        assert!(line.ends_with(from), "{line}");
    }
}

#[test]
fn the_gitlab_job_passes_and_fails_and_leaves_its_files() {
    let (folder, first) = repository();
    std::fs::create_dir(folder.path("-a package")).unwrap();
    folder.script("-a package/run.sh", "exit 0");
    folder.write("-a package/perfkit.toml", KEPT);
    let second = commit(&folder, "second");
    let job = &read(GITLAB)["perfkit-gate"];
    let script = gitlab_script();
    let run_in = |directory: &str, target: &str| {
        let binary = std::path::Path::new(env!("CARGO_BIN_EXE_perfkit"));
        let path = std::env::var("PATH").unwrap();
        let mut bash = Command::new("bash");
        bash.args(["-eo", "pipefail", "-c", &script])
            .current_dir(folder.path(""))
            .env(
                "PATH",
                format!("{}:{path}", binary.parent().unwrap().display()),
            )
            .env("XDG_CACHE_HOME", folder.cache())
            .env("CI_MERGE_REQUEST_DIFF_BASE_SHA", &first)
            .env("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", target)
            .env("GATE_DIRECTORY", directory)
            .env("GATE_OPTIONS", "--time 0.2s {tree}/run.sh");
        crate::support::Answer::of(bash)
    };
    let run = |target: &str| run_in(".", target);
    assert_eq!(job["variables"]["GATE_DIRECTORY"], ".");
    run("")
        .exits_with(0)
        .says(&format!("base {first}, head {second}"));
    // A merged result has what else the target branch got since.
    let third = commit(&folder, "third");
    run(&second)
        .exits_with(0)
        .says(&format!("base {second}, head {third}"));
    let artifacts = &job["artifacts"];
    assert_eq!(artifacts["when"], "always");
    let junit = artifacts["reports"]["junit"].as_str().unwrap();
    assert!(folder.read(junit).contains("failures=\"0\""));
    folder.write("perfkit.toml", BROKEN);
    run("").exits_with(1);
    assert!(folder.read(junit).contains("failures=\"1\""));
    assert!(folder.path("perfkit-gate/page.html").exists());
    // In a folder below the rules of that folder hold, and the files are where the artifact is from.
    drop(run_in("-a package", &second).exits_with(0));
    assert!(folder.read(junit).contains("failures=\"0\""));
}

/// A run of the workflow that comments, with a `gh` that answers from files.
struct Commenting {
    folder: Folder,
}

const SHA: &str = "1111111111111111111111111111111111111111";

impl Commenting {
    fn new() -> Self {
        let folder = Folder::new();
        std::fs::create_dir(folder.path("bin")).unwrap();
        folder.script(
            "bin/gh",
            r#"echo "$*" >> "$TEST/calls"
case "$*" in
  *"/pulls "*) cat "$TEST/pulls.json" ;;
  *"/artifacts?per_page="*) cat "$TEST/artifacts.json" ;;
  *"/artifacts/5/zip") cat "$TEST/artifact.zip" ;;
  *"/comments?per_page="*) cat "$TEST/comments.json" ;;
  *"--method P"*"-F body=@comment.md") cp comment.md "$TEST/posted.md" ;;
  *) exit 9 ;;
esac"#,
        );
        let pull = |number: u32, sha: &str, repository: &str| {
            let head = serde_json::json!({ "sha": sha, "repo": { "full_name": repository } });
            serde_json::json!({ "number": number, "head": head })
        };
        let pulls = serde_json::json!([
            pull(
                6,
                "2222222222222222222222222222222222222222",
                "fork/project"
            ),
            pull(7, SHA, "fork/project"),
        ]);
        folder.write("pulls.json", &pulls.to_string());
        folder.write("comments.json", "[]");
        let commenting = Self { folder };
        commenting.save_artifact("perfkit-gate", 1000);
        commenting
    }

    fn save_artifact(&self, name: &str, size: u64) {
        let artifact = serde_json::json!({
            "id": 5, "name": name, "expired": false, "size_in_bytes": size,
        });
        let all = serde_json::json!({ "artifacts": [artifact] });
        self.folder.write("artifacts.json", &all.to_string());
    }

    fn pack(&self, result: &str) {
        self.folder.write("result.json", result);
        let mut zip = Command::new("zip");
        let _ = std::fs::remove_file(self.folder.path("artifact.zip"));
        zip.args(["-q", "artifact.zip", "result.json"]);
        let status = zip.current_dir(self.folder.path("")).status();
        assert!(status.unwrap().success());
    }

    /// The log, the calls of `gh`, and the comment.
    fn run(&self) -> (Runner, String, Option<String>) {
        for file in ["calls", "posted.md"] {
            let _ = std::fs::remove_file(self.folder.path(file));
        }
        let mut runner = Runner::of(&self.folder, COMMENT);
        let path = std::env::var("PATH").unwrap();
        let bin = self.folder.path("bin");
        runner.variable("PATH", &format!("{}:{path}", bin.display()));
        runner.variable("TEST", self.folder.path(".").to_str().unwrap());
        let run = "github.event.workflow_run";
        for (name, value) in [
            ("github.token".to_owned(), "token"),
            ("github.repository".to_owned(), "owner/project"),
            (format!("{run}.id"), "99"),
            (format!("{run}.html_url"), "https://example.org/run/99"),
            (format!("{run}.head_sha"), SHA),
            (format!("{run}.head_repository.owner.login"), "fork"),
            (format!("{run}.head_repository.full_name"), "fork/project"),
            (format!("{run}.head_branch"), "a&b=$(touch taken)"),
        ] {
            runner.set(&name, value);
        }
        runner.environment_of(&read(COMMENT)["jobs"]["comment"]["env"]);
        runner.run_all(&file_steps(COMMENT));
        assert!(!self.folder.path("taken").exists() && !runner.file("taken").exists());
        let read = |name: &str| std::fs::read_to_string(self.folder.path(name)).ok();
        let (calls, posted) = (read("calls").unwrap_or_default(), read("posted.md"));
        (runner, calls, posted)
    }
}

/// A result of the real gate, on names as hostile as they come.
fn hostile_result() -> String {
    let folder = Folder::new();
    let hostile = "<img src=x>@everyone #1 [a](http://b) |\n::error::x `\u{202e}";
    folder
        .run([
            "compare",
            "true",
            "-r",
            "2",
            "-n",
            hostile,
            "--export-json",
            "r.json",
        ])
        .exits_with(0);
    folder.write("perfkit.toml", BROKEN);
    folder
        .run(["gate", "r.json", "--export-result", "result.json"])
        .exits_with(1);
    folder.read("result.json")
}

fn has_programs() -> bool {
    let is_there = |program: &&str| {
        let found = Command::new("sh")
            .args(["-c", &format!("command -v {program}")])
            .output();
        found.unwrap().status.success()
    };
    match ["jq", "unzip", "zip"].iter().find(|p| !is_there(p)) {
        None => true,
        Some(missing) => {
            required::skip(&format!("there is no {missing}"));
            false
        }
    }
}

#[test]
fn one_comment_is_kept_and_nothing_in_it_is_markup() {
    if !has_programs() {
        return;
    }
    let commenting = Commenting::new();
    commenting.pack(&hostile_result());
    let (runner, calls, posted) = commenting.run();
    assert_eq!(runner.code, 0, "{}", runner.log);
    let head = "-f head=fork:a&b=$(touch taken)";
    assert!(calls.contains(head), "{calls}");
    assert!(
        calls.contains("--method POST repos/owner/project/issues/7/comments"),
        "{calls}"
    );
    let posted = posted.unwrap();
    assert!(
        posted.starts_with(
            "<!-- perfkit-gate -->\n**Performance gate: failed** (1 checks, 0 passed)\n"
        )
    );
    assert!(
        posted.contains("| failed | <code>&#60;img src&#61;x&#62;&#64;everyone &#35;1 "),
        "{posted}"
    );
    assert!(posted.contains("max &#60; 1 ns"), "{posted}");
    let body = posted.replace("<!-- perfkit-gate -->", "");
    assert!(
        !body.contains(['@', '`', '\u{202e}']) && !body.contains("<img"),
        "{body}"
    );
    assert_eq!(body.matches("](").count(), 1, "the link of the run: {body}");

    // Its own comment is replaced, one that another wrote is not.
    let comment = |id: u32, login: &str| serde_json::json!({ "id": id, "user": { "login": login }, "body": "<!-- perfkit-gate -->\nold" });
    let comments = serde_json::json!([comment(3, "github-actions[bot]"), comment(4, "somebody")]);
    commenting
        .folder
        .write("comments.json", &comments.to_string());
    let (_, calls, _) = commenting.run();
    assert!(
        calls.contains("--method PATCH repos/owner/project/issues/comments/3 "),
        "{calls}"
    );
    assert!(!calls.contains("--method POST"), "{calls}");
}

#[test]
fn an_artifact_that_is_no_result_makes_no_comment() {
    if !has_programs() {
        return;
    }
    let commenting = Commenting::new();
    let is_silent = |why: &str| {
        let (runner, calls, posted) = commenting.run();
        assert_eq!(runner.code, 0, "{}", runner.log);
        assert!(runner.log.contains(why), "no {why:?} in {}", runner.log);
        assert!(posted.is_none() && !calls.contains("--method P"), "{calls}");
    };
    let good = hostile_result();
    for bad in [
        "",
        "{",
        "[]",
        &good.replace("perfkit/2", "perfkit/3"),
        &good.replace("\"subject\":", "\"subjects\":"),
        &good.replace("\"rule\": \"", "\"rule\": 1, \"r\": \""),
        &"[".repeat(100_000),
    ] {
        commenting.pack(bad);
        let why = match bad {
            "" => "has no result.json, or it is too large",
            _ => "result.json is no result of a gate",
        };
        is_silent(why);
    }
    commenting.pack(&format!("{good}{}", " ".repeat(5_000_001)));
    is_silent("has no result.json, or it is too large");
    commenting.folder.write("artifact.zip", "no archive");
    is_silent("has no result.json, or it is too large");

    commenting.pack(&good);
    commenting.save_artifact("perfkit-gate", 50_000_001);
    is_silent("or it is too large");
    commenting.save_artifact("another", 10);
    is_silent("has no artifact perfkit-gate");
    // Which pull request it is for, the event says: one that moved on gets nothing.
    commenting.save_artifact("perfkit-gate", 10);
    let moved = commenting.folder.read("pulls.json").replace(SHA, "3");
    commenting.folder.write("pulls.json", &moved);
    is_silent("no open pull request is at this commit");
}
