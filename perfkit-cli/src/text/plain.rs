//! What is no code in any language.

/// Whether neither a shell nor another language reads a character of a path as anything but
/// text.
pub(crate) fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/._-+".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ascii_letters_digits_and_a_few_others_are_plain() {
        assert!("/home/me/a-b_c+1.0".chars().all(is_plain));
        let others = " '$;\"\\\n~ä=".chars();
        assert!(others.clone().all(|c| !is_plain(c)), "{others:?}");
    }
}
