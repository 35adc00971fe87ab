//! JSON as tools write it: with `NaN` for numbers, and numbers for text.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::Value;

use super::parse_error::ParseError;

/// A number, or none: null, NaN, text in a number's place, and a field that is not
/// there. Where a file without the field is no such file, the field has
/// `deserialize_with`: serde then demands it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Number(pub(super) Option<f64>);

/// A list of numbers; NaN for each that is none. There may be millions of them, so each
/// takes as little memory as it can.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Numbers(pub(super) Vec<f64>);

/// A text, or what stands in its place, as text; nothing where the field is not there.
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
        let words = ["NaN", "Infinity", "-Infinity"];
        let word = words.into_iter().find(|word| rest.starts_with(word));
        let length = match word {
            Some(word) => word.len(),
            None if rest.starts_with('"') => string_length(rest),
            None => 1,
        };
        result.push_str(word.map_or(&rest[..length], |_| "null"));
        rest = &rest[length..];
    }
    result.push_str(rest);
    Some(result)
}

/// The length of the string in quotes that a text begins with.
fn string_length(text: &str) -> usize {
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A field that is not there is none then.
        deserializer.deserialize_option(NumberVisitor)
    }
}

struct NumberVisitor;

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
        Ok(Number(Some(number)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
        Ok(Number(Some(number as f64)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
        Ok(Number(Some(number as f64)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Number, E> {
        Ok(Number(text.trim().parse().ok()))
    }

    fn visit_unit<E>(self) -> Result<Number, E> {
        Ok(Number(None))
    }

    fn visit_none<E>(self) -> Result<Number, E> {
        Ok(Number(None))
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Number, D::Error> {
        inner.deserialize_any(self)
    }
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(NumbersVisitor)
    }
}

struct NumbersVisitor;

impl<'de> Visitor<'de> for NumbersVisitor {
    type Value = Numbers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Numbers, A::Error> {
        let mut numbers = Vec::new();
        while let Some(Number(number)) = list.next_element()? {
            numbers.push(number.unwrap_or(f64::NAN));
        }
        Ok(Numbers(numbers))
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::<Value>::deserialize(deserializer)?;
        Ok(Self(value.map(plain).unwrap_or_default()))
    }
}

fn plain(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(number) => number.to_string(),
            None => number.to_string(),
        },
        Value::Bool(truth) => truth.to_string(),
        Value::Array(list) => {
            let parts: Vec<String> = list.into_iter().map(plain).collect();
            parts.join(", ")
        }
        // hyperfine 2 wraps values.
        Value::Object(mut map) => map.remove("value").map_or_else(|| "{…}".to_owned(), plain),
    }
}

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
