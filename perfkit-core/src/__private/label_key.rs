//! What tells the operations of a place apart, where nobody's code has to write it.

use crate::recorder::names::{Mixed, Text};

use super::label_value::LabelValue;

/// Stands first, and behind numbers: no written text has it.
const MARK: u8 = 0xff;

/// The name of a type and the values of labels.
#[derive(Clone, Copy)]
pub(super) struct LabelKey<'a> {
    type_name: &'a str,
    labels: &'a [(&'a str, LabelValue<'a>)],
}

impl<'a> LabelKey<'a> {
    /// `None` where a value is one that only its own code can write, or is long.
    #[inline(always)]
    pub(super) fn of(type_name: &'a str, labels: &'a [(&'a str, LabelValue<'a>)]) -> Option<Self> {
        let is_known = |(_, value): &(&str, LabelValue<'_>)| match value {
            LabelValue::Text(text) => text.len() <= crate::label::LONGEST,
            LabelValue::Number(_) => true,
            LabelValue::Other(_) => false,
        };
        let is_known = type_name.len() < MARK.into() && labels.iter().all(is_known);
        is_known.then_some(Self { type_name, labels })
    }

    /// What follows the key in what was kept, if that begins with it.
    #[inline(always)]
    fn without(self, kept: &[u8]) -> Option<&[u8]> {
        let mut rest = after_part(kept.strip_prefix(&[MARK])?, self.type_name)?;
        for (_, value) in self.labels {
            rest = match value {
                LabelValue::Text(text) => after_part(rest, text)?,
                LabelValue::Number(number) => {
                    let rest = rest.strip_prefix(&number.to_le_bytes())?;
                    rest.strip_prefix(&[MARK])?
                }
                LabelValue::Other(_) => return None,
            };
        }
        Some(rest)
    }
}

/// Each part has its length behind it, so that no two come out alike.
impl Text for LabelKey<'_> {
    #[inline(always)]
    fn mix(self, mixed: &mut Mixed) {
        mixed.add_bytes(self.type_name.as_bytes());
        for (_, value) in self.labels {
            match value {
                LabelValue::Text(text) => mixed.add_bytes(text.as_bytes()),
                LabelValue::Number(number) => mixed.add(*number),
                LabelValue::Other(_) => {}
            }
        }
    }

    #[inline(always)]
    fn is(self, kept: &[u8]) -> bool {
        self.without(kept).is_some_and(<[u8]>::is_empty)
    }

    fn kept(self) -> Vec<u8> {
        let mut kept = vec![MARK];
        let mut keep = |part: &[u8], end: u8| {
            kept.extend_from_slice(part);
            kept.push(end);
        };
        keep(self.type_name.as_bytes(), self.type_name.len() as u8);
        for (_, value) in self.labels {
            match value {
                LabelValue::Text(text) => keep(text.as_bytes(), text.len() as u8),
                LabelValue::Number(number) => keep(&number.to_le_bytes(), MARK),
                LabelValue::Other(_) => {}
            }
        }
        kept
    }
}

/// What follows a part and its length.
#[inline(always)]
fn after_part<'a>(kept: &'a [u8], part: &str) -> Option<&'a [u8]> {
    let (before, rest) = kept.split_at_checked(part.len())?;
    // No text is compared where there is none: see `names`.
    let is_same = part.is_empty() || before == part.as_bytes();
    rest.strip_prefix(&[part.len() as u8]).filter(|_| is_same)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A text or a number.
    fn value() -> impl Strategy<Value = Result<String, u64>> {
        let text = "[ab\u{1}\u{2}]{0,3}".prop_map(Ok);
        prop_oneof![text, (0_u64..4).prop_map(Err)]
    }

    fn labels(values: &[Result<String, u64>]) -> Vec<(&str, LabelValue<'_>)> {
        let mut labels = Vec::new();
        for value in values {
            labels.push(match value {
                Ok(text) => ("k", LabelValue::Text(text)),
                Err(number) => ("k", LabelValue::Number(*number)),
            });
        }
        labels
    }

    proptest! {
        #[test]
        fn keys_are_the_same_where_their_parts_are(
            a in ("[AB]{0,2}", proptest::collection::vec(value(), 0..3)),
            b in ("[AB]{0,2}", proptest::collection::vec(value(), 0..3)),
        ) {
            let (of_a, of_b) = (labels(&a.1), labels(&b.1));
            let key_a = LabelKey::of(&a.0, &of_a).unwrap();
            let key_b = LabelKey::of(&b.0, &of_b).unwrap();
            prop_assert_eq!(key_a.is(&key_b.kept()), a == b);
            prop_assert!(key_a.is(&key_a.kept()));
        }
    }

    #[test]
    fn what_has_to_be_written_or_is_long_has_no_key() {
        let long = "x".repeat(101);
        for value in [LabelValue::Other(&1.5), LabelValue::Text(&long)] {
            assert!(LabelKey::of("", &[("k", value)]).is_none());
        }
        let name = "T".repeat(255);
        assert!(LabelKey::of(&name, &[]).is_none());
    }
}
