//! Lines of Prometheus' text formats: a name, labels and a value.

use std::collections::BTreeMap;

/// The most labels of a series that is read.
const MOST_LABELS: usize = 64;

/// One line that is no comment.
pub(super) struct Sample<'a> {
    pub(super) name: &'a str,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
}

impl<'a> Sample<'a> {
    /// `None` where the line is not understood.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
        let (name, rest) = line.split_at(end);
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(rest) => labels(rest)?,
            None => (BTreeMap::new(), rest),
        };
        let value = rest.split_whitespace().next()?;
        (!name.is_empty()).then_some(Self {
            name,
            labels,
            value: number(value)?,
        })
    }
}

/// The labels up to the closing brace, and what follows it.
fn labels(mut rest: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut labels = BTreeMap::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (key, after) = rest.split_once('=')?;
        let (value, after) = quoted(after.trim_start())?;
        if labels.len() >= MOST_LABELS {
            return None;
        }
        labels.insert(key.trim().to_owned(), value);
        rest = after;
    }
}

/// A text in quotes, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let rest = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut characters = rest.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &rest[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        _ => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_formats() {
        let read = |line| {
            let sample = Sample::parse(line)?;
            let labels: Vec<String> = sample
                .labels
                .iter()
                .map(|(k, v)| format!("{k}={v}"))
                .collect();
            Some((sample.name, labels.join(","), sample.value))
        };
        assert_eq!(read("up 1"), Some(("up", String::new(), 1.0)));
        assert_eq!(
            read(r#"x_bucket{a="1, \"}\\", le="+Inf",} 5 1700000000 # {t="u"} 1.0"#),
            Some(("x_bucket", r#"a=1, "}\,le=+Inf"#.to_owned(), 5.0))
        );
        assert_eq!(read(r#"x{a="b\nc"} +Inf"#).unwrap().2, f64::INFINITY);
        for line in [
            "",
            "x",
            "x{",
            r#"x{a="b} 1"#,
            r#"x{a=b} 1"#,
            "x{} y",
            r#"{"x"} 1"#,
            "x{a} 1",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
