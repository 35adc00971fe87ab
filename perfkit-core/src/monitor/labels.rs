//! Labels: values that tell apart the calls of one operation.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};

use crate::label::Label;

/// An operation that has labels: its name without them, and what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labelled {
    /// The name without labels.
    pub name: String,
    /// The values by their keys.
    pub labels: BTreeMap<String, String>,
}

impl Labelled {
    pub(crate) fn new<V: Display>(name: &str, labels: &[(&str, V)]) -> Self {
        let label = |(key, value): &(&str, V)| Label::new(key, value);
        Self {
            name: name.to_owned(),
            labels: BTreeMap::new(),
        }
        .with(labels.iter().map(label))
    }

    /// With further labels; of two values of one key the later one counts.
    pub(super) fn with(mut self, labels: impl IntoIterator<Item = Label>) -> Self {
        let labels = labels.into_iter();
        self.labels
            .extend(labels.map(|Label { key, value }| (key, value)));
        self
    }
}

/// `name{key="value",…}`, with quotes and backslashes in values escaped.
impl Display for Labelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (number, (key, value)) in self.labels.iter().enumerate() {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            let before = if number == 0 { '{' } else { ',' };
            write!(f, "{before}{key}=\"{value}\"")?;
        }
        f.write_str(if self.labels.is_empty() { "" } else { "}" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(name: &str, labels: &[(&str, &dyn Display)]) -> String {
        Labelled::new(name, labels).to_string()
    }

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
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("half")?;
                panic!("expected in this test")
            }
        }
        assert_eq!(labelled("n", &[("k", &Rude)]), r#"n{k="half"}"#);
    }
}
