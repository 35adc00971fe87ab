//! What was found, for a terminal: a table for each lesson, and what came of the claims.

use comfy_table::{ContentArrangement, Table, presets};

use crate::claim::Shown;
use crate::finding::Finding;

/// A table for each lesson, as wide as the terminal. What a row has in common with the row
/// above stands there alone.
#[must_use]
pub fn table(findings: &[Finding], width: u16) -> String {
    let lessons = findings.chunk_by(|one, next| one.lesson.name == next.lesson.name);
    let tables: Vec<String> = lessons.map(|lesson| of_lesson(lesson, width)).collect();
    tables.join("\n\n")
}

fn of_lesson(findings: &[Finding], width: u16) -> String {
    let is_claimed = findings.iter().any(|f| f.question.claimed.is_some());
    let header = [
        "compared",
        "claimed",
        "measured here",
        "interval",
        "the claim",
    ];
    let header = header.into_iter().chain(["when it holds"]);
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_header(header.filter(|name| is_claimed || !name.contains("claim")));
    let mut above: Option<&Finding> = None;
    for finding in findings {
        let situation = finding.question.situation();
        let is_new = above.is_none_or(|above| above.question.situation() != situation);
        let forms = format!("{} instead of {}", finding.right, finding.wrong);
        let mut row = vec![match is_new {
            true => format!("{situation}:\n- {forms}"),
            false => format!("- {forms}"),
        }];
        let shown = finding.shown().map(|shown| shown.to_string());
        let shown = shown.unwrap_or_else(|| "-".to_owned());
        let measured = [finding.told(), finding.interval()];
        if is_claimed {
            row.push(finding.claimed().to_owned());
        }
        row.extend(measured);
        if is_claimed {
            row.push(shown);
        }
        let holds = finding.question.holds;
        let is_said = above.is_some_and(|above| above.question.holds == holds) && !is_new;
        row.push(if is_said { "" } else { holds }.to_owned());
        table.add_row(row);
        above = Some(finding);
    }
    let title = findings.first().map_or(String::new(), |finding| {
        let lesson = finding.lesson;
        format!("{} {} ({})\n", lesson.number, lesson.title, lesson.name)
    });
    title + &table.to_string()
}

/// How many claims showed and how many did not, and which; nothing where nothing was claimed.
#[must_use]
pub fn claims(findings: &[Finding]) -> String {
    let of = |wanted: Shown| findings.iter().filter(move |f| f.shown() == Some(wanted));
    let [yes, no, undecided] = [Shown::Yes, Shown::No, Shown::Undecided].map(|s| of(s).count());
    if yes + no + undecided == 0 {
        return String::new();
    }
    let mut text = format!(
        "Claims, each in every situation it was measured in: {yes} show, {no} do not show, \
         {undecided} undecided.\n"
    );
    for finding in of(Shown::No).chain(of(Shown::Undecided)) {
        text += &format!("- {}\n", finding.not_shown());
    }
    text
}
