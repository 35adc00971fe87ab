//! What kind of JSON a text is: the keys on its outermost level.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The most keys that are remembered.
const MOST_KEYS: usize = 64;

/// The kind of the first JSON value of a text.
#[derive(Debug, Default)]
pub(super) struct JsonShape {
    is_object: bool,
    is_list: bool,
    /// Of the object, or of the list's first element.
    keys: Vec<String>,
}

impl JsonShape {
    /// Looks as far as the text is JSON: where it is damaged, the tool can still
    /// be told by what comes before.
    pub(super) fn of(text: &str) -> Self {
        let mut shape = Self::default();
        if text.trim_start().starts_with(['{', '[']) {
            let mut json = serde_json::Deserializer::from_str(text);
            let _ = KeyCollector {
                shape: &mut shape,
                is_nested: false,
            }
            .deserialize(&mut json);
        }
        shape
    }

    /// An object with all of these keys.
    pub(super) fn is_object_with(&self, keys: &[&str]) -> bool {
        self.is_object && keys.iter().all(|key| self.has(key))
    }

    /// A list whose first element is an object with all of these keys.
    pub(super) fn is_list_with(&self, keys: &[&str]) -> bool {
        self.is_list && keys.iter().all(|key| self.has(key))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|own| own == key)
    }
}

struct KeyCollector<'a> {
    shape: &'a mut JsonShape,
    is_nested: bool,
}

impl<'de> DeserializeSeed<'de> for KeyCollector<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for KeyCollector<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.shape.is_object = !self.is_nested;
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            if self.shape.keys.len() < MOST_KEYS {
                self.shape.keys.push(key.into_owned());
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if !self.is_nested {
            self.shape.is_list = true;
            // What follows the first element is of the same kind.
            list.next_element_seed(KeyCollector {
                shape: self.shape,
                is_nested: true,
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_damaged_json_tells_what_it_was() {
        let whole = JsonShape::of(r#"{"context": {}, "benchmarks": [1, 2]}"#);
        assert!(whole.is_object_with(&["context", "benchmarks"]));
        let cut = JsonShape::of(r#"{"context": {}, "benchmarks": [1, 2"#);
        assert!(cut.is_object_with(&["context", "benchmarks"]));
        assert!(JsonShape::of(r#"[{"mode": "thrpt"}, {"a": 1}]"#).is_list_with(&["mode"]));
        let lines = JsonShape::of("{\"Action\": \"run\"}\n{\"Action\": \"output\"}\n");
        assert!(lines.is_object_with(&["Action"]));
        for other in ["", "text", "[[{}]]", "[1]", "{", "\"x\""] {
            assert!(!JsonShape::of(other).has("a"), "{other}");
        }
    }
}
