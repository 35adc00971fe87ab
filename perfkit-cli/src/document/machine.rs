//! What a machine is like for measurements.

use crate::machine::{Affected, Check, State};

use super::blocks::{Align, Document, Table};
use super::numbers::NOTHING;
use super::remarks::Detail;
use super::spans::{Sentence, Style};

/// All checks, what matters first, and what can be done.
pub(crate) fn machine(checks: &[Check], detail: Detail, document: &mut Document) {
    document.sentence(summary(checks));
    let mut checks: Vec<&Check> = checks.iter().collect();
    checks.sort_by_key(|check| rank(check.state));
    document.table(table(&checks));
    if detail != Detail::Brief {
        let advice = checks.iter().filter_map(|check| advice(check));
        advice.for_each(|sentence| document.sentence(sentence));
    }
}

fn rank(state: State) -> u8 {
    match state {
        State::Warning => 0,
        State::Unknown => 1,
        State::Note => 2,
        State::Fine => 3,
    }
}

fn summary(checks: &[Check]) -> Sentence {
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    let (warnings, unknown) = (count(State::Warning), count(State::Unknown));
    let all = checks.len();
    let unread = match unknown {
        0 => ".".to_owned(),
        unknown => format!("; {unknown} could not be made."),
    };
    match warnings {
        0 => Sentence::led(Style::Good, "This machine").text(&format!(
            "nothing was found that makes measurements noisy, in {} of {all} checks{unread}",
            all - unknown
        )),
        _ => Sentence::led(Style::Unsure, "This machine").text(&format!(
            "{warnings} of {all} checks found what makes measurements noisy or takes some away{unread}"
        )),
    }
}

fn table(checks: &[&Check]) -> Table {
    let mut table = Table::new(&[
        ("result", Align::Left, 0),
        ("what", Align::Left, 0),
        ("found", Align::Left, 0),
        ("matters for", Align::Left, 1),
    ]);
    for check in checks {
        let result = match check.state {
            State::Warning => "warning",
            State::Unknown => "unknown",
            State::Note => "note",
            State::Fine => "fine",
        };
        let affects = match check.state {
            State::Fine => NOTHING.to_owned(),
            _ => affected(check.affects),
        };
        table.row(vec![
            result.to_owned(),
            check.name.to_owned(),
            check.found.clone(),
            affects,
        ]);
    }
    table
}

fn affected(values: &[Affected]) -> String {
    let word = |value: &Affected| match value {
        Affected::Times => "times",
        Affected::CpuTime => "CPU time",
        Affected::Counts => "counts",
    };
    let words: Vec<&str> = values.iter().map(word).collect();
    words.join(", ")
}

fn advice(check: &Check) -> Option<Sentence> {
    let style = match check.state {
        State::Warning => Style::Unsure,
        _ => Style::Plain,
    };
    let advice = check.advice.as_deref()?;
    let sentence = Sentence::led(style, check.name).text(advice);
    Some(match &check.command {
        Some(command) => sentence.text(". Run ").code(command).text("."),
        None => sentence.text("."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &'static str, state: State) -> Check {
        Check {
            check: "x",
            name,
            state,
            found: "on".to_owned(),
            affects: &[Affected::Times, Affected::CpuTime],
            advice: Some("stop it".to_owned()),
            command: None,
        }
    }

    fn said(checks: &[Check]) -> String {
        summary(checks).body()
    }

    #[test]
    fn what_could_not_be_read_is_not_counted_as_fine() {
        let fine = check("a", State::Fine);
        let unknown = check("b", State::Unknown);
        assert_eq!(
            said(&[fine.clone(), unknown.clone()]),
            "nothing was found that makes measurements noisy, in 1 of 2 checks; 1 could not be made."
        );
        let warning = check("c", State::Warning);
        assert!(said(&[fine.clone(), warning.clone()]).starts_with("1 of 2 checks found"));
        let mut document = Document::default();
        machine(&[fine, unknown, warning], Detail::Usual, &mut document);
        let Some(super::super::blocks::Block::Table(table)) = document.blocks.get(1) else {
            panic!("{document:?}");
        };
        let column = |index: usize| {
            table
                .rows
                .iter()
                .map(|row| row[index].as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(column(0), ["warning", "unknown", "fine"]);
        assert_eq!(column(3), ["times, CPU time", "times, CPU time", "-"]);
    }
}
