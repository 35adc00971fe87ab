//! What tells the operations of a place apart, where it is short and need not be written by
//! anybody's code.

use super::label_value::LabelValue;

/// How much of it there is at most, in bytes, so that each length is one byte.
const LONGEST: usize = 64;

/// The name of a type and the values of labels, each with its length behind it.
pub(super) struct ShortKey {
    bytes: [u8; LONGEST],
    len: usize,
}

impl ShortKey {
    /// `None` where it is longer, or has a value that only its own code can write.
    #[inline]
    pub(super) fn of(type_name: &str, labels: &[(&str, LabelValue<'_>)]) -> Option<Self> {
        let mut key = Self {
            bytes: [0; LONGEST],
            len: 0,
        };
        key.push(type_name.as_bytes())?;
        for (_, value) in labels {
            match value {
                LabelValue::Text(text) => key.push(text.as_bytes())?,
                LabelValue::Number(number) => key.push_number(*number)?,
                LabelValue::Other(_) => return None,
            }
        }
        Some(key)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    #[inline(always)]
    fn push(&mut self, part: &[u8]) -> Option<()> {
        let (to, rest) = self
            .bytes
            .get_mut(self.len..)?
            .split_at_mut_checked(part.len())?;
        *rest.first_mut()? = part.len() as u8;
        to.copy_from_slice(part);
        self.len += part.len() + 1;
        Some(())
    }

    #[inline(always)]
    fn push_number(&mut self, mut number: u64) -> Option<()> {
        let mut digits = [0; 20];
        let mut first = digits.len();
        loop {
            first -= 1;
            digits[first] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return self.push(&digits[first..]);
            }
        }
    }
}
