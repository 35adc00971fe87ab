//! HdrHistogram's encodings V0, V1 and V2, compressed or not, as they stand in
//! logs. Nothing is allocated by what the bytes claim.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::read::ZlibDecoder;
use perfkit::histogram::Histogram;

/// The cookies of each version, compressed and plain, apart from the size of a
/// word, which V0 and V1 put among their bits.
const COMPRESSED: [u32; 3] = [0x1C84_9309, 0x1C84_9302, 0x1C84_9304];
const PLAIN: [u32; 3] = [0x1C84_9308, 0x1C84_9301, 0x1C84_9303];
const WORD_SIZE: u32 = 0xF0;

/// The cookies of histograms of floating-point numbers.
const FLOATING: [u32; 2] = [0x0C72_124E, 0x0C72_124F];

/// Every bucket of the finest histogram there is, at its longest, is less.
const LARGEST: u64 = 64 << 20;

/// Counts beyond this are damage: sums of them would overflow.
const MOST_VALUES: u64 = 1 << 53;

/// A histogram's header and the bytes of its counts.
struct Encoded<'a> {
    digits: u32,
    lowest: u64,
    /// By what values are to be multiplied, so that they are whole numbers.
    ratio: f64,
    /// The bytes of each count; none where their number differs from count to
    /// count.
    word: Option<usize>,
    counts: &'a [u8],
}

/// Adds the values of an encoded histogram to another one; the error says what
/// is wrong.
pub(super) fn add_to(histogram: &mut Histogram, text: &str) -> Result<(), String> {
    let bytes = BASE64
        .decode(text.trim().trim_matches('"'))
        .map_err(|_| "the histogram is not base64, or is cut off".to_owned())?;
    let is_compressed = cookie(&bytes).is_some_and(|cookie| COMPRESSED.contains(&cookie));
    let bytes = if is_compressed {
        let mut plain = Vec::new();
        ZlibDecoder::new(&bytes[8.min(bytes.len())..])
            .take(LARGEST + 1)
            .read_to_end(&mut plain)
            .map_err(|error| format!("the histogram cannot be unpacked: {error}"))?;
        plain
    } else {
        bytes
    };
    if bytes.len() as u64 > LARGEST {
        return Err("the histogram is larger than 64 MiB when unpacked".to_owned());
    }
    add_counts(histogram, &Encoded::of(&bytes)?)
}

/// Whether a text begins as an encoded histogram does.
pub(super) fn is_encoded(text: &str) -> bool {
    // As much of it as is a cookie.
    let start = text.trim().trim_matches('"').get(..8).unwrap_or_default();
    let bytes = BASE64.decode(start).unwrap_or_default();
    let known = [COMPRESSED, PLAIN];
    cookie(&bytes).is_some_and(|cookie| known.iter().flatten().any(|known| *known == cookie))
}

fn cookie(bytes: &[u8]) -> Option<u32> {
    let cookie = word(bytes, 0)?;
    let bits = match FLOATING.contains(&cookie) {
        true => 0,
        false => WORD_SIZE,
    };
    Some(cookie & !bits)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    let high = u64::from(word(bytes, at)?);
    Some(high << 32 | u64::from(word(bytes, at + 4)?))
}

impl<'a> Encoded<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, String> {
        let cut_off = || "the histogram is cut off".to_owned();
        let known = cookie(bytes).ok_or_else(cut_off)?;
        if FLOATING.contains(&known) {
            return Err(
                "the histogram is one of floating-point numbers, which are not read".to_owned(),
            );
        }
        let version = PLAIN.iter().position(|plain| *plain == known);
        let version = version.ok_or_else(|| {
            format!("the histogram has the unknown encoding {known:#010x}; V0, V1 and V2 are read")
        })?;
        let found = match version {
            0 => Self::without_length(bytes),
            _ => Self::with_length(bytes, version == 2),
        };
        let found = found.ok_or_else(cut_off)?;
        let is_whole = match found.word {
            None => true,
            Some(size) => matches!(size, 2 | 4 | 8) && found.counts.len().is_multiple_of(size),
        };
        // Integer histograms have nothing to convert: some writers leave zero.
        if found.ratio != 1.0 && found.ratio != 0.0 {
            let ratio = found.ratio;
            return Err(format!(
                "the histogram's values are to be multiplied by a conversion ratio of {ratio}: only those of whole numbers, with a ratio of 1, are read"
            ));
        }
        if found.digits > 5 || found.lowest == 0 || !is_whole {
            return Err("the histogram's header has values that no histogram has".to_owned());
        }
        Ok(found)
    }

    /// V0: cookie, digits, lowest, highest, how many values there are.
    fn without_length(bytes: &'a [u8]) -> Option<Self> {
        Some(Self {
            digits: word(bytes, 4)?,
            lowest: long(bytes, 8)?,
            ratio: 1.0,
            word: Some(word_size(bytes)?),
            counts: bytes.get(32..)?,
        })
    }

    /// V1 and V2: cookie, length of the counts, offset, digits, lowest, highest,
    /// conversion ratio.
    fn with_length(bytes: &'a [u8], are_packed: bool) -> Option<Self> {
        let length = word(bytes, 4)? as usize;
        let is_shifted = word(bytes, 8)? != 0;
        Some(Self {
            digits: word(bytes, 12)?,
            // What a shift of the buckets is for, no log has.
            lowest: if is_shifted { 0 } else { long(bytes, 16)? },
            ratio: f64::from_bits(long(bytes, 32)?),
            word: if are_packed {
                None
            } else {
                Some(word_size(bytes)?)
            },
            counts: bytes.get(40..)?.get(..length)?,
        })
    }
}

/// How many bytes a count has.
fn word_size(bytes: &[u8]) -> Option<usize> {
    Some(((word(bytes, 0)? & WORD_SIZE) >> 4) as usize)
}

fn add_counts(histogram: &mut Histogram, encoded: &Encoded<'_>) -> Result<(), String> {
    let buckets = Buckets::new(encoded.lowest, encoded.digits);
    let mut rest = encoded.counts;
    let mut index = 0_u64;
    let mut total = histogram.count();
    while !rest.is_empty() {
        let number = match encoded.word {
            Some(size) => fixed_number(&mut rest, size),
            None => next_number(&mut rest),
        };
        let number = number.ok_or("the histogram is cut off")?;
        let Ok(count) = u64::try_from(number) else {
            if encoded.word.is_some() {
                return Err("the histogram has a count below zero".to_owned());
            }
            // So many buckets are empty.
            index = index.saturating_add(number.unsigned_abs());
            continue;
        };
        if count > 0 {
            total = total.saturating_add(count);
            if total > MOST_VALUES {
                return Err("the histogram claims more values than there can be".to_owned());
            }
            let value = buckets.middle(index);
            let value = value.ok_or("the histogram has values beyond what it can hold")?;
            histogram.record_n(value, count);
        }
        index = index.saturating_add(1);
    }
    Ok(())
}

/// A number of so many bytes.
fn fixed_number(bytes: &mut &[u8], size: usize) -> Option<i64> {
    let (number, rest) = bytes.split_at_checked(size)?;
    *bytes = rest;
    let bits = number
        .iter()
        .fold(0, |bits, byte| bits << 8 | i64::from(*byte));
    // The first bit of the shorter numbers says whether they are below zero, too.
    let unused = 64 - 8 * size;
    Some(bits << unused >> unused)
}

/// A number in ZigZag LEB128, of which the ninth byte has eight bits.
fn next_number(bytes: &mut &[u8]) -> Option<i64> {
    let mut number = 0_u64;
    for position in 0..9 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let shift = 7 * position;
        if position == 8 {
            number |= u64::from(byte) << shift;
            break;
        }
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(((number >> 1) as i64) ^ -((number & 1) as i64))
}

/// Which values a bucket holds.
struct Buckets {
    unit_magnitude: u32,
    half_magnitude: u32,
}

impl Buckets {
    fn new(lowest: u64, digits: u32) -> Self {
        let finest = 2 * 10_u64.pow(digits);
        let magnitude = 64 - (finest - 1).leading_zeros();
        Self {
            unit_magnitude: lowest.ilog2(),
            half_magnitude: magnitude.max(1) - 1,
        }
    }

    /// The middle of the bucket with this index; `None` beyond 64 bits.
    fn middle(&self, index: u64) -> Option<u64> {
        let half = 1_u64 << self.half_magnitude;
        let row = index >> self.half_magnitude;
        let within = index & (half - 1);
        let (row, within) = if row == 0 {
            (0, within)
        } else {
            (row - 1, within + half)
        };
        let shift = u32::try_from(row).ok()?.checked_add(self.unit_magnitude)?;
        let width = 1_u64.checked_shl(shift)?;
        let lowest = within.checked_mul(width)?;
        lowest.checked_add(width / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(cookie: u32, counts: &[u8]) -> Vec<u8> {
        let mut bytes = cookie.to_be_bytes().to_vec();
        if cookie & !WORD_SIZE != PLAIN[0] {
            bytes.extend((counts.len() as u32).to_be_bytes());
            bytes.extend([0; 4]);
        }
        bytes.extend(3_u32.to_be_bytes());
        bytes.extend(1_u64.to_be_bytes());
        bytes.extend(1_000_000_u64.to_be_bytes());
        // How many values there are, or the ratio: neither is used.
        bytes.extend([0; 8]);
        bytes.extend(counts);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Histogram, String> {
        let mut histogram = Histogram::default();
        add_to(&mut histogram, &BASE64.encode(bytes)).map(|()| histogram)
    }

    #[test]
    fn counts_of_fixed_size_are_read() {
        let counts = |size: usize| -> Vec<u8> {
            // Two times 1 and once 3.
            let counts = [0_u64, 2, 0, 1];
            let bytes = counts.map(|count| count.to_be_bytes()[8 - size..].to_vec());
            bytes.concat()
        };
        for plain in [PLAIN[0], PLAIN[1]] {
            for size in [2, 4, 8] {
                let bytes = header(plain | (size as u32) << 4, &counts(size));
                let found = read(&bytes).unwrap();
                assert_eq!((found.count(), found.sum()), (3, 5), "{plain:x} {size}");
                assert_eq!((found.min(), found.max()), (Some(1), Some(3)));
                let cut = &bytes[..bytes.len() - 1];
                assert!(read(cut).is_err(), "{plain:x} {size}");
            }
        }
    }

    #[test]
    fn what_is_no_histogram_is_told() {
        let complaint = |bytes: &[u8]| read(bytes).unwrap_err();
        let unknown = complaint(&header(0x1C84_9330, &[]));
        assert!(unknown.contains("unknown encoding 0x1c849300"), "{unknown}");
        let floating = complaint(&header(0x0C72_124E, &[]));
        assert!(floating.contains("floating-point"), "{floating}");
        let negative = complaint(&header(PLAIN[1] | 0x20, &[0xFF, 0xFF]));
        assert!(negative.contains("below zero"), "{negative}");
        for word in [0x00, 0x10, 0x30, 0xF0] {
            let odd = complaint(&header(PLAIN[0] | word, &[1; 8]));
            assert!(odd.contains("header"), "{odd}");
        }
        let mut ratio = header(PLAIN[2], &[2]);
        ratio[32..40].copy_from_slice(&1e-3_f64.to_bits().to_be_bytes());
        let ratio = complaint(&ratio);
        assert!(ratio.contains("conversion ratio of 0.001"), "{ratio}");
        for length in 0..32 {
            let bytes = &header(PLAIN[0] | 0x20, &[])[..length];
            assert!(complaint(bytes).contains("cut off"), "{length}");
        }
    }
}
