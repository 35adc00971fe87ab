//! What was found, as the page `docs/patterns.md`.

use std::fmt::Write as _;
use std::time::SystemTime;

use perfkit::report::{Environment, Report};

use crate::claim::Shown;
use crate::finding::Finding;
use crate::lab::Lab;
use crate::lesson::Lesson;

const HEAD: &str = "\
# Performance patterns: claimed and measured

What notes on performance practice claim of their patterns, beside what perfkit measured. Each
row is a question of a lesson in `examples/patterns/`: plain Rust with the wrong form and the
right one side by side, and one knob that makes the gain vanish.

```console ci unoptimised
$ cargo run --release -p perfkit-patterns -- all
```

measures them on your machine, at most ten minutes long, and saves a report and its page;
`list` in place of `all` names the lessons, and `run NAME` measures some of them. Both forms take
turns in random order until the verdict is clear. `help all` says how it writes this page, which
holds for the machine below.

On PostgreSQL (15 or later) and Redis too, where a round trip is real, run the lessons that name
them; the servers are private and temporary, from Debian's packages `postgresql` and
`redis-server`:

```console ci unoptimised
$ examples/patterns/servers run cargo run --release -p perfkit-patterns -- all
```

`DATABASE_URL` and `REDIS_URL` name other servers. A row that says *a network away* was measured
through a proxy that takes 1 ms in each direction, or as `all --delay MS` says: 0 to 1000.

A gain is how many times as fast the right form is, or how many times less it does. The verdict
is perfkit's, of the right form: a difference below 5 % is `same`. The interval is of the gain,
at 99 % or more. A claim *shows* where all of the interval reaches nine tenths of it, because
claims are round numbers.
";

/// The page: the environment, the claims that did not show, and a row for each finding.
#[must_use]
pub fn page(lab: &Lab, lessons: &[Lesson]) -> String {
    let mut page = HEAD.to_owned();
    page += "\n## Where it was measured\n\n";
    page += &environment(&lab.report);
    for (name, version) in &lab.engines {
        let _ = writeln!(page, "- {name} {version}");
    }
    page += "\n## Claims that did not show\n\n";
    page += &not_shown(&lab.findings);
    for lesson in lessons {
        let found = lab.findings.iter().filter(|f| f.lesson.name == lesson.name);
        page += &section(lesson, &found.collect::<Vec<_>>(), lab);
    }
    page
}

fn environment(report: &Report) -> String {
    let Environment {
        os, architecture, ..
    } = &report.environment;
    let unknown = || "unknown".to_owned();
    let of = |text: &Option<String>| text.clone().unwrap_or_else(unknown);
    let cores = report.environment.cores;
    let cores = cores.map_or_else(unknown, |cores| cores.to_string());
    let load = report.environment.load;
    let load = load.map_or_else(unknown, |load| format!("{load:.1}"));
    format!(
        "- processor: {}, {cores} cores; load at the start: {load}\n\
         - system: {} on {architecture}\n\
         - Rust {}, optimisation level {}; perfkit {}\n\
         - date: {}\n",
        of(&report.environment.cpu),
        report.environment.os_version.as_ref().unwrap_or(os),
        of(&report.environment.rust),
        of(&report.environment.opt_level),
        report.environment.perfkit,
        date(report.created),
    )
}

fn not_shown(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        if let Some(Shown::No | Shown::Undecided) = finding.shown() {
            let _ = writeln!(text, "- {}", finding.not_shown());
        }
    }
    if text.is_empty() {
        text += "All that was claimed showed.\n";
    }
    text
}

/// The situation; on a server, with its version.
fn situation(finding: &Finding, lab: &Lab) -> String {
    let version = finding.question.on.and_then(|on| lab.engines.get(on));
    let version = version.map_or(String::new(), |version| format!(" {version}"));
    finding.question.situation() + &version
}

fn section(lesson: &Lesson, findings: &[&Finding], lab: &Lab) -> String {
    let file = lesson.file();
    let mut text = format!(
        "\n## {} {}\n\n{}\n\nThe lesson: [{file}](../examples/patterns/src/lessons/{file}).\n\n",
        lesson.number,
        lesson.title,
        lesson.text()
    );
    text += "| compared | claimed | measured here | interval | the claim | when it holds |\n";
    text += "|---|---|---|---|---|---|\n";
    for finding in findings {
        let shown = finding.shown();
        let _ = writeln!(
            text,
            "| {}: {} instead of {} | {} | {} | {} | {} | {} |",
            situation(finding, lab),
            finding.right,
            finding.wrong,
            finding.claimed(),
            finding.told(),
            finding.interval(),
            shown.map_or_else(|| "-".to_owned(), |shown| shown.to_string()),
            finding.question.holds,
        );
    }
    text
}

fn date(time: SystemTime) -> String {
    let text = humantime::format_rfc3339_seconds(time).to_string();
    text.chars().take_while(|c| *c != 'T').collect()
}
