//! How a page is compressed.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;

/// How a page goes over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Encoding {
    Plain,
    Gzip,
}

impl Encoding {
    /// Of those that the values of `Accept-Encoding` name. gzip has to be named, and not to be
    /// liked less than the plain page is where that is named too.
    pub(super) fn preferred<'a>(accepted: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut gzip, mut plain) = (0.0_f64, 0.0_f64);
        for coding in accepted.into_iter().flat_map(|value| value.split(',')) {
            let mut parts = coding.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let quality = parts.find_map(|part| {
                let (key, value) = part.split_once('=')?;
                let is_it = key.trim().eq_ignore_ascii_case("q");
                is_it.then(|| value.trim().parse().unwrap_or(0.0))
            });
            let quality = quality.unwrap_or(1.0);
            if ["gzip", "x-gzip"]
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known))
            {
                gzip = gzip.max(quality);
            } else if name.eq_ignore_ascii_case("identity") {
                plain = plain.max(quality);
            }
        }
        match gzip > 0.0 && gzip >= plain {
            true => Self::Gzip,
            false => Self::Plain,
        }
    }

    /// What `Content-Encoding` says, if it says anything.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Gzip => Some("gzip"),
        }
    }

    /// A page as it goes over the wire.
    pub(super) fn encoded(self, page: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Plain => page,
            // Nothing fails where memory is written to.
            Self::Gzip => gzip(&page).unwrap_or_default(),
        }
    }
}

fn gzip(page: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(page.len() / 8), Compression::fast());
    encoder.write_all(page)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn gzip_is_what_is_named_and_not_refused() {
        for accepted in [
            "gzip",
            "GZIP;q=0.1",
            "deflate, gzip;q=1.0, *;q=0.5",
            "x-gzip",
            "identity;q=0.5,\tgzip ; Q = 0.5",
            "br,zstd,gzip",
        ] {
            assert_eq!(
                Encoding::preferred([accepted]),
                Encoding::Gzip,
                "{accepted}"
            );
        }
        for accepted in [
            "",
            "*",
            "identity",
            "gzip;q=0",
            "gzip;q=nan",
            "gzip;q=-1",
            "gzip;q=",
            "gzip;q=0.2,identity",
            "gzipped",
            "br, deflate",
        ] {
            assert_eq!(
                Encoding::preferred([accepted]),
                Encoding::Plain,
                "{accepted}"
            );
        }
        assert_eq!(Encoding::preferred([]), Encoding::Plain);
        assert_eq!(Encoding::preferred(["br", "gzip"]), Encoding::Gzip);
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer_and_every_page_comes_back(
            accepted in ".{0,60}",
            page in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let encoding = Encoding::preferred([accepted.as_str()]);
            prop_assert_eq!(encoding.name().is_some(), encoding == Encoding::Gzip);
            let mut back = Vec::new();
            let encoded = Encoding::Gzip.encoded(page.clone());
            GzDecoder::new(&encoded[..]).read_to_end(&mut back).unwrap();
            prop_assert_eq!(&back, &page);
            prop_assert_eq!(Encoding::Plain.encoded(page.clone()), page);
        }
    }
}
