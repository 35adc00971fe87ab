//! Do what is needed, when it is needed, and no more often. A search while somebody types needs the
//! last letter alone (debounce), a position while somebody scrolls a few times a second
//! (throttle). A heavy part that most runs never use is made at its first use (lazy).
//!
//! The knob: how much is needed. Letters a second apart are each the last one for long, and a part
//! that every run uses is made in any case: nothing is gained.
//!
//! In production, watch the first use: what was saved at the start is paid there, by somebody who
//! waits. A debounce adds its pause to every answer, and one that each event starts anew may never
//! fire: throttle, or give it a longest time.

use std::sync::LazyLock;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{interval, sleep, timeout};

use crate::backpressure::mock_clock;
use crate::{Amounts, Error, Form, Lab, Lesson, Question};

/// This lesson.
pub const LESSON: Lesson = Lesson {
    number: 18,
    name: "later",
    title: "Debounce, throttle, and parts that are made at first use",
    source: include_str!("18_later.rs"),
    measure,
};

/// Somebody types: so many letters, and so much time after each.
pub async fn typing(letters: usize, pause: Duration, to: mpsc::Sender<usize>) {
    for letter in 1..=letters {
        // Who listens no more has what it wants.
        let _ = to.send(letter).await;
        sleep(pause).await;
    }
}

/// Wrong: a search for each letter. Returns for how many letters it searched, each time.
pub async fn each_letter(mut letters: mpsc::Receiver<usize>) -> Vec<usize> {
    let mut searched = Vec::new();
    while let Some(letter) = letters.recv().await {
        searched.push(letter);
    }
    searched
}

/// Right for searches: one after the last letter, when nothing has come for a while.
pub async fn debounced(mut letters: mpsc::Receiver<usize>, quiet: Duration) -> Vec<usize> {
    let mut searched = Vec::new();
    while let Some(mut last) = letters.recv().await {
        while let Ok(Some(letter)) = timeout(quiet, letters.recv()).await {
            last = letter;
        }
        searched.push(last);
    }
    searched
}

/// Right for what has to keep up: the newest, so often and no more.
pub async fn throttled(mut letters: mpsc::Receiver<usize>, every: Duration) -> Vec<usize> {
    let mut searched = Vec::new();
    let mut ticks = interval(every);
    while let Some(mut newest) = letters.recv().await {
        ticks.tick().await;
        while let Ok(letter) = letters.try_recv() {
            newest = letter;
        }
        searched.push(newest);
    }
    searched
}

/// A program with a heavy part: a table of numbers, say, or a language model.
pub struct Program {
    table: LazyLock<Vec<u64>>,
}

impl Program {
    /// Right: the part is made by whoever uses it first.
    #[must_use]
    pub fn lazy() -> Self {
        let make = || {
            (0..100_000_u64)
                .map(|n| n.wrapping_mul(n).rotate_left(7))
                .collect()
        };
        let table = LazyLock::new(make as fn() -> Vec<u64>);
        Self { table }
    }

    /// Wrong where most runs do without it: it is made at the start.
    #[must_use]
    pub fn eager() -> Self {
        let program = Self::lazy();
        LazyLock::force(&program.table);
        program
    }

    /// A run that uses the heavy part, or does not.
    #[must_use]
    pub fn run(&self, uses_it: bool) -> u64 {
        if uses_it {
            self.table.iter().fold(0, |sum, n| sum ^ n)
        } else {
            1
        }
    }
}

fn measure(lab: &mut Lab) -> Result<(), Error> {
    typed(lab)?;
    for (uses_it, what, holds) in [
        (
            false,
            "a start without the heavy part",
            "most runs do not use the part",
        ),
        (
            true,
            "a start that uses it",
            "never: it is made in any case",
        ),
    ] {
        lab.compare(
            Question::of(what, holds),
            [
                Form::new("at the start", || Program::eager().run(uses_it)),
                Form::new("at first use", || Program::lazy().run(uses_it)),
            ],
        )?;
    }
    Ok(())
}

/// Counts searches while somebody types.
fn typed(lab: &mut Lab) -> Result<(), Error> {
    let runtime = mock_clock()?;
    let ms = Duration::from_millis;
    for (pause, what, holds) in [
        (
            ms(50),
            "50 letters, 50 ms apart",
            "only the last of several events counts",
        ),
        (
            ms(1000),
            "50 letters, 1 s apart",
            "never: each event is the last one for long",
        ),
    ] {
        let [each, one, some] = runtime.block_on(async {
            let pipe = || mpsc::channel(100);
            let ((a, first), (b, second), (c, third)) = (pipe(), pipe(), pipe());
            let (.., each, one, some) = tokio::join!(
                typing(50, pause, a),
                typing(50, pause, b),
                typing(50, pause, c),
                each_letter(first),
                debounced(second, ms(300)),
                throttled(third, ms(200)),
            );
            [each, one, some].map(|searches| searches.len() as u64)
        });
        let question = Question::of(what, holds);
        lab.counted(
            question,
            ["each", "debounced"],
            "searches",
            Amounts::Count([each, one]),
        )?;
        lab.counted(
            question,
            ["each", "throttled"],
            "searches",
            Amounts::Count([each, some]),
        )?;
    }
    Ok(())
}
