//! Indented JSON in which a list of numbers stands in one line: a report may
//! have a hundred thousand of them.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use crate::text::is_invisible;

/// The value as indented JSON, with a line break at its end.
pub(super) fn to_string(value: &impl Serialize) -> serde_json::Result<String> {
    let mut bytes = Vec::new();
    let formatter = CompactNumbers {
        pretty: PrettyFormatter::new(),
        pending: None,
        was_number: false,
    };
    value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter))?;
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(serde::ser::Error::custom)
}

/// [`PrettyFormatter`], except that the break before a list's element is only
/// written when it is known that the element is no number.
struct CompactNumbers<'a> {
    pretty: PrettyFormatter<'a>,
    /// An element is about to be written; whether it is the list's first.
    pending: Option<bool>,
    /// Whether the list's latest element was a number.
    was_number: bool,
}

impl CompactNumbers<'_> {
    fn before_number<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.was_number = true;
        match self.pending.take() {
            Some(false) => writer.write_all(b", "),
            _ => Ok(()),
        }
    }

    fn before_other<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.was_number = false;
        match self.pending.take() {
            Some(first) => self.pretty.begin_array_value(writer, first),
            None => Ok(()),
        }
    }
}

/// Methods for numbers, and methods for everything else.
macro_rules! delegate {
    ($($name:ident($($argument:ident: $type:ty),*) after $before:ident;)+) => {
        $(fn $name<W: ?Sized + Write>(&mut self, writer: &mut W, $($argument: $type),*) -> io::Result<()> {
            self.$before(writer)?;
            self.pretty.$name(writer, $($argument),*)
        })+
    };
}

impl Formatter for CompactNumbers<'_> {
    delegate! {
        write_i64(value: i64) after before_number;
        write_u64(value: u64) after before_number;
        write_f64(value: f64) after before_number;
        write_null() after before_other;
        write_bool(value: bool) after before_other;
        begin_string() after before_other;
        begin_array() after before_other;
        begin_object() after before_other;
        end_object() after before_other;
        begin_object_key(first: bool) after before_other;
        end_object_key() after before_other;
        begin_object_value() after before_other;
        end_object_value() after before_other;
    }

    /// Characters that could steer a terminal or reorder its text are escaped,
    /// beyond those that JSON itself escapes.
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_invisible) {
            let (before, after) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let character = after.chars().next().unwrap_or_default();
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &after[character.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, _: &mut W, first: bool) -> io::Result<()> {
        self.pending = Some(first);
        Ok(())
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        // Told of an element, the other formatter breaks the line at the end.
        if self.was_number {
            return Ok(());
        }
        self.pretty.end_array_value(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.was_number = false;
        self.pretty.end_array(writer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn nothing_in_a_string_steers_a_terminal() {
        let value = json!({ "a\u{7f}": "\u{9b}31m \u{202e} é" });
        let text = super::to_string(&value).unwrap();
        assert!(
            text.contains(r#""a\u007f": "\u009b31m \u202e é""#),
            "{text}"
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
    }

    #[test]
    fn numbers_share_a_line_and_the_rest_is_indented() {
        let value = json!({
            "empty": [],
            "list": [{ "a": 1 }, { "b": [1, 2.5, -3] }],
            "names": ["x", null],
            "table": [[1, 2], [3]],
        });
        let expected = r#"{
  "empty": [],
  "list": [
    {
      "a": 1
    },
    {
      "b": [1, 2.5, -3]
    }
  ],
  "names": [
    "x",
    null
  ],
  "table": [
    [1, 2],
    [3]
  ]
}
"#;
        let text = super::to_string(&value).unwrap();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
        assert_eq!(text, expected);
    }
}
