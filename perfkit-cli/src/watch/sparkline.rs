//! Lines of few characters.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The last values as bars, the highest of them full; nothing for zero and before the first.
pub(super) fn sparkline(values: impl DoubleEndedIterator<Item = f32>, width: usize) -> String {
    let mut last: Vec<f32> = values.rev().take(width).collect();
    last.reverse();
    let highest = last.iter().copied().fold(0.0, f32::max);
    let bar = |value: &f32| match value / highest {
        share if share > 0.0 => BARS[((share * 8.0).ceil() as usize).clamp(1, 8) - 1],
        _ => ' ',
    };
    let bars: String = last.iter().map(bar).collect();
    format!("{bars:>width$}")
}

/// A bar of a share of the width, at least one character where there is anything.
pub(super) fn bar(share: f64, width: usize) -> String {
    let length = (share.clamp(0.0, 1.0) * width as f64).round() as usize;
    "█".repeat(if share > 0.0 { length.max(1) } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_relative_to_the_highest() {
        assert_eq!(sparkline([1.0, 4.0, 8.0, 0.0].into_iter(), 5), " ▁▄█ ");
        assert_eq!(sparkline([9.0, 1.0, 1.0].into_iter(), 2), "██");
        assert_eq!(sparkline([0.0, 0.0].into_iter(), 2), "  ");
        assert_eq!(sparkline([].into_iter(), 2), "  ");
        assert_eq!((bar(0.5, 4).as_str(), bar(1e-9, 4).as_str()), ("██", "█"));
        assert_eq!(bar(0.0, 4), "");
    }
}
