//! JSON as tools write it: with `NaN` for numbers, and numbers for text.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::parse_error::ParseError;

/// A number, or none: null, NaN, and text in a number's place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Number(pub(super) Option<f64>);

/// A text, or what stands in its place, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plain(pub(super) String);

/// Reads JSON. `NaN` and `Infinity`, which JSON does not have and Python and
/// .NET write, become null.
pub(super) fn parse<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, ParseError> {
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(error) => match without_nan(text) {
            Some(text) => Ok(serde_json::from_str(&text)?),
            None => Err(error.into()),
        },
    }
}

/// The text with null for every NaN and Infinity outside of strings; `None`
/// where there is none.
fn without_nan(text: &str) -> Option<String> {
    if !text.contains("NaN") && !text.contains("Infinity") {
        return None;
    }
    let mut result = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = rest.find(['"', 'N', 'I', '-']) {
        result.push_str(&rest[..at]);
        rest = &rest[at..];
        let word = ["NaN", "Infinity", "-Infinity"]
            .into_iter()
            .find(|word| rest.starts_with(word));
        let taken = match word {
            Some(word) => {
                result.push_str("null");
                word.len()
            }
            None => {
                let length = if rest.starts_with('"') {
                    string_length(rest)
                } else {
                    1
                };
                result.push_str(&rest[..length]);
                length
            }
        };
        rest = &rest[taken..];
    }
    result.push_str(rest);
    Some(result)
}

/// The length of the string in quotes that a text begins with.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl<'de> Visitor<'de> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
                Ok(Number(Some(value)))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
                Ok(Number(Some(value as f64)))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
                Ok(Number(Some(value as f64)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Number, E> {
                Ok(Number(text.trim().parse().ok()))
            }

            fn visit_unit<E>(self) -> Result<Number, E> {
                Ok(Number(None))
            }
        }
        deserializer.deserialize_any(NumberVisitor)
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PlainVisitor;
        impl<'de> Visitor<'de> for PlainVisitor {
            type Value = Plain;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Plain, E> {
                Ok(Plain(text.to_owned()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Plain, E> {
                Ok(Plain(value.to_string()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Plain, E> {
                Ok(Plain(value.to_string()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Plain, E> {
                Ok(Plain(value.to_string()))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Plain, E> {
                Ok(Plain(value.to_string()))
            }

            fn visit_unit<E>(self) -> Result<Plain, E> {
                Ok(Plain(String::new()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Plain, A::Error> {
                let mut parts = Vec::new();
                while let Some(Plain(part)) = list.next_element()? {
                    parts.push(part);
                }
                Ok(Plain(parts.join(", ")))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Plain, A::Error> {
                // hyperfine 2 wraps values.
                let mut wrapped = None;
                while let Some(key) = map.next_key::<Key<'_>>()? {
                    if key == "value" && wrapped.is_none() {
                        wrapped = Some(map.next_value::<Plain>()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(wrapped.unwrap_or(Plain("{…}".to_owned())))
            }
        }
        deserializer.deserialize_any(PlainVisitor)
    }
}

/// A key that is borrowed where it can be.
pub(super) type Key<'a> = Cow<'a, str>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_has_no_word_for_becomes_null() {
        let text = r#"{"NaN \" Infinity": [NaN, -Infinity, Infinity, -1, "NaN"]}"#;
        let expected = r#"{"NaN \" Infinity": [null, null, null, -1, "NaN"]}"#;
        assert_eq!(without_nan(text).unwrap(), expected);
        assert_eq!(without_nan("[1]"), None);
        let numbers: Vec<Number> = parse("[1, NaN, null, \"NaN\", -2.5]").unwrap();
        let numbers: Vec<Option<f64>> = numbers.into_iter().map(|n| n.0).collect();
        assert_eq!(numbers[0], Some(1.0));
        assert_eq!((numbers[1], numbers[2]), (None, None));
        assert!(numbers[3].unwrap().is_nan());
        assert_eq!(numbers[4], Some(-2.5));
    }

    #[test]
    fn a_mistake_has_its_line() {
        let error = parse::<Vec<u64>>("[\n1,\n\"x\"]").unwrap_err();
        assert_eq!(error.place(), "line 3: ");
        assert!(error.to_string().contains("invalid type"), "{error}");
        assert!(!error.to_string().contains("at line"), "{error}");
    }

    #[test]
    fn anything_can_stand_for_a_text() {
        let plain: Vec<Plain> =
            parse(r#"["a", 1, 2.5, true, null, [1, "b"], {"x": 1}, {"value": 2}]"#).unwrap();
        let texts: Vec<&str> = plain.iter().map(|plain| plain.0.as_str()).collect();
        assert_eq!(texts, ["a", "1", "2.5", "true", "", "1, b", "{…}", "2"]);
    }
}
