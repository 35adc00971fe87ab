//! Prometheus export: the values and the text, and the endpoint over a real
//! connection.
//!
//! Where `PERFKIT_TEST_PROMTOOL` names Prometheus' promtool, it checks the text
//! too; without it that test says so and does nothing, unless
//! `PERFKIT_TEST_REQUIRE_ALL` is set.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a failed test panics, a skipped one says so"
)]

mod required;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use perfkit::prometheus::{self, Server, TextFormat};
use perfkit::unit::Unit;
use perfkit::{MockClock, Monitor, Report};

#[global_allocator]
static ALLOCATOR: perfkit::CountingAllocator = perfkit::CountingAllocator::system();

fn on_mock_clock() -> (Monitor, MockClock) {
    let clock = MockClock::new();
    (Monitor::with_clock(clock.clone()), clock)
}

/// Every sample of a text by its name and labels. Fails where the text is not
/// what every reader of the format takes.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let mut samples = BTreeMap::new();
    let mut families = BTreeSet::new();
    let mut family = String::new();
    assert!(text.is_empty() || text.ends_with('\n'));
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("# TYPE ") {
            family = head.split(' ').next().unwrap().to_owned();
            assert!(families.insert(family.clone()), "{family} stands twice");
            continue;
        }
        if line.starts_with("# ") {
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(series.starts_with(&family), "{line} is not of {family}");
        let before = samples.insert(series.to_owned(), value.parse().unwrap());
        assert!(before.is_none(), "{series} stands twice");
    }
    samples
}

/// One operation of everything: values from 1 µs to 3 s, all four endings.
fn busy() -> (Monitor, MockClock) {
    let (monitor, clock) = on_mock_clock();
    for duration in [
        Duration::from_micros(1),
        Duration::from_millis(1),
        Duration::from_micros(1001),
        Duration::from_millis(20),
        Duration::from_secs(3),
    ] {
        monitor.measure("work", || clock.advance(duration));
    }
    for kind in ["timeout", "refused", "timeout"] {
        let timer = monitor.operation("work").start();
        clock.advance(Duration::from_millis(500));
        timer.fail(kind.to_owned(), "no");
    }
    let panics = || monitor.measure("work", || panic!("expected in this test"));
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    let mut cancelled = Box::pin(monitor.measure_async("work", std::future::pending::<()>()));
    let mut context = Context::from_waker(Waker::noop());
    assert!(cancelled.as_mut().poll(&mut context).is_pending());
    drop(cancelled);
    (monitor, clock)
}

#[test]
fn the_values_are_those_that_were_recorded() {
    let (monitor, clock) = busy();
    let measured = monitor.operation("work").cpu().memory().items(7);
    measured.measure(|| {
        clock.compute(Duration::from_millis(4));
        drop(std::hint::black_box(vec![0_u8; 1000]));
    });
    monitor.operation("read").bytes(4096).measure(|| ());
    let found = samples(&prometheus::text(&monitor.snapshot()));
    let value = |series: &str| found.get(series).copied();

    for (outcome, count) in [
        ("success", 6.0),
        ("failure", 3.0),
        ("panic", 1.0),
        ("cancelled", 1.0),
    ] {
        let series = format!(
            r#"perfkit_operation_calls_total{{code_function_name="work",perfkit_outcome="{outcome}"}}"#
        );
        assert_eq!(value(&series), Some(count), "{outcome}");
    }
    let errors = |kind: &str| {
        value(&format!(
            r#"perfkit_operation_failures_total{{code_function_name="work",error_type="{kind}"}}"#
        ))
    };
    assert_eq!(
        (errors("timeout"), errors("refused")),
        (Some(2.0), Some(1.0))
    );

    let total = |name: &str, operation: &str| {
        value(&format!(
            r#"perfkit_operation_{name}_total{{code_function_name="{operation}"}}"#
        ))
    };
    assert_eq!(total("self_time_seconds", "work"), Some(3.026_002));
    let failed = |suffix: &str| {
        value(&format!(
            r#"perfkit_operation_failure_duration_seconds_{suffix}{{code_function_name="work"}}"#
        ))
    };
    assert_eq!((failed("count"), failed("sum")), (Some(5.0), Some(1.5)));
    let sum = |name: &str, operation: &str| {
        value(&format!(
            r#"perfkit_operation_{name}_sum{{code_function_name="{operation}"}}"#
        ))
    };
    assert_eq!(sum("cpu_time_seconds", "work"), Some(0.004));
    assert_eq!(total("items", "work"), Some(7.0));
    assert_eq!(sum("allocated_bytes", "work"), Some(1000.0));
    assert_eq!(sum("peak_growth_bytes", "work"), Some(1000.0));
    let growth = r#"perfkit_operation_net_growth_bytes{code_function_name="work"}"#;
    assert_eq!(value(growth), Some(0.0));
    assert_eq!(total("allocations", "work"), Some(1.0));
    assert_eq!(total("bytes", "read"), Some(4096.0));
    // Not measured is not zero.
    assert_eq!(total("busy_time_seconds", "work"), None);
    assert_eq!(sum("cpu_time_seconds", "read"), None);
    assert_eq!(total("items", "read"), None);
}

#[test]
fn calls_in_flight_and_those_beyond_the_limits_are_told() {
    let monitor = Monitor::builder().max_operations(2).build();
    let found = |series: &str| samples(&prometheus::text(&monitor.snapshot()))[series];
    let in_flight = r#"perfkit_operation_calls_in_flight{code_function_name="work"}"#;
    let timer = monitor.operation("work").start();
    assert_eq!(found(in_flight), 1.0);
    assert_eq!(found("perfkit_operation_overflow_calls_total"), 0.0);
    timer.stop();
    assert_eq!(found(in_flight), 0.0);
    for number in 0..10 {
        monitor.measure(&format!("name {number}"), || ());
    }
    let named = monitor.snapshot().operations.len() as f64;
    assert_eq!(
        found("perfkit_operation_overflow_calls_total"),
        10.0 + 2.0 - named
    );
}

#[test]
fn counters_and_gauges_are_told_by_their_units() {
    let (monitor, _) = on_mock_clock();
    monitor.counter("hits").add(97);
    monitor
        .counter_labelled("hits", &[("le", "x"), ("tier", "\"a\nb")])
        .add(2);
    let _ = monitor.counter("never");
    monitor
        .counter("waited")
        .unit(Unit::Nanoseconds)
        .add(1_500_000_000);
    monitor.gauge("heap").unit(Unit::Bytes).set(-2048.0);
    monitor.gauge("load").unit(Unit::Ratio).set(0.25);
    let _ = monitor.gauge("never set");
    // These look alike when they are shown.
    for (key, amount) in [("a.b", 3), ("a_b", 4)] {
        monitor.counter_labelled("x", &[(key, 1)]).add(amount);
        monitor.gauge_labelled("x", &[(key, 1)]).set(amount as f64);
    }
    let snapshot = monitor.snapshot();
    let text = prometheus::text(&snapshot);
    let expected = [
        (r#"perfkit_counted_things_total{perfkit_name="hits"}"#, 97.0),
        (
            r#"perfkit_counted_things_total{perfkit_name="hits",label_le="x",tier="\"a\nb"}"#,
            2.0,
        ),
        (r#"perfkit_counted_things_total{perfkit_name="never"}"#, 0.0),
        (
            r#"perfkit_counted_things_total{perfkit_name="x",a_b="1"}"#,
            7.0,
        ),
        (
            r#"perfkit_counted_time_seconds_total{perfkit_name="waited"}"#,
            1.5,
        ),
        (r#"perfkit_level_size_bytes{perfkit_name="heap"}"#, -2048.0),
        (r#"perfkit_level_ratio{perfkit_name="load"}"#, 0.25),
        (r#"perfkit_level_things{perfkit_name="x",a_b="1"}"#, 4.0),
    ];
    let found = samples(&text);
    for (series, value) in expected {
        assert_eq!(found.get(series), Some(&value), "{series} in {text}");
    }
    assert_eq!(found.len(), expected.len(), "{text}");
    #[cfg(feature = "bench")]
    {
        let report = Report::from_snapshot(snapshot);
        let of_report = TextFormat::Text.render_report(&report);
        assert!(text.lines().all(|line| of_report.contains(line)));
    }
}

#[test]
fn the_time_in_polls_is_told() {
    let (monitor, clock) = on_mock_clock();
    let mut polled = Box::pin(monitor.measure_async("poll", async {
        clock.advance(Duration::from_millis(2));
    }));
    let mut context = Context::from_waker(Waker::noop());
    assert!(polled.as_mut().poll(&mut context).is_ready());
    let found = samples(&prometheus::text(&monitor.snapshot()));
    let series = r#"perfkit_operation_busy_time_seconds_total{code_function_name="poll"}"#;
    assert_eq!(found.get(series), Some(&0.002));
}

#[test]
fn the_histogram_counts_every_value_within_its_bounds() {
    let (monitor, _) = busy();
    let found = samples(&prometheus::text(&monitor.snapshot()));
    let within = |le: &str| {
        found[&format!(
            r#"perfkit_operation_duration_seconds_bucket{{code_function_name="work",le="{le}"}}"#
        )]
    };
    for (le, count) in [
        ("1e-07", 0.0),
        ("7e-07", 0.0),
        ("1e-06", 1.0),
        ("0.0007", 1.0),
        // 1.001 ms is nearer to the bound than a bucket is wide.
        ("0.001", 3.0),
        ("0.015", 3.0),
        ("0.02", 4.0),
        ("2.0", 4.0),
        ("3.0", 5.0),
        ("100.0", 5.0),
        ("+Inf", 5.0),
    ] {
        assert_eq!(within(le), count, "{le}");
    }
    let series = |suffix: &str| {
        found[&format!(
            r#"perfkit_operation_duration_seconds_{suffix}{{code_function_name="work"}}"#
        )]
    };
    assert_eq!((series("count"), series("sum")), (5.0, 3.022_002));
    let of_failures = |le: &str| {
        found[&format!(
            r#"perfkit_operation_failure_duration_seconds_bucket{{code_function_name="work",le="{le}"}}"#
        )]
    };
    assert_eq!(
        ["0.3", "0.5", "+Inf"].map(of_failures),
        [2.0, 5.0, 5.0],
        "those that panicked or were cancelled took no time"
    );
    let buckets = found.keys().filter(|series| series.contains("_bucket{"));
    assert_eq!(buckets.count(), 2 * 56);
}

#[test]
fn an_operation_that_never_succeeded_has_an_empty_histogram() {
    let monitor = Monitor::new();
    monitor.operation("broken").start().fail("refused", "no");
    let found = samples(&prometheus::text(&monitor.snapshot()));
    let times: Vec<f64> = found
        .iter()
        .filter(|(series, _)| series.starts_with("perfkit_operation_duration_seconds"))
        .map(|(_, value)| *value)
        .collect();
    assert_eq!(times, [0.0; 58]);
}

#[test]
fn nothing_ever_falls_and_no_series_goes_away() {
    let (monitor, clock) = on_mock_clock();
    let mut before = BTreeMap::new();
    for round in 0_u64..60 {
        for call in 0..10 {
            // From nanoseconds to minutes, in no order.
            let ns = (round * 10 + call).wrapping_mul(7_919) % 1000;
            let duration = Duration::from_nanos(ns.pow(4));
            let operation = monitor.operation(["a", "b"][(call % 2) as usize]).cpu();
            match call {
                3 => drop(operation.try_measure(|| Err::<(), _>("no"))),
                _ => operation.measure(|| clock.compute(duration)),
            }
        }
        let after = samples(&prometheus::text(&monitor.snapshot()));
        for (series, value) in &before {
            assert!(after[series] >= *value, "{series} fell");
        }
        before = after;
    }
    for operation in ["a", "b"] {
        let name = "perfkit_operation_duration_seconds";
        let bucket = |le: &str| {
            before[&format!(r#"{name}_bucket{{code_function_name="{operation}",le="{le}"}}"#)]
        };
        let count = before[&format!(r#"{name}_count{{code_function_name="{operation}"}}"#)];
        assert_eq!(bucket("+Inf"), count);
        assert!(bucket("1e-07") > 0.0 && bucket("100.0") < count);
    }
}

#[test]
fn names_from_outside_are_inert_and_stay_apart() {
    let names = [
        "a\" } 1\nperfkit_calls_total{code_function_name=\"b",
        "C:\\new",
        "C:\new",
        "\u{1b}]0;owned\u{7}\u{1b}[2J\r",
        "\u{1b}]0;owned\u{8}\u{1b}[2J\r",
        "right\u{202e}to left",
        "größe<T>, 'a' = {x}",
        "# EOF",
        "",
    ];
    let monitor = Monitor::new();
    for name in names {
        let _ = monitor.try_measure(name, || Err::<(), _>("no"));
        monitor.operation(name).start().fail(name.to_owned(), "no");
    }
    for format in [TextFormat::Text, TextFormat::OpenMetrics] {
        let text = format.render(&monitor.snapshot().operations);
        assert!(
            !text.contains(['\u{1b}', '\u{7}', '\r', '\u{202e}']),
            "{text}"
        );
        let found = samples(&text);
        let counts = found
            .keys()
            .filter(|series| series.starts_with("perfkit_operation_duration_seconds_count{"));
        assert_eq!(counts.count(), names.len());
        assert!(found.contains_key(
            r#"perfkit_operation_duration_seconds_count{code_function_name="a\" } 1\nperfkit_calls_total{code_function_name=\"b"}"#
        ));
        assert!(found.contains_key(
            r#"perfkit_operation_failures_total{code_function_name="\\u{1b}]0;owned\\u{7}\\u{1b}[2J\\u{d}",error_type="\\u{1b}]0;owned\\u{7}\\u{1b}[2J\\u{d}"}"#
        ));
    }
}

#[test]
fn an_operation_that_a_file_has_twice_is_added_up() {
    let (monitor, _) = busy();
    let mut report = Report::from_snapshot(monitor.snapshot());
    report.operations.push(report.operations[0].clone());
    let found = samples(&TextFormat::Text.render(&report.operations));
    let calls =
        r#"perfkit_operation_calls_total{code_function_name="work",perfkit_outcome="success"}"#;
    let count = r#"perfkit_operation_duration_seconds_count{code_function_name="work"}"#;
    assert_eq!((found[calls], found[count]), (10.0, 10.0));
}

#[test]
fn totals_without_a_distribution_have_the_last_bucket_alone() {
    let (monitor, _) = busy();
    let mut operations = monitor.snapshot().operations;
    for summary in operations[0].lifetime.metrics.values_mut() {
        summary.histogram = None;
    }
    let found = samples(&TextFormat::Text.render(&operations));
    let buckets: Vec<_> = found.iter().filter(|(s, _)| s.contains("le=")).collect();
    let last = ["duration", "failure_duration"].map(|of| {
        format!(r#"perfkit_operation_{of}_seconds_bucket{{code_function_name="work",le="+Inf"}}"#)
    });
    assert_eq!(buckets, [(&last[0], &5.0), (&last[1], &5.0)]);
}

#[test]
fn both_formats_say_the_same_under_their_own_heads() {
    let (monitor, _) = busy();
    let snapshot = monitor.snapshot();
    let text = prometheus::text(&snapshot);
    let openmetrics = prometheus::openmetrics(&snapshot);
    assert_eq!(samples(&text), samples(&openmetrics));
    assert!(openmetrics.ends_with("\n# EOF\n") && !text.contains("# EOF"));
    for (with, without, head) in [
        (
            &text,
            &openmetrics,
            "# TYPE perfkit_operation_calls_total counter\n",
        ),
        (
            &openmetrics,
            &text,
            "# TYPE perfkit_operation_calls counter\n",
        ),
        (
            &openmetrics,
            &text,
            "# UNIT perfkit_operation_duration_seconds seconds\n",
        ),
        (
            &openmetrics,
            &text,
            "# HELP perfkit_operation_failures Failed calls by the kind of error\n",
        ),
    ] {
        assert!(
            with.contains(head) && !without.contains(head),
            "{head}{with}"
        );
    }
    let head = "# HELP perfkit_operation_duration_seconds Time of successful outermost calls from start to end\n# TYPE perfkit_operation_duration_seconds histogram\n";
    assert!(text.starts_with(head) && openmetrics.starts_with(head));
    assert_eq!(prometheus::text(&Monitor::new().snapshot()), "");
}

#[test]
fn a_page_is_as_long_as_the_limits_of_names_and_labels_allow() {
    let length_of = |name: &str| {
        let monitor = Monitor::builder().max_operations(20).build();
        for number in 0..40 {
            let named = monitor
                .operation(&format!("{name}{number:02}"))
                .cpu()
                .memory();
            named.clone().items(1).measure(|| ());
            for kind in 0..40 {
                named.start().fail(format!("{kind:0>40}"), "no");
            }
        }
        let snapshot = monitor.snapshot();
        let kept = snapshot.operations.len();
        assert!(kept <= 22, "{kept}");
        prometheus::text(&snapshot).len() / kept
    };
    let (short, long) = (length_of(""), length_of(&"x".repeat(1000)));
    println!(
        "{short} bytes, {} times a name",
        (long - short) as f64 / 1000.0
    );
    assert!(short < 25_000, "{short}");
    assert!((long - short) < 243 * 1000, "{}", long - short);
}

#[test]
fn promtool_has_nothing_to_object() {
    let Some(promtool) = std::env::var_os("PERFKIT_TEST_PROMTOOL") else {
        return required::skip("PERFKIT_TEST_PROMTOOL names no promtool");
    };
    let (monitor, clock) = busy();
    let everything = monitor.operation("every \"thing\"\n\\").cpu().memory();
    everything.items(3).measure(|| {
        clock.compute(Duration::from_millis(4));
    });
    monitor.operation("read").bytes(4096).measure(|| ());
    for unit in [Unit::Nanoseconds, Unit::Bytes, Unit::Count, Unit::Ratio] {
        monitor.counter(unit.symbol()).unit(unit).increment();
        monitor.gauge(unit.symbol()).unit(unit).set(1.0);
    }
    let mut check = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let text = prometheus::text(&monitor.snapshot());
    let mut stdin = check.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    let output = check.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// An endpoint for a monitor, on a port of its own.
fn endpoint(monitor: &Monitor) -> Server {
    prometheus::serve_with(monitor, "127.0.0.1:0").unwrap()
}

/// What came back for bytes that were sent, to the end of the connection.
fn exchange(address: SocketAddr, request: &[u8]) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    // A server that never answers is a failure, not a test that never ends.
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream.write_all(request).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let length = format!("\r\nContent-Length: {}\r\n", body.len());
    assert!(head.contains(&length), "{head}");
    assert!(head.ends_with("\r\nConnection: close"), "{head}");
    (head.to_owned(), body.to_owned())
}

fn get(address: SocketAddr, accept: &str) -> (String, String) {
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nAccept: {accept}\r\n\r\n");
    exchange(address, request.as_bytes())
}

/// A page without what is of the whole program and of the moment.
fn of_operations(page: &str) -> String {
    let is_of_program = |line: &&str| {
        let name = line.trim_start_matches("# ");
        let name = ["HELP ", "TYPE ", "UNIT "]
            .iter()
            .fold(name, |name, head| name.trim_start_matches(head));
        ["process_", "perfkit_collector_"]
            .iter()
            .any(|begin| name.starts_with(begin))
    };
    let lines = page.lines().filter(|line| !is_of_program(line));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_scrape_tells_of_the_program_too() {
    let server = endpoint(&Monitor::new());
    let found = samples(&get(server.address(), "*/*").1);
    assert_eq!(found["perfkit_collector_dropped_calls_total"], 0.0);
    for name in [
        "process_memory_usage_bytes",
        "process_memory_virtual_bytes",
        "process_cpu_time_seconds_total",
    ] {
        assert_eq!(
            found.contains_key(name),
            cfg!(feature = "process"),
            "{name}"
        );
    }
}

#[test]
fn a_scrape_gets_what_was_recorded_up_to_it() {
    let (monitor, _) = busy();
    let server = endpoint(&monitor);
    let (head, body) = get(server.address(), "*/*");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(
        head.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
        "{head}"
    );
    assert_eq!(of_operations(&body), prometheus::text(&monitor.snapshot()));

    monitor.measure("later", || ());
    let accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3,*/*;q=0.2";
    let (head, body) = get(server.address(), accept);
    let content_type = "\r\nContent-Type: application/openmetrics-text; version=1.0.0;";
    assert!(head.contains(content_type), "{head}");
    assert_eq!(
        of_operations(&body),
        prometheus::openmetrics(&monitor.snapshot())
    );
    assert!(body.contains("code_function_name=\"later\""), "{body}");
}

#[test]
fn the_global_monitor_is_served_too() {
    let server = prometheus::serve("127.0.0.1:0").unwrap();
    perfkit::measure("global", || ());
    let (_, body) = get(server.address(), "text/plain");
    let line =
        r#"perfkit_operation_calls_total{code_function_name="global",perfkit_outcome="success"} 1"#;
    assert!(body.lines().any(|found| found == line), "{body}");
}

#[test]
fn a_request_in_pieces_is_one_request() {
    let server = endpoint(&Monitor::new());
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_nodelay(true).unwrap();
    for piece in b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".chunks(3) {
        stream.write_all(piece).unwrap();
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[test]
fn what_is_no_scrape_is_refused_and_the_next_one_is_answered() {
    let server = endpoint(&Monitor::new());
    let address = server.address();
    let long = format!("GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    // More than the system takes before somebody reads it.
    let posted = format!("POST /metrics HTTP/1.0\r\n\r\n{}", "x".repeat(8 << 20));
    for (request, status) in [
        ("GET / HTTP/1.0\r\n\r\n", "404 Not Found"),
        ("GET /metricsx HTTP/1.0\r\n\r\n", "404 Not Found"),
        ("HEAD /metrics HTTP/1.0\r\n\r\n", "405 Method Not Allowed"),
        (posted.as_str(), "405 Method Not Allowed"),
        ("\u{0}\u{1}\r\n\r\n", "400 Bad Request"),
        ("\r\n\r\n", "400 Bad Request"),
        (long.as_str(), "431 Request Header Fields Too Large"),
    ] {
        let (head, body) = exchange(address, request.as_bytes());
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{head}"
        );
        assert!(body.starts_with(status), "{body}");
        assert_eq!(
            head.contains("\r\nAllow: GET\r\n"),
            status.starts_with("405")
        );
        assert!(get(address, "*/*").0.starts_with("HTTP/1.1 200 OK\r\n"));
    }
}

#[test]
fn a_page_on_the_web_reads_nothing_under_a_name_of_its_own() {
    let monitor = Monitor::new();
    monitor.measure("secret", || ());
    let config = prometheus::Config::new().monitor(&monitor);
    let ask = |server: &Server, host: &str| {
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n");
        exchange(server.address(), request.as_bytes())
    };
    let server = config.clone().serve("127.0.0.1:0").unwrap();
    for host in ["localhost", "127.0.0.1:9464", "[::1]"] {
        assert!(ask(&server, host).1.contains("secret"), "{host}");
    }
    let (head, body) = ask(&server, "rebound.example:9464");
    assert!(
        head.starts_with("HTTP/1.1 421 Misdirected Request\r\n"),
        "{head}"
    );
    assert!(
        !body.contains("secret") && body.contains("allowed_hosts"),
        "{body}"
    );

    let named = config.clone().allowed_hosts(["Metrics.example"]);
    let server = named.clone().serve("127.0.0.1:0").unwrap();
    assert!(ask(&server, "metrics.example:80").1.contains("secret"));
    assert!(!ask(&server, "rebound.example").1.contains("secret"));

    // Other machines know this one by names that it does not know itself.
    let (open, named) = (config.serve("0.0.0.0:0"), named.serve("0.0.0.0:0"));
    let ask = |server: Server, host: &str| {
        let address = SocketAddr::from(([127, 0, 0, 1], server.address().port()));
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n");
        exchange(address, request.as_bytes()).1
    };
    assert!(ask(open.unwrap(), "app.default.svc").contains("secret"));
    assert!(!ask(named.unwrap(), "app.default.svc").contains("secret"));

    let config = prometheus::Config::new().allowed_hosts(["https://metrics.example/"]);
    let error = config.serve("127.0.0.1:0").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("without scheme"), "{error}");
}

#[test]
fn clients_that_are_slow_or_go_away_hold_it_up_for_seconds_only() {
    let server = endpoint(&Monitor::new());
    let address = server.address();
    drop(TcpStream::connect(address).unwrap());
    let mut half = TcpStream::connect(address).unwrap();
    half.write_all(b"GET /metrics HTTP/1.1\r\nHos").unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    let mut silent = TcpStream::connect(address).unwrap();
    silent.write_all(b"GET /met").unwrap();

    let begin = Instant::now();
    let (head, _) = get(address, "*/*");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    // Two for the silent one, many for a busy machine: it says nothing more for ever.
    assert!(begin.elapsed() < Duration::from_secs(60));
    let mut answer = String::new();
    silent.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"),
        "{answer}"
    );
}

#[test]
fn a_client_that_takes_nothing_holds_it_up_for_seconds_only() {
    let monitor = Monitor::new();
    for number in 0..100 {
        monitor.measure(&format!("{} {number}", "x".repeat(1000)), || ());
    }
    let server = endpoint(&monitor);
    let begin = Instant::now();
    let _ = get(server.address(), "*/*");
    let undisturbed = begin.elapsed();
    let mut deaf = TcpStream::connect(server.address()).unwrap();
    deaf.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let begin = Instant::now();
    let (_, body) = get(server.address(), "*/*");
    assert!(body.len() > 6 << 20, "{}", body.len());
    // It would have ten if it took some of the answer now and then.
    assert!(begin.elapsed() < Duration::from_secs(8) + 5 * undisturbed);
}

#[test]
fn many_clients_at_once_are_all_answered() {
    let (monitor, _) = busy();
    let server = endpoint(&monitor);
    let address = server.address();
    let text = &prometheus::text(&monitor.snapshot());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(move || {
                for _ in 0..10 {
                    assert_eq!(of_operations(&get(address, "*/*").1), *text);
                }
            });
        }
    });
}

#[test]
fn stopped_or_dropped_it_is_gone_at_once() {
    for is_dropped in [false, true] {
        let server = endpoint(&Monitor::new());
        let address = server.address();
        // It waits for the rest of this one.
        let mut open = TcpStream::connect(address).unwrap();
        open.write_all(b"GET /met").unwrap();
        std::thread::sleep(Duration::from_millis(50));
        match is_dropped {
            true => drop(server),
            false => server.stop(),
        }
        let refused = TcpStream::connect(address).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }
}

#[test]
fn every_address_of_the_machine_can_be_served_and_left() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        // A machine may be without IPv6.
        let Ok(server) = prometheus::serve_with(&Monitor::new(), address) else {
            println!("skipped: {address} cannot be listened on");
            continue;
        };
        let port = server.address().port();
        server.stop();
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}

#[test]
fn an_address_that_is_taken_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = prometheus::serve_with(&Monitor::new(), address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}
