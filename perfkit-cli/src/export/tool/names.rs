//! Names as other tools are given them.

use std::collections::HashSet;

use crate::text::printable;

/// Gives out names that are printable, bounded and different from each other:
/// the formats tell results apart by nothing else.
pub(super) struct Names {
    longest: usize,
    given: HashSet<String>,
}

impl Names {
    /// Names of at most `longest` characters.
    pub(super) fn up_to(longest: usize) -> Self {
        Self {
            longest,
            given: HashSet::new(),
        }
    }

    /// The name that a subject gets.
    pub(super) fn give(&mut self, name: &str) -> String {
        let name = printable(name);
        let name = name.trim();
        let name = if name.is_empty() { "unnamed" } else { name };
        let mut numbered = (1_u64..).map(|number| {
            let mark = match number {
                1 => String::new(),
                number => format!(" ({number})"),
            };
            cut(name, self.longest - mark.len()) + &mark
        });
        let free = numbered.find(|name| self.given.insert(name.clone()));
        free.unwrap_or_default()
    }
}

/// The start and the end of what is too long.
fn cut(name: &str, longest: usize) -> String {
    let length = name.chars().count();
    if length <= longest {
        return name.to_owned();
    }
    let tail = longest / 3;
    let head = name.chars().take(longest - tail - 1);
    let tail = name.chars().skip(length - tail);
    head.chain(std::iter::once('…')).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_names_are_the_same() {
        let mut names = Names::up_to(12);
        assert_eq!(names.give("a\u{1b}b"), "a\u{FFFD}b");
        assert_eq!(names.give("a\u{1}b"), "a\u{FFFD}b (2)");
        assert_eq!(names.give(" \n"), "unnamed");
        let long = "x".repeat(10_000);
        assert_eq!(names.give(&long), "xxxxxxx…xxxx");
        assert_eq!(names.give(&long), "xxxxx…xx (2)");
    }
}
