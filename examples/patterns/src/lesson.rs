//! A lesson of the gallery.

use crate::lab::Lab;

/// What went wrong in a lesson.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A pattern, and how its gain is measured.
#[derive(Clone, Copy, Debug)]
pub struct Lesson {
    /// Its number in the gallery.
    pub number: u32,
    /// Its name on the command line.
    pub name: &'static str,
    /// The pattern in a few words.
    pub title: &'static str,
    /// The file that it is written in, which is its whole text.
    pub source: &'static str,
    /// Asks the lab what there is to know.
    pub measure: fn(&mut Lab) -> Result<(), Error>,
}

impl Lesson {
    /// What stands at the head of its file: the pattern, the knob that makes the gain vanish,
    /// and what to watch in production.
    #[must_use]
    pub fn text(&self) -> String {
        let lines = self.source.lines();
        let head = lines.map_while(|line| line.strip_prefix("//!"));
        let head: Vec<&str> = head.map(str::trim_start).collect();
        head.join("\n")
    }

    /// The name of its file in the folder of lessons.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{:02}_{}.rs", self.number, self.name)
    }
}
