//! The hash by which records are known.

use sha2::{Digest as _, Sha256};

/// SHA-256, in hexadecimal digits.
pub(crate) fn sha_256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_standard() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha_256(b"abc"), abc);
    }
}
