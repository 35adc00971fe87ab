//! Text in lines.

use super::display_width;

/// Text broken between words, so that no line is wider than `width` unless a
/// word is.
pub(crate) fn wrap(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else {
        return text.to_owned();
    };
    let mut wrapped = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let word_width = display_width(word);
        if used > 0 && used + 1 + word_width > width {
            wrapped.push('\n');
            used = 0;
        } else if used > 0 {
            wrapped.push(' ');
            used += 1;
        }
        wrapped.push_str(word);
        used += word_width;
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(wrap("one two three", Some(8)), "one two\nthree");
        assert_eq!(wrap("one twotwotwo", Some(5)), "one\ntwotwotwo");
        assert_eq!(wrap("one two three", None), "one two three");
    }
}
