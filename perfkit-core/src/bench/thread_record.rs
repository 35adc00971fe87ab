//! How the threads of a benchmark came to their CPUs, over all blocks.

use crate::report::{Benchmark, Note, NoteCode};

use super::protocol::ThreadChecks;

/// Where more than this share of the blocks has no value, the numbers may mislead.
const MANY_LOST: f64 = 0.1;

/// A note says that CPUs were shared where more than so many samples for each block saw it.
const WORTH_A_NOTE: f64 = 0.25;

/// What is known of it so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ThreadRecord {
    checks: ThreadChecks,
    blocks: u64,
    /// Blocks without a value, because too few of their samples count.
    lost_blocks: u64,
}

impl ThreadRecord {
    /// Adds a block.
    pub(super) fn add(&mut self, checks: ThreadChecks, is_lost: bool) {
        self.checks.add(checks);
        self.blocks += 1;
        self.lost_blocks += u64::from(is_lost);
    }

    /// What a reader should know of it.
    pub(super) fn notes(&self, benchmark: &Benchmark) -> Vec<Note> {
        let name = &benchmark.name;
        let Self {
            checks,
            blocks,
            lost_blocks,
        } = self;
        let mut notes = Vec::new();
        if *lost_blocks > 0 {
            let message = format!(
                "{name}: in {lost_blocks} of {blocks} blocks its threads did not get their CPUs at the same time; these have no value. Other programs had them: with fewer of those running, or with more --time, there are more values"
            );
            let note = if *lost_blocks as f64 > MANY_LOST * *blocks as f64 {
                Note::warning
            } else {
                Note::detail
            };
            notes.push(note(NoteCode::ThreadsWithoutCpus, message));
        }
        if checks.shared as f64 > WORTH_A_NOTE * *blocks as f64 {
            notes.push(Note::warning(
                NoteCode::SharedCpus,
                format!(
                    "{name}: it has more threads than there are CPUs, and other programs ran on these too: its time depends on them, and its CPU time less so"
                ),
            ));
        }
        if checks.unknown > 0 {
            notes.push(Note::info(
                NoteCode::UncheckedThreads,
                format!(
                    "{name}: this system does not tell how long threads wait for a CPU (/proc/thread-self/schedstat): times in which they did not run at the same time are among the others"
                ),
            ));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Severity;

    fn codes(checks: ThreadChecks, lost_blocks: u64) -> Vec<NoteCode> {
        let record = ThreadRecord {
            checks,
            blocks: 10,
            lost_blocks,
        };
        let notes = record.notes(&Benchmark::new("a"));
        notes.iter().map(|note| note.code).collect()
    }

    #[test]
    fn what_threads_lacked_is_told() {
        let checks = |discarded, shared, unknown| ThreadChecks {
            discarded,
            shared,
            unknown,
        };
        assert!(codes(checks(20, 2, 0), 0).is_empty());
        assert_eq!(codes(checks(20, 0, 0), 1), [NoteCode::ThreadsWithoutCpus]);
        let severity = |lost_blocks| {
            let record = ThreadRecord {
                blocks: 10,
                lost_blocks,
                ..ThreadRecord::default()
            };
            record.notes(&Benchmark::new("a"))[0].severity
        };
        assert_eq!(
            (severity(1), severity(2)),
            (Severity::Detail, Severity::Warning)
        );
        assert_eq!(codes(checks(0, 3, 0), 0), [NoteCode::SharedCpus]);
        assert_eq!(codes(checks(0, 0, 1), 0), [NoteCode::UncheckedThreads]);
    }
}
