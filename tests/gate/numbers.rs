//! Budgets on counters, gauges and ratios, of a report that a program left.

use std::time::Duration;

use crate::support::{
    Answer, Folder, assert_fits_config_schema, assert_fits_schema, config_schema_errors,
};
use perfkit::report::GateOutcome;
use perfkit::unit::Unit;
use perfkit::{MockClock, Monitor, Report};

/// A cache that was asked for so many values within 10 s, of which it had some.
fn save_cache(folder: &Folder, hits: u64, misses: u64) {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    let counters = ["cache_hits", "cache_misses", "refetches"];
    let [hit, miss, refetches] = counters.map(|name| monitor.counter(name));
    monitor.ratio("cache_hit_rate", &hit, &[&hit, &miss]);
    monitor.ratio("refetches_of_a_miss", &refetches, &[&miss]);
    hit.add(hits);
    miss.add(misses);
    refetches.add(3 * misses);
    monitor.counter("sent").unit(Unit::Bytes).add(50_000);
    let heap = monitor.gauge("heap").unit(Unit::Bytes);
    let queue = monitor.gauge_labelled("queue_length", &[("queue", "mail")]);
    heap.set(250e6);
    queue.set(8.0);
    clock.advance(Duration::from_secs(5));
    queue.set(2.0);
    clock.advance(Duration::from_secs(5));
    let report = Report::from_snapshot(monitor.snapshot());
    report.save(folder.path("cache.json")).unwrap();
}

/// What a gate with these rules says of the cache.
fn of_cache(hits: u64, misses: u64, rules: &str) -> Answer {
    let folder = Folder::new();
    save_cache(&folder, hits, misses);
    folder.write("perfkit.toml", rules);
    let answer = folder.run(["gate", "cache.json"]);
    if !answer.stderr.contains("perfkit.toml:") {
        assert_fits_config_schema(rules);
    }
    answer
}

/// The findings of a gate on a cache with 97 % hits, by their rules.
fn findings(rules: &str) -> Vec<(String, GateOutcome, String)> {
    let folder = Folder::new();
    save_cache(&folder, 97_000, 3000);
    folder.write("perfkit.toml", rules);
    let answer = folder.run(["gate", "cache.json", "--format", "json"]);
    assert_fits_schema(&answer.stdout);
    let report = Report::from_json(answer.stdout.as_bytes()).unwrap();
    let findings = report.gate.unwrap().findings.into_iter();
    let findings = findings.map(|f| (format!("{}: {}", f.subject, f.rule), f.outcome, f.measured));
    findings.collect()
}

#[test]
fn a_limit_without_a_unit_is_told_what_is_measured() {
    let rules = "[[budget]]\ncounter = \"sent\"\ntotal = \"< 5\"\n";
    let told = "measured in B, which cannot be held against a number without a unit";
    of_cache(1, 0, rules).exits_with(2).says(told);
}

#[test]
fn reports_of_counters_alone_are_not_compared_and_say_what_shows_them() {
    let folder = Folder::new();
    for name in ["before.json", "after.json"] {
        save_cache(&folder, 9, 1);
        std::fs::rename(folder.path("cache.json"), folder.path(name)).unwrap();
    }
    folder
        .run(["compare", "before.json", "after.json"])
        .exits_with(4)
        .complains("counters, gauges and ratios are not compared: `perfkit report FILE FILE`");
    folder
        .run(["report", "before.json", "after.json"])
        .exits_with(0)
        .says("cache_hits");
}

#[test]
fn a_hit_rate_is_held_to_its_least_value() {
    let least = "[[budget]]\nratio = \"cache_hit_rate\"\nvalue = \"> 95%\"\n";
    let answer = of_cache(97_000, 3000, least).exits_with(0);
    assert!(answer.stdout.contains("97 % (between"), "{}", answer.stdout);
    let answer = of_cache(90_000, 10_000, least).exits_with(1);
    assert!(
        answer.stdout.contains("cache_hit_rate") && answer.stdout.contains("value > 95 %"),
        "{}",
        answer.stdout
    );
    // So few show nothing.
    let strict = format!("[gate]\ninconclusive = \"fail\"\n{least}");
    for (hits, misses) in [(97, 3), (20, 0)] {
        let answer = of_cache(hits, misses, &strict).exits_with(1);
        let told = "too few values to be sure";
        assert!(answer.stdout.contains(told), "{}", answer.stdout);
    }
    // A share of 1 in another way.
    let answer = of_cache(97_000, 3000, &least.replace("> 95%", ">= 0.98"));
    assert!(answer.exits_with(1).stdout.contains("value >= 98 %"));
}

#[test]
fn nothing_is_no_pass() {
    let rules = "[[budget]]\nratio = \"cache_hit_rate\"\nvalue = \"> 95%\"\n";
    let answer = of_cache(0, 0, rules).exits_with(4);
    let told = "0 of 0: nothing was counted";
    assert!(
        answer.stdout.contains("NOT CHECKED") && answer.stdout.contains(told),
        "{}",
        answer.stdout
    );
    for (kind, name, bound, told) in [
        (
            "counter",
            "cache_hit",
            "total",
            "no counter matches; did you mean `cache_hits`?",
        ),
        (
            "counter",
            "zzz",
            "total",
            "there are `cache_hits`, `cache_misses`, `refetches`, `sent`",
        ),
        (
            "gauge",
            "cache_hits",
            "max",
            "no gauge matches; there are `heap`, `queue_length{queue=\"mail\"}`",
        ),
        (
            "ratio",
            "zzz",
            "value",
            "there are `cache_hit_rate`, `refetches_of_a_miss`",
        ),
    ] {
        let rules = format!("[[budget]]\n{kind} = \"{name}\"\n{bound} = \"< 1\"\n");
        let answer = of_cache(1, 1, &rules).exits_with(2);
        assert!(answer.stdout.contains(told), "{}", answer.stdout);
    }
    let folder = Folder::new();
    let report = Report::from_snapshot(Monitor::new().snapshot());
    report.save(folder.path("empty.json")).unwrap();
    folder.write("perfkit.toml", rules);
    let answer = folder.run(["gate", "empty.json"]).exits_with(4);
    assert!(answer.stdout.contains("the report has no ratios"));
}

#[test]
fn counters_and_gauges_are_held_to_both_sides() {
    use GateOutcome::{Fail, Pass, RuleAtFault, Warn};
    let rules = "
        [[budget]]
        counter = \"refetches\"
        total = \"<= 9000\"
        per_second = \"< 500/s\"
        [[budget]]
        counter = \"sent\"
        total = \">= 100kB\"
        per_second = \">= 5kB/s\"
        [[budget]]
        counter = \"cache_misses\"
        total = \"< 1MB\"
        [[budget]]
        gauge = \"heap\"
        value = { max = \"300MB\", warn = \"80%\", critical = \"90%\" }
        max = { max = \"270MB\", warn = \"80%\", critical = \"90%\" }
        min = { min = \"240MB\", warn = \"90%\" }
        [[budget]]
        gauge = \"queue_length*\"
        mean = \"<= 5\"
        max = \"< 8\"
        min = \">= 1\"
        [[budget]]
        ratio = \"cache_hit_rate\"
        value = { min = \"96%\", warn = \"70%\" }
        [[budget]]
        ratio = \"refetches_of_a_miss\"
        value = { max = \"3.1\", warn = \"90%\" }
    ";
    assert_fits_config_schema(rules);
    let queue = "queue_length{queue=\"mail\"}";
    let mut expected = vec![
        ("refetches: total <= 9,000".to_owned(), Pass, "9,000"),
        ("refetches: per_second < 500 /s".to_owned(), Fail, "900 /s"),
        ("sent: total >= 97.66 KiB".to_owned(), Fail, "48.83 KiB"),
        (
            "sent: per_second >= 4.883 KiB/s".to_owned(),
            Pass,
            "4.883 KiB/s",
        ),
        (
            "cache_misses: total < 976.6 KiB".to_owned(),
            RuleAtFault,
            "measured in count, which cannot be held against B",
        ),
        (
            "heap: value <= 286.1 MiB".to_owned(),
            Warn,
            "238.4 MiB: close to the bound",
        ),
        (
            "heap: max <= 257.5 MiB".to_owned(),
            Warn,
            "238.4 MiB: critically close to the bound",
        ),
        (
            "heap: min >= 228.9 MiB".to_owned(),
            Warn,
            "238.4 MiB: close to the bound",
        ),
        (format!("{queue}: mean <= 5"), Pass, "5"),
        (format!("{queue}: max < 8"), Fail, "8"),
        (format!("{queue}: min >= 1"), Pass, "2"),
        (
            "cache_hit_rate: value >= 96 %".to_owned(),
            Warn,
            "97 % (between 96.87 % and 97.12 %): close to the bound",
        ),
        (
            "refetches_of_a_miss: value <= 3.100".to_owned(),
            Warn,
            "3: close to the bound",
        ),
    ];
    let mut found = findings(rules);
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let found: Vec<_> = found
        .iter()
        .map(|(rule, outcome, measured)| (rule.clone(), *outcome, measured.as_str()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_bound_is_one_that_there_is() {
    for (rules, told) in [
        (
            "gauge = \"heap\"\np95 = \"< 1\"",
            "p95 is no bound on gauges",
        ),
        (
            "counter = \"hits\"\nvalue = \"< 1\"",
            "a budget of counters has total, per_second",
        ),
        (
            "operation = \"work\"\ntotal = \"< 1\"",
            "total is no bound on operations",
        ),
        (
            "ratio = \"rate\"\nmetric = \"x\"\nvalue = \"< 1\"",
            "a ratio has no metrics",
        ),
        (
            "ratio = \"rate\"\ngauge = \"x\"\nvalue = \"< 1\"",
            "a rule is for gauges or for ratios, not for both",
        ),
        ("ratio = \"rate\"", "add one of value"),
        (
            "ratio = \"rate\"\nvalue = { warn = \"80%\" }",
            "add max or min",
        ),
        (
            "gauge = \"x\"\nvalue = { min = \"1\", max = \"2\" }",
            "value has both max and min",
        ),
        (
            "operation = \"x\"\np95 = { min = \"1ms\" }",
            "p95 is better when lower: it has no min",
        ),
    ] {
        let rules = format!("[[budget]]\n{rules}\n");
        let answer = of_cache(1, 1, &rules).exits_with(2);
        assert!(answer.stderr.contains(told), "{}", answer.stderr);
    }
    let two = "[[budget]]\nratio = \"a\"\ngauge = \"b\"\nvalue = \"< 1\"\n";
    assert!(!config_schema_errors(two).is_empty());
}

#[test]
fn a_waiver_may_be_for_a_number() {
    let rules = "
        [[budget]]
        ratio = \"cache_hit_rate\"
        value = \">= 99%\"
        [[waiver]]
        ratio = \"cache_*\"
        bound = \"value\"
        ceiling = \"95%\"
        until = 2999-01-31
        reason = \"the cache is being filled\"
    ";
    let answer = of_cache(97_000, 3000, rules).exits_with(0);
    let told = "the cache is being filled";
    assert!(answer.stdout.contains(told), "{}", answer.stdout);
    of_cache(90_000, 10_000, rules).exits_with(1);
    let other = rules.replace("ratio = \"cache_*\"", "counter = \"cache_*\"");
    let answer = of_cache(97_000, 3000, &other).exits_with(2);
    assert!(
        answer.stderr.contains("no bound of a budget"),
        "{}",
        answer.stderr
    );
    let of_no_bound = rules.replace("bound = \"value\"", "");
    let answer = of_cache(97_000, 3000, &of_no_bound).exits_with(2);
    assert!(answer.stderr.contains("has no bound"), "{}", answer.stderr);
}
