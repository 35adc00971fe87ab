//! From ticks of a clock to nanoseconds.

/// Fractional bits of the multiplier: with 2.5 ticks per nanosecond it holds
/// the ratio to one part in 10¹¹.
const BITS: u32 = 38;

/// How many nanoseconds a tick lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    ns_per_tick: u64,
}

impl Scale {
    /// Of a clock that counts nanoseconds.
    pub(crate) const IDENTITY: Self = Self {
        ns_per_tick: 1 << BITS,
    };

    /// Of a clock that counted so many ticks in so many nanoseconds; `None`
    /// where that is no clock: fewer than 1000 ticks, or a rate outside of
    /// 1 MHz to 100 GHz.
    pub(crate) fn measured(ticks: u64, ns: u64) -> Option<Self> {
        if ticks < 1000 {
            return None;
        }
        let ns_per_tick = u64::try_from((u128::from(ns) << BITS) / u128::from(ticks)).ok()?;
        let plausible = (1 << BITS) / 100..=1000 << BITS;
        plausible
            .contains(&ns_per_tick)
            .then_some(Self { ns_per_tick })
    }

    /// The nearest whole number of nanoseconds; saturates.
    pub(crate) fn ns(self, ticks: u64) -> u64 {
        let scaled = self.ns_wide(u128::from(ticks));
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }

    /// As [`Scale::ns`], for sums; saturates.
    pub(crate) fn ns_wide(self, ticks: u128) -> u128 {
        let wide = ticks.saturating_mul(u128::from(self.ns_per_tick));
        wide.saturating_add(1 << (BITS - 1)) >> BITS
    }

    /// The ticks in so many nanoseconds, at least one; saturates.
    pub(crate) fn ticks(self, ns: u64) -> u64 {
        let ticks = (u128::from(ns) << BITS) / u128::from(self.ns_per_tick.max(1));
        u64::try_from(ticks).unwrap_or(u64::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_clock_has_no_scale() {
        assert_eq!(Scale::measured(0, 1_000_000), None);
        assert_eq!(Scale::measured(1_000_000, 1), None);
        assert_eq!(Scale::measured(1000, u64::MAX), None);
    }

    proptest! {
        #[test]
        fn nanoseconds_are_the_nearest(ticks in 0_u64..1 << 52, mhz in 100_u64..6000) {
            let scale = Scale::measured(mhz * 1_000_000, 1_000_000_000).unwrap();
            let exact = ticks as f64 * 1000.0 / mhz as f64;
            let ns = scale.ns(ticks) as f64;
            prop_assert!((ns - exact).abs() <= 0.51 + exact * 1e-9, "{} is not {}", ns, exact);
        }

        #[test]
        fn the_identity_changes_nothing(ticks in any::<u64>()) {
            prop_assert_eq!(Scale::IDENTITY.ns(ticks), ticks);
            prop_assert_eq!(Scale::IDENTITY.ticks(ticks), ticks.max(1));
        }
    }
}
