//! HdrHistogram's V2 encoding, compressed, as it stands in logs. Nothing is
//! allocated by what the bytes claim.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::read::ZlibDecoder;
use perfkit::histogram::Histogram;

/// The cookies, with and without compression, apart from the size of a word.
const COMPRESSED: u32 = 0x1C84_9304;
const PLAIN: u32 = 0x1C84_9303;
const WORD_SIZE: u32 = 0xF0;

/// Cookie, payload length, offset, digits, lowest, highest, conversion ratio.
const HEADER: usize = 40;

/// Every bucket of the finest histogram there is, at its longest, is less.
const LARGEST: u64 = 64 << 20;

/// Counts beyond this are damage: sums of them would overflow.
const MOST_VALUES: u64 = 1 << 53;

/// Adds the values of an encoded histogram to another one; the error says what
/// is wrong.
pub(super) fn add_to(histogram: &mut Histogram, text: &str) -> Result<(), String> {
    let bytes = BASE64
        .decode(text.trim().trim_matches('"'))
        .map_err(|_| "the histogram is not base64, or is cut off".to_owned())?;
    let bytes = if cookie(&bytes) == Some(COMPRESSED) {
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
    match cookie(&bytes) {
        Some(PLAIN) => add_counts(histogram, &bytes),
        Some(other) => Err(format!(
            "the histogram's encoding {other:#010x} is not V2, which is the one that is read"
        )),
        None => Err("the histogram is cut off".to_owned()),
    }
}

fn cookie(bytes: &[u8]) -> Option<u32> {
    Some(word(bytes, 0)? & !WORD_SIZE)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

fn add_counts(histogram: &mut Histogram, bytes: &[u8]) -> Result<(), String> {
    let cut_off = || "the histogram is cut off".to_owned();
    let (length, offset, digits) = (word(bytes, 4), word(bytes, 8), word(bytes, 12));
    let (length, offset, digits) = (
        length.ok_or_else(cut_off)? as usize,
        offset.ok_or_else(cut_off)?,
        digits.ok_or_else(cut_off)?,
    );
    let lowest = bytes.get(16..24).and_then(|bytes| bytes.try_into().ok());
    let lowest = u64::from_be_bytes(lowest.ok_or_else(cut_off)?);
    let counts = bytes.get(HEADER..).and_then(|rest| rest.get(..length));
    let counts = counts.ok_or_else(cut_off)?;
    if offset != 0 || digits > 5 || lowest == 0 {
        return Err("the histogram's header has values that no histogram has".to_owned());
    }
    let buckets = Buckets::new(lowest, digits);
    let mut rest = counts;
    let mut index = 0_u64;
    let mut total = histogram.count();
    while !rest.is_empty() {
        let number = next_number(&mut rest).ok_or_else(cut_off)?;
        let Ok(count) = u64::try_from(number) else {
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
