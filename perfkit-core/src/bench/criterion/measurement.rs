//! What benchmarks measure.

/// Always wall time. CPU time, cycles, instructions and allocations are measured beside it
/// where they can be had, so that nothing else need be chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WallTime;

/// The choice of [`WallTime`], for signatures that are generic over it.
pub trait Measurement: sealed::Sealed {}

impl Measurement for WallTime {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::WallTime {}
}
