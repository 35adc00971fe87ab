//! Pictures in pixels, in the feature `png`.

#[cfg(not(feature = "png"))]
mod disabled;
#[cfg(feature = "png")]
mod enabled;

#[cfg(not(feature = "png"))]
pub(super) use disabled::rasterize;
#[cfg(feature = "png")]
pub(super) use enabled::rasterize;

/// Whether this build can draw them.
pub(super) const IS_ENABLED: bool = cfg!(feature = "png");
