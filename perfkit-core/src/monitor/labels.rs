//! Labels: values that tell apart the calls of one operation.

use std::fmt::{Display, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The longest value that is kept, in characters.
const LONGEST_VALUE: usize = 100;

/// An operation's name with its labels: `name{key="value",…}`, with quotes and
/// backslashes in values escaped. A value that panics while it is written is cut
/// there.
pub(crate) fn labelled(name: &str, labels: &[(&str, &dyn Display)]) -> String {
    let mut text = String::with_capacity(name.len() + 32 * labels.len());
    text.push_str(name);
    for (number, (key, value)) in labels.iter().enumerate() {
        text.push(if number == 0 { '{' } else { ',' });
        text.push_str(key);
        text.push_str("=\"");
        let mut escaped = Escaped {
            text: &mut text,
            left: LONGEST_VALUE,
        };
        // An error only says that the value was cut.
        let _ = catch_unwind(AssertUnwindSafe(|| write!(escaped, "{value}")));
        text.push('"');
    }
    if !labels.is_empty() {
        text.push('}');
    }
    text
}

struct Escaped<'a> {
    text: &'a mut String,
    left: usize,
}

impl Write for Escaped<'_> {
    fn write_str(&mut self, part: &str) -> std::fmt::Result {
        for character in part.chars() {
            if self.left == 0 {
                return Err(std::fmt::Error);
            }
            self.left -= 1;
            if matches!(character, '"' | '\\') {
                self.text.push('\\');
            }
            self.text.push(character);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_follow_the_name() {
        let labels: [(&str, &dyn Display); 2] = [("status", &200), ("tier", &"a\"b\\c")];
        assert_eq!(
            labelled("get", &labels),
            r#"get{status="200",tier="a\"b\\c"}"#
        );
        assert_eq!(labelled("get", &[]), "get");
        let long = "x".repeat(1000);
        assert_eq!(labelled("", &[("k", &long)]).len(), 100 + r#"{k=""}"#.len());
    }

    #[test]
    fn a_value_that_panics_is_cut() {
        struct Rude;
        impl Display for Rude {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("half")?;
                panic!("expected in this test")
            }
        }
        assert_eq!(labelled("n", &[("k", &Rude)]), r#"n{k="half"}"#);
    }
}
