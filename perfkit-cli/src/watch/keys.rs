//! Keys, of what a terminal sends for them.

/// A key that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Char(char),
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Escape,
    Backspace,
    /// Ctrl-C.
    Interrupt,
}

/// The keys in what was read at once; what is not known is passed over.
pub(crate) fn keys(bytes: &[u8]) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        let (key, length) = match first {
            0x03 => (Some(Key::Interrupt), 1),
            b'\r' | b'\n' => (Some(Key::Enter), 1),
            0x7f | 0x08 => (Some(Key::Backspace), 1),
            0x1b => escape(after),
            0x20..=0x7e => (Some(Key::Char(char::from(first))), 1),
            0x80.. => character(rest),
            _ => (None, 1),
        };
        keys.extend(key);
        rest = &rest[length.min(rest.len())..];
    }
    keys
}

/// What follows the escape character, and how long all of it is.
fn escape(after: &[u8]) -> (Option<Key>, usize) {
    let (Some(b'[' | b'O'), Some(body)) = (after.first(), after.get(1..)) else {
        return (Some(Key::Escape), 1);
    };
    let Some(end) = body.iter().position(|byte| (0x40..=0x7e).contains(byte)) else {
        return (None, 1 + after.len());
    };
    let key = match (&body[..end], body[end]) {
        (b"", b'A') => Some(Key::Up),
        (b"", b'B') => Some(Key::Down),
        (b"", b'C') => Some(Key::Right),
        (b"", b'D') => Some(Key::Left),
        (b"", b'H') | (b"1" | b"7", b'~') => Some(Key::Home),
        (b"", b'F') | (b"4" | b"8", b'~') => Some(Key::End),
        (b"5", b'~') => Some(Key::PageUp),
        (b"6", b'~') => Some(Key::PageDown),
        _ => None,
    };
    (key, 2 + end + 1)
}

/// A character beyond ASCII.
fn character(bytes: &[u8]) -> (Option<Key>, usize) {
    let text = match std::str::from_utf8(&bytes[..bytes.len().min(4)]) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    };
    let first = text.chars().next();
    (first.map(Key::Char), first.map_or(1, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_terminals_send() {
        let of = |text: &str| keys(text.as_bytes());
        assert_eq!(of("q\x03"), [Key::Char('q'), Key::Interrupt]);
        assert_eq!(
            of("\x1b[A\x1bOB\x1b[6~"),
            [Key::Up, Key::Down, Key::PageDown]
        );
        assert_eq!(of("\x1b"), [Key::Escape]);
        assert_eq!(of("\x1b[1;5Aß\r"), [Key::Char('ß'), Key::Enter]);
        assert_eq!(of("\x1b[999"), []);
        assert_eq!(keys(b"\xffa\x7f"), [Key::Char('a'), Key::Backspace]);
        assert_eq!(keys(b"\xe2\x82"), []);
    }
}
