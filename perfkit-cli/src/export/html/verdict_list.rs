//! The verdicts at the top of the page.

use std::cmp::Ordering;

use perfkit::report::{Report, Verdict};

use crate::document::{Headline, Tone, headlines};

/// Up to so many verdicts all stand open; of more, so many do, and the others are
/// folded away up to a bound.
const FEW: usize = 8;
const OPEN: usize = 5;
const MOST: usize = 2000;

/// The verdicts of a report, the ones that ask for attention first.
pub(super) struct Verdicts {
    /// How many there are of each kind.
    pub(super) counts: Vec<Tally>,
    /// Whether there are so many that their counts stand first.
    pub(super) are_many: bool,
    pub(super) open: Vec<VerdictView>,
    pub(super) folded: Vec<VerdictView>,
    pub(super) left_out: usize,
}

pub(super) struct Tally {
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    pub(super) count: usize,
}

pub(super) struct VerdictView {
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    pub(super) words: Vec<Words>,
}

/// A part of a sentence: plain, or a name.
pub(super) struct Words {
    pub(super) text: String,
    pub(super) is_name: bool,
}

impl Verdicts {
    pub(super) fn of(report: &Report) -> Self {
        let mut found = headlines(report);
        let counts = tally(&found);
        let are_many = found.len() > FEW;
        if are_many {
            found.sort_by(most_striking_first);
        }
        let open = if are_many { OPEN } else { FEW };
        let left_out = found.len().saturating_sub(MOST);
        found.truncate(MOST);
        let mut views: Vec<VerdictView> = found.iter().map(VerdictView::of).collect();
        let folded = views.split_off(views.len().min(open));
        Self {
            counts,
            are_many,
            open: views,
            folded,
            left_out,
        }
    }
}

fn tally(headlines: &[Headline<'_>]) -> Vec<Tally> {
    let mut counts: Vec<Tally> = Vec::new();
    for headline in headlines {
        match counts.iter_mut().find(|known| known.word == headline.word) {
            Some(known) => known.count += 1,
            None => counts.push(Tally {
                class: class(headline.tone),
                word: headline.word,
                count: 1,
            }),
        }
    }
    counts.sort_by_key(|known| {
        let order = ["slower", "worse", "faster", "better", "undecided", "same"];
        order.iter().position(|word| *word == known.word)
    });
    counts
}

fn most_striking_first(a: &Headline<'_>, b: &Headline<'_>) -> Ordering {
    match (a.comparison, b.comparison) {
        (Some(a), Some(b)) => super::figures::most_striking_first(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

pub(super) fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Slower => 0,
        Verdict::Faster => 1,
        Verdict::Inconclusive => 2,
        Verdict::Same => 3,
    }
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "is-good",
        Tone::Bad => "is-bad",
        Tone::Unsure => "is-unsure",
        Tone::Plain => "is-plain",
    }
}

impl VerdictView {
    fn of(headline: &Headline<'_>) -> Self {
        Self {
            class: class(headline.tone),
            word: headline.word,
            words: words(&headline.sentence),
        }
    }
}

/// A sentence with its names, which stand in backticks, apart.
pub(super) fn words(sentence: &str) -> Vec<Words> {
    let parts: Vec<&str> = sentence.split('`').collect();
    if parts.len().is_multiple_of(2) {
        // A name has a backtick of its own: all of it is plain text then.
        return vec![Words {
            text: sentence.to_owned(),
            is_name: false,
        }];
    }
    let words = parts.into_iter().enumerate().map(|(index, text)| Words {
        text: text.to_owned(),
        is_name: index % 2 == 1,
    });
    words.filter(|words| !words.text.is_empty()).collect()
}
