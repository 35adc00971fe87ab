//! Counters, gauges and ratios as plain text.

use std::fmt;

use crate::snapshot::{CounterSnapshot, GaugeSnapshot, GaugeWindow, RatioSnapshot, RatioWindow};
use crate::text::printable;
use crate::unit::Unit;
use crate::window::Window;

use super::Report;

/// Significant digits; counts keep all of theirs.
const DIGITS: usize = 4;

/// One line for each.
pub(super) fn write(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    for counter in &report.counters {
        writeln!(f, "{}", counter_line(counter))?;
    }
    for ratio in &report.ratios {
        writeln!(f, "{}", ratio_line(ratio))?;
    }
    for gauge in &report.gauges {
        writeln!(f, "{}", gauge_line(gauge))?;
    }
    Ok(())
}

fn counter_line(counter: &CounterSnapshot) -> String {
    let CounterSnapshot {
        unit,
        lifetime,
        last_period,
        ..
    } = counter;
    let amount = |total: u64| unit.format(total as f64, DIGITS);
    let rate = |rate: Option<f64>| {
        rate.map_or_else(|| "-".to_owned(), |rate| unit.format_rate(rate, DIGITS))
    };
    format!(
        "{}: counter: {}, {}; {}: {}, {}",
        printable(&counter.name),
        amount(lifetime.total),
        rate(lifetime.per_second),
        recent(last_period.window),
        amount(last_period.total),
        rate(last_period.per_second),
    )
}

fn ratio_line(ratio: &RatioSnapshot) -> String {
    let count = |count: u64| Unit::Count.format(count as f64, DIGITS);
    let share = |window: &RatioWindow| {
        let value = or_dash(Unit::Ratio, window.value);
        format!(
            "{value} ({} of {})",
            count(window.counted),
            count(window.of)
        )
    };
    let name = printable(&ratio.name);
    let recent = recent(ratio.last_period.window);
    let [all, last] = [&ratio.lifetime, &ratio.last_period].map(share);
    format!("{name}: ratio: {all}; {recent}: {last}")
}

fn gauge_line(gauge: &GaugeSnapshot) -> String {
    let number = |value| or_dash(gauge.unit, value);
    let range = |window: &GaugeWindow| {
        format!(
            "min {}, mean {}, max {}",
            number(window.min),
            number(window.mean),
            number(window.max)
        )
    };
    let value = match gauge.processes {
        1 => format!("gauge: {}", number(gauge.value)),
        processes => format!(
            "gauge of {processes} processes: {} in the last one",
            number(gauge.value)
        ),
    };
    format!(
        "{}: {value}; {}; {}: {}",
        printable(&gauge.name),
        range(&gauge.lifetime),
        recent(gauge.last_period.window),
        range(&gauge.last_period),
    )
}

/// What the last period is called.
fn recent(window: Window) -> String {
    match window {
        Window::LastPeriod(ns) => format!("last {}", Unit::Nanoseconds.format(ns as f64, 3)),
        Window::Lifetime | Window::LastCalls(_) => "recently".to_owned(),
    }
}

fn or_dash(unit: Unit, value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| unit.format(value, DIGITS))
}

#[cfg(all(test, feature = "record"))]
mod tests {
    use std::time::Duration;

    use crate::unit::Unit;
    use crate::{MockClock, Monitor, Report};

    #[test]
    fn each_number_is_a_line() {
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        let [hits, misses] = ["hits", "\u{1b}misses"].map(|name| monitor.counter(name));
        monitor.ratio("hit_rate", &hits, &[&hits, &misses]);
        monitor.ratio("nothing", &misses, &[&misses]);
        let _never_set = monitor.gauge("never set");
        let heap = monitor.gauge("heap").unit(Unit::Bytes);
        hits.add(3000);
        heap.set(1024.0);
        clock.advance(Duration::from_secs(100));
        heap.set(3072.0);
        hits.add(500);
        monitor.counter("sent").unit(Unit::Bytes).add(102_400);
        let mut report = Report::from_snapshot(monitor.snapshot());
        report.notes.clear();
        let expected = "\
perfkit: no calls were recorded
\u{FFFD}misses: counter: 0, 0 /s; last 60.0 s: 0, 0 /s
hits: counter: 3,500, 35 /s; last 60.0 s: 500, 8.475 /s
sent: counter: 100.0 KiB, 1.000 KiB/s; last 60.0 s: 100.0 KiB, 1.695 KiB/s
hit_rate: ratio: 100 % (3,500 of 3,500); last 60.0 s: 100 % (500 of 500)
nothing: ratio: - (0 of 0); last 60.0 s: - (0 of 0)
heap: gauge: 3.000 KiB; min 1.000 KiB, mean 1.000 KiB, max 3.000 KiB; last 60.0 s: min 1.000 KiB, mean 1.000 KiB, max 3.000 KiB
";
        assert_eq!(report.to_string(), expected);
        let json = report.to_json().unwrap();
        let read = Report::from_json(json.as_bytes()).unwrap();
        assert_eq!(
            (&read.counters, &read.gauges),
            (&report.counters, &report.gauges)
        );
        assert_eq!(read.ratios, report.ratios);
        report.merge_recorded(read);
        let text = report.to_string();
        for line in [
            "hits: counter: 7,000, 70 /s; last 60.0 s: 1,000, 16.95 /s",
            "hit_rate: ratio: 100 % (7,000 of 7,000); last 60.0 s: 100 % (1,000 of 1,000)",
        ] {
            assert!(text.contains(line), "{text}");
        }
        assert!(
            text.contains("heap: gauge of 2 processes: 3.000 KiB in the last one;"),
            "{text}"
        );
    }
}
