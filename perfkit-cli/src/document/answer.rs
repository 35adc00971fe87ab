//! What a report comes to in one sentence, for where there is room for no more.

use perfkit::Report;

use super::change_tables::tally;
use super::gate;
use super::headline::headline;
use super::remarks::Detail;
use super::spans::Sentence;
use super::verdict_sentence::{sentence, shown_comparisons};

/// The gate's outcome, the headline, the only verdict, or how many there are of each kind.
pub(crate) fn answer(report: &Report) -> Option<Sentence> {
    if let Some(gate) = &report.gate {
        return Some(gate::outcome(gate));
    }
    if let Some(capacity) = &report.capacity {
        return Some(Sentence::plain(&capacity.sentence()));
    }
    headline(report).or_else(|| match &shown_comparisons(report, Detail::Brief)[..] {
        [] => None,
        [only] => Some(sentence(only)),
        several => Some(tally(several)),
    })
}
