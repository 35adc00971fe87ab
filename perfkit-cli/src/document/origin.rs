//! Where results are from: both revisions, and which share of the benchmarks.

use perfkit::report::{Git, Report};

use crate::text::{printable, shorten};

use super::blocks::Document;
use super::spans::Sentence;

/// As many digits of a commit tell it from all others of a repository.
const DIGITS: usize = 12;

/// How much of the first line of a commit's message is shown, in columns.
const LONGEST_SUBJECT: usize = 80;

/// Which share of the benchmarks it is, and both revisions.
pub(super) fn describe(report: &Report, document: &mut Document) {
    for told in origin(report) {
        document.sentence(told);
    }
}

/// The same for formats that show it apart.
pub(crate) fn origin(report: &Report) -> impl Iterator<Item = Sentence> {
    share(report).into_iter().chain(revisions(report))
}

/// Both revisions, where one is compared with another.
fn revisions(report: &Report) -> Option<Sentence> {
    let base = report.base.as_ref()?;
    let sentence = named(Sentence::plain("Base "), base);
    let Some(head) = &report.environment.git else {
        return Some(sentence.text("."));
    };
    let changes = match head.dirty {
        Some(true) => " with changes that are not committed.",
        Some(false) => ".",
        None => "; whether there are changes that are not committed is not known.",
    };
    Some(named(sentence.text(", head "), head).text(changes))
}

/// A commit, and what it says of itself.
fn named(sentence: Sentence, git: &Git) -> Sentence {
    let sentence = sentence.code(short(git));
    match &git.subject {
        Some(subject) => {
            let subject = shorten(&printable(subject), LONGEST_SUBJECT);
            sentence.text(&format!(" ({subject})"))
        }
        None => sentence,
    }
}

/// Which share of the benchmarks it is.
fn share(report: &Report) -> Option<Sentence> {
    let shard = report.shard.as_ref()?;
    let (here, elsewhere) = (shard.benchmarks, shard.elsewhere.len());
    let all = here + elsewhere;
    let told = match here {
        0 => format!(" has none of {all} benchmarks: other shards have them."),
        _ => format!(" has {here} of {all} benchmarks."),
    };
    Some(Sentence::plain(&format!(
        "Shard {}/{}{told}",
        shard.number, shard.of
    )))
}

fn short(git: &Git) -> &str {
    let end = git.commit.char_indices().nth(DIGITS);
    &git.commit[..end.map_or(git.commit.len(), |(at, _)| at)]
}

#[cfg(test)]
mod tests {
    use perfkit::report::Environment;

    use super::*;

    #[test]
    fn both_revisions_are_told_and_what_is_not_committed() {
        let mut report = Report::new(Environment::detect("mock"));
        assert!(revisions(&report).is_none());
        let git = |digit: &str, dirty| Git {
            commit: digit.repeat(40),
            dirty,
            subject: None,
            branch: None,
        };
        report.base = Some(git("a", Some(false)));
        let mut told = |head| {
            report.environment.git = head;
            revisions(&report).unwrap().body()
        };
        assert_eq!(told(None), "Base `aaaaaaaaaaaa`.");
        let clean = "Base `aaaaaaaaaaaa`, head `bbbbbbbbbbbb`.";
        assert_eq!(told(Some(git("b", Some(false)))), clean);
        let dirty = told(Some(git("b", Some(true))));
        assert!(dirty.ends_with("` with changes that are not committed."));
        assert!(told(Some(git("b", None))).ends_with("is not known."));
        let subject = Some("Reads \u{1b}[31mfaster".to_owned());
        let head = Git {
            subject,
            ..git("b", Some(false))
        };
        let said = told(Some(head));
        assert!(said.starts_with(&clean[..clean.len() - 1]), "{said}");
        assert!(
            said.contains("(Reads ") && !said.contains('\u{1b}'),
            "{said}"
        );
    }
}
