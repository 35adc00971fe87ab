//! Names spelt as other programs and file systems take them.

/// The words of plain letters and digits in a text, with this between them.
pub(crate) fn ascii_words(text: &str, between: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_characters_part_words() {
        assert_eq!(ascii_words("../Shop::pay 2/", "-"), "Shop-pay-2");
        assert_eq!(ascii_words("測", "_"), "");
    }
}
