//! The stored form: HdrHistogram V2 bytes in base64, with the exact numbers and
//! a checksum beside them, because V2 itself has none and rounds the rest.

use std::error::Error;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hdrhistogram::Histogram as Buckets;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2Serializer};
use serde::{Deserialize, Serialize};

use super::Histogram;
use super::bucket::{self, HIGHEST};

/// The name of the encoding in files.
const ENCODING: &str = "hdrhistogram_v2_base64";

/// Cookie, payload length, offset, digits, lowest, highest, conversion ratio.
const HEADER_BYTES: usize = 40;

/// The largest payload that is read: every bucket of a histogram over all of
/// u64 with three digits, at its longest.
const LARGEST_PAYLOAD_BYTES: usize = 1 << 20;

/// The significant digits that are written.
const DIGITS: u8 = 2;

/// The most digits that are read: four would take megabytes for one histogram.
const MOST_DIGITS: u32 = 3;

/// Why stored bytes are no histogram.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HistogramError {
    /// The text is not base64.
    NotBase64,
    /// The encoding is not one that this version reads.
    UnknownEncoding(String),
    /// The bytes are not a V2 histogram within the bounds that are read.
    NotV2,
    /// The checksum does not match: the text was damaged or changed.
    ChecksumMismatch,
    /// Count, sum, minimum and maximum contradict the buckets.
    Contradiction,
}

impl fmt::Display for HistogramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBase64 => write!(f, "the histogram's data is not base64"),
            Self::UnknownEncoding(name) => write!(
                f,
                "the histogram's encoding is `{}`, and only `{ENCODING}` is read",
                name.chars().take(60).collect::<String>().escape_debug()
            ),
            Self::NotV2 => write!(
                f,
                "the histogram's data is not HdrHistogram V2 with at most {MOST_DIGITS} digits"
            ),
            Self::ChecksumMismatch => {
                write!(f, "the histogram's checksum does not match its data")
            }
            Self::Contradiction => write!(
                f,
                "the histogram's count, sum, minimum and maximum contradict its data"
            ),
        }
    }
}

impl Error for HistogramError {}

/// A histogram as it stands in a file.
#[derive(Serialize, Deserialize)]
struct Wire {
    encoding: String,
    data: String,
    /// CRC-32 (IEEE) of the decoded bytes, in hexadecimal.
    crc32: String,
    /// The exact sum, in decimal: it may be larger than a double holds.
    sum: String,
    min: u64,
    max: u64,
}

impl Wire {
    fn from_histogram(histogram: &Histogram) -> Result<Self, HistogramError> {
        let bytes = histogram.to_v2()?;
        Ok(Self {
            encoding: ENCODING.to_owned(),
            data: BASE64.encode(&bytes),
            crc32: format!("{:08x}", crc32fast::hash(&bytes)),
            sum: histogram.inner.sum.to_string(),
            min: histogram.min().unwrap_or(0),
            max: histogram.inner.max,
        })
    }

    fn into_histogram(self) -> Result<Histogram, HistogramError> {
        if self.encoding != ENCODING {
            return Err(HistogramError::UnknownEncoding(self.encoding));
        }
        if self.data.len() > 2 * LARGEST_PAYLOAD_BYTES {
            return Err(HistogramError::NotV2);
        }
        let bytes = BASE64
            .decode(&self.data)
            .map_err(|_| HistogramError::NotBase64)?;
        if self.crc32 != format!("{:08x}", crc32fast::hash(&bytes)) {
            return Err(HistogramError::ChecksumMismatch);
        }
        let mut histogram = Histogram::from_v2(&bytes)?;
        let sum: u128 = self
            .sum
            .parse()
            .map_err(|_| HistogramError::Contradiction)?;
        if histogram.count() > 0 {
            if !self.agrees_with(&histogram, sum) {
                return Err(HistogramError::Contradiction);
            }
            histogram.set_exact(sum, self.min, self.max);
        }
        Ok(histogram)
    }

    /// Whether minimum and maximum lie in the outermost buckets, and the sum
    /// between what the buckets allow.
    fn agrees_with(&self, histogram: &Histogram, sum: u128) -> bool {
        let buckets: Vec<(u16, u64)> = histogram.buckets().collect();
        let (Some(&(first, _)), Some(&(last, _))) = (buckets.first(), buckets.last()) else {
            return true;
        };
        let count = u128::from(histogram.count());
        let (least, most) = (u128::from(self.min), u128::from(self.max));
        // A clock's ticks were rounded to a bucket before they became nanoseconds,
        // so that the extremes may lie in the next one.
        bucket::index(self.min).abs_diff(first) <= 1
            && bucket::index(self.max).abs_diff(last) <= 1
            && self.min <= self.max
            && least.saturating_mul(count) <= sum
            && sum <= most.saturating_mul(count)
    }
}

impl Serialize for Histogram {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire::from_histogram(self)
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Histogram {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Wire::deserialize(deserializer)?
            .into_histogram()
            .map_err(serde::de::Error::custom)
    }
}

impl Histogram {
    /// The bytes of HdrHistogram's V2 encoding, which other HdrHistogram tools
    /// read. Sum, minimum and maximum are rounded to buckets in it.
    ///
    /// # Errors
    /// A bucket's count is above 2⁶³ − 1.
    pub fn to_v2(&self) -> Result<Vec<u8>, HistogramError> {
        let mut encoded =
            Buckets::new_with_bounds(1, HIGHEST, DIGITS).map_err(|_| HistogramError::NotV2)?;
        for (index, count) in self.buckets() {
            encoded.saturating_record_n(bucket::lowest(index), count);
        }
        let mut bytes = Vec::new();
        V2Serializer::new()
            .serialize(&encoded, &mut bytes)
            .map_err(|_| HistogramError::NotV2)?;
        Ok(bytes)
    }

    /// Reads HdrHistogram's V2 encoding. Values are rounded to their buckets,
    /// and so are the sum, minimum and maximum.
    ///
    /// # Errors
    /// Bytes that are not V2, or a histogram of more than three digits.
    pub fn from_v2(bytes: &[u8]) -> Result<Self, HistogramError> {
        check(bytes)?;
        let read: Buckets<u64> = Deserializer::new()
            .deserialize(&mut &bytes[..])
            .map_err(|_| HistogramError::NotV2)?;
        let mut histogram = Self::new();
        for bucket in read.iter_recorded() {
            let value = read.median_equivalent(bucket.value_iterated_to());
            histogram.record_n(value, bucket.count_at_value());
        }
        Ok(histogram)
    }
}

/// Refuses, before anything is allocated, what the decoder must not be given:
/// it takes sizes on trust and negates without looking.
fn check(bytes: &[u8]) -> Result<(), HistogramError> {
    let field = |at: usize| -> Option<u32> {
        let field = bytes.get(at..at + 4)?;
        Some(u32::from_be_bytes(field.try_into().ok()?))
    };
    let header = || Some((field(4)?, field(8)?, field(12)?, field(16)?, field(20)?));
    let (payload, offset, digits, lowest_high, lowest_low) =
        header().ok_or(HistogramError::NotV2)?;
    let payload_is_the_rest = bytes.len().checked_sub(HEADER_BYTES) == Some(payload as usize);
    let smallest_number = bytes.windows(9).any(|run| run == [0xFF; 9]);
    let sound = payload_is_the_rest
        && payload as usize <= LARGEST_PAYLOAD_BYTES
        && offset == 0
        && digits <= MOST_DIGITS
        && (lowest_high, lowest_low) != (0, 0)
        && !smallest_number;
    sound.then_some(()).ok_or(HistogramError::NotV2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn example() -> Histogram {
        let mut histogram = Histogram::new();
        for value in [0, 1, 100, 12_345, 12_345, 987_654_321, 1 << 41] {
            histogram.record(value);
        }
        histogram
    }

    #[test]
    fn what_is_written_is_read_back_exactly() {
        let json = serde_json::to_string(&example()).unwrap();
        let back: Histogram = serde_json::from_str(&json).unwrap();
        assert_eq!(back.sum(), example().sum());
        assert_eq!((back.min(), back.max()), (example().min(), example().max()));
        assert!(back.recorded().eq(example().recorded()));
    }

    #[test]
    fn an_empty_histogram_survives() {
        let json = serde_json::to_string(&Histogram::new()).unwrap();
        let back: Histogram = serde_json::from_str(&json).unwrap();
        assert_eq!((back.count(), back.min()), (0, None));
    }

    #[test]
    fn every_damaged_byte_of_the_data_is_noticed() {
        let wire = Wire::from_histogram(&example()).unwrap();
        let bytes = BASE64.decode(&wire.data).unwrap();
        for index in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[index] ^= 0x10;
            let wire = Wire {
                encoding: ENCODING.to_owned(),
                data: BASE64.encode(&damaged),
                crc32: wire.crc32.clone(),
                sum: wire.sum.clone(),
                min: wire.min,
                max: wire.max,
            };
            assert_eq!(
                wire.into_histogram().err(),
                Some(HistogramError::ChecksumMismatch)
            );
        }
    }

    #[test]
    fn a_small_file_cannot_ask_for_gigabytes() {
        let mut bytes = example().to_v2().unwrap();
        bytes[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(
            Histogram::from_v2(&bytes).err(),
            Some(HistogramError::NotV2)
        );
        let mut bytes = example().to_v2().unwrap();
        bytes[12..16].copy_from_slice(&5_u32.to_be_bytes());
        assert_eq!(
            Histogram::from_v2(&bytes).err(),
            Some(HistogramError::NotV2)
        );
    }

    #[test]
    fn the_smallest_number_does_not_panic() {
        let mut bytes = example().to_v2().unwrap();
        bytes.truncate(HEADER_BYTES);
        bytes.extend([0xFF; 9]);
        bytes[4..8].copy_from_slice(&9_u32.to_be_bytes());
        assert_eq!(
            Histogram::from_v2(&bytes).err(),
            Some(HistogramError::NotV2)
        );
    }

    #[test]
    fn exact_numbers_must_agree_with_the_buckets() {
        let mut wire = Wire::from_histogram(&example()).unwrap();
        wire.sum = "3".to_owned();
        wire.min = 2;
        assert_eq!(
            wire.into_histogram().err(),
            Some(HistogramError::Contradiction)
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Histogram::from_v2(&bytes);
        }

        #[test]
        fn mutated_bytes_never_panic(
            position in any::<prop::sample::Index>(),
            value in any::<u8>(),
        ) {
            let mut bytes = example().to_v2().unwrap();
            let index = position.index(bytes.len());
            bytes[index] = value;
            let _ = Histogram::from_v2(&bytes);
        }
    }
}
