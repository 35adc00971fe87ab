//! Points in bytes: as many as a series has in a row, or as a record has.

/// A value of a series, as the index has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct IndexedPoint {
    /// The number of its record in the index.
    pub(crate) record: u32,
    /// The numbers of machine and toolchain, which change series.
    pub(crate) machine: u16,
    pub(crate) toolchain: u16,
    /// Where it stands in time, and when it was measured, in seconds since 1970.
    pub(crate) place_s: u32,
    pub(crate) measured_s: u32,
    pub(crate) estimate: f64,
    /// The bounds of its interval; not a number where it has none.
    pub(crate) low: f32,
    pub(crate) high: f32,
}

/// How many bytes a point takes.
pub(super) const POINT_BYTES: usize = 32;

impl IndexedPoint {
    pub(crate) fn bounds(&self) -> Option<(f64, f64)> {
        let (low, high) = (f64::from(self.low), f64::from(self.high));
        (low.is_finite() && high.is_finite()).then_some((low, high))
    }

    pub(super) fn push_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.record.to_le_bytes());
        bytes.extend_from_slice(&self.machine.to_le_bytes());
        bytes.extend_from_slice(&self.toolchain.to_le_bytes());
        bytes.extend_from_slice(&self.place_s.to_le_bytes());
        bytes.extend_from_slice(&self.measured_s.to_le_bytes());
        bytes.extend_from_slice(&self.estimate.to_le_bytes());
        bytes.extend_from_slice(&self.low.to_le_bytes());
        bytes.extend_from_slice(&self.high.to_le_bytes());
    }

    pub(super) fn read(bytes: &[u8; POINT_BYTES]) -> Self {
        fn part<const N: usize>(bytes: &[u8; POINT_BYTES], at: usize) -> [u8; N] {
            std::array::from_fn(|index| bytes[at + index])
        }
        Self {
            record: u32::from_le_bytes(part(bytes, 0)),
            machine: u16::from_le_bytes(part(bytes, 4)),
            toolchain: u16::from_le_bytes(part(bytes, 6)),
            place_s: u32::from_le_bytes(part(bytes, 8)),
            measured_s: u32::from_le_bytes(part(bytes, 12)),
            estimate: f64::from_le_bytes(part(bytes, 16)),
            low: f32::from_le_bytes(part(bytes, 24)),
            high: f32::from_le_bytes(part(bytes, 28)),
        }
    }
}

/// The points of one series, as they stand in a row.
pub(super) fn points(bytes: &[u8]) -> impl Iterator<Item = IndexedPoint> {
    let (points, _) = bytes.as_chunks::<POINT_BYTES>();
    points.iter().map(IndexedPoint::read)
}

/// How many bytes a point takes with the number of its series before it.
pub(super) const NUMBERED_BYTES: usize = POINT_BYTES + 4;

/// The points of one record, each with the number of its series.
pub(super) fn numbered_points(bytes: &[u8]) -> impl Iterator<Item = (u32, IndexedPoint)> {
    let (points, _) = bytes.as_chunks::<NUMBERED_BYTES>();
    points.iter().map(|bytes| {
        let series = u32::from_le_bytes(std::array::from_fn(|at| bytes[at]));
        let point = IndexedPoint::read(&std::array::from_fn(|at| bytes[4 + at]));
        (series, point)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_come_back_as_they_were() {
        let point = IndexedPoint {
            record: 7,
            machine: 1,
            toolchain: 65_535,
            place_s: u32::MAX,
            measured_s: 0,
            estimate: -1.25e300,
            low: 1.0,
            high: f32::NAN,
        };
        let mut bytes = Vec::new();
        point.push_to(&mut bytes);
        assert_eq!(bytes.len(), POINT_BYTES);
        let back = points(&bytes).next().unwrap();
        assert_eq!(back.bounds(), None);
        assert_eq!(format!("{back:?}"), format!("{point:?}"));
        // What is cut off is no point.
        assert_eq!(points(&bytes[..31]).count(), 0);
    }
}
