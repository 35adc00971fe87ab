//! The tags of an XML document, one after another. Whether they fit is nobody's concern
//! here: what matters stands in their attributes.

/// A tag. That of an end has a slash before its name.
pub(super) struct Tag<'a> {
    pub(super) name: &'a str,
    attributes: &'a str,
    /// Counted from 1.
    pub(super) line: usize,
}

/// All tags of a text, as far as it is whole.
pub(super) fn tags(text: &str) -> impl Iterator<Item = Tag<'_>> {
    let mut rest = text;
    let mut line = 1;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find('<')?;
            line += lines_in(&rest[..start]);
            let inner = &rest[start + 1..];
            let (end, is_tag) = match inner.starts_with("!--") {
                true => (inner.find("-->")? + 2, false),
                false => (end_of_tag(inner)?, true),
            };
            let (tag, at) = (&inner[..end], line);
            line += lines_in(tag);
            rest = &inner[end + 1..];
            if is_tag {
                let name = tag
                    .split(|c: char| c.is_whitespace())
                    .next()
                    .unwrap_or_default();
                return Some(Tag {
                    name: name.trim_end_matches('/').trim_end_matches('>'),
                    attributes: &tag[name.len()..],
                    line: at,
                });
            }
        }
    })
}

fn lines_in(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// Where a tag ends; there may be its sign within the quotes of an attribute.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

impl Tag<'_> {
    /// The text of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let mut rest = self.attributes;
        loop {
            let (key, value) = rest.split_once('=')?;
            let value = value.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, after) = value[1..].split_once(quote)?;
            if key.trim() == name {
                return Some(plain(value));
            }
            rest = after;
        }
    }
}

/// The text that entities stand for; those that are not known stay as they are.
fn plain(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        result.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = rest
            .find(';')
            .and_then(|end| Some((end, entity(&rest[1..end])?)));
        match known {
            Some((end, character)) => {
                result.push(character);
                rest = &rest[end + 1..];
            }
            None => {
                result.push('&');
                rest = &rest[1..];
            }
        }
    }
    result + rest
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_names_attributes_and_lines() {
        let text = "<?xml version=\"1.0\"?>\n<!-- <no tag=\"x\"> -->\n<a x=\"1 &gt; 0 &amp; &#x41;&#66;\"\n y='>&odd;'/>text</a>\n<b/><cut x=\"";
        let found: Vec<Tag<'_>> = tags(text).collect();
        let names: Vec<(&str, usize)> = found.iter().map(|tag| (tag.name, tag.line)).collect();
        assert_eq!(names, [("?xml", 1), ("a", 3), ("/a", 4), ("b", 5)]);
        assert_eq!(found[1].attribute("x").unwrap(), "1 > 0 & AB");
        assert_eq!(found[1].attribute("y").unwrap(), ">&odd;");
        assert_eq!(found[1].attribute("z"), None);
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "[<>&;a\"'=/!\\- \n#x1é]{0,60}") {
            for tag in tags(&text) {
                let _ = tag.attribute("a");
            }
        }
    }
}
