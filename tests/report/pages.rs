//! Pages: `--format html`, `--export-html`, `report --open`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::required::skip;
use crate::support::{Answer, Folder, workspace};
use perfkit::report::{Benchmark, Comparison, Environment, Note, NoteCode, Ratio, Report, Verdict};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, MockClock, Monitor};

/// What must never have an effect.
const HOSTILE: [&str; 6] = [
    "\u{1b}[31m\u{1b}]0;owned\u{7}",
    "<script>alert(1)</script>",
    "</style></title></svg></script><img src=x onerror=alert(1)>",
    "\u{202E}exe.gnp\u{200B}\u{FFFE}",
    "' onload='alert(1)\" style=\"x:url(http://example.org)",
    "a `b` {{ c }} {% d %} &lt; ]]> -->",
];

fn benchmark(name: &str, times: Vec<f64>) -> Benchmark {
    let mut benchmark = Benchmark::new(name);
    benchmark.successes = times.len() as u64;
    let summary = MetricSummary::from_samples(Unit::Nanoseconds, times);
    benchmark.metrics.insert(Metric::WALL_TIME, summary);
    benchmark
}

fn comparison(baseline: &str, candidate: &str, estimate: f64) -> Comparison {
    let mut comparison = Comparison::new(baseline, candidate, Metric::WALL_TIME);
    comparison.interleaved = true;
    comparison.pairs = 30;
    comparison.ratio = Some(Ratio {
        estimate,
        low: estimate * 0.99,
        high: estimate * 1.01,
        confidence: 0.999,
    });
    comparison.indifference = 0.005;
    comparison.verdict = if estimate > 1.02 {
        Verdict::Slower
    } else {
        Verdict::Inconclusive
    };
    comparison
}

/// Times around a level, the same in every run of the tests.
fn times(level: f64, count: usize) -> Vec<f64> {
    let wave = |run: usize| (run as f64 * 0.618_034).fract() - 0.5;
    (0..count)
        .map(|run| level * (1.0 + 0.1 * wave(run)))
        .collect()
}

fn pair() -> Report {
    let mut report = Report::new(Environment::detect("mock"));
    report.benchmarks = vec![
        benchmark("old", times(1e7, 60)),
        benchmark("new", times(1.2e7, 60)),
    ];
    report.comparisons = vec![comparison("old", "new", 1.2)];
    report
}

fn page_of(folder: &Folder, report: &Report) -> String {
    report.save(folder.path("report.json")).unwrap();
    let arguments = ["report", "report.json", "--format", "html"];
    folder.run(arguments).exits_with(0).stdout
}

/// Every element is closed by the one that it stands in, and only those stand
/// there that perfkit writes.
#[track_caller]
fn assert_well_formed(page: &str) {
    const KNOWN: &str = " a article b body code dd desc details div dl dt figcaption figure h1 h2 h3 h4 head header html li link main meta ol p path pre section span style summary svg table tbody td text th thead time title tr ul ";
    let mut open: Vec<&str> = Vec::new();
    let body = page.strip_prefix("<!doctype html>").unwrap();
    for part in body.split('<').skip(1) {
        let (tag, _) = part.split_once('>').expect("a tag ends");
        let name = tag.split([' ', '/']).find(|name| !name.is_empty()).unwrap();
        assert!(KNOWN.contains(&format!(" {name} ")), "<{tag}>");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "</{name}>");
        } else if name != "meta" && !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// Nothing on the page asks for anything from anywhere.
#[track_caller]
fn assert_self_contained(page: &str) {
    assert!(page.contains("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"));
    let markup: String = page
        .split('<')
        .skip(1)
        .map(|part| part.split('>').next().unwrap())
        .collect();
    for wish in ["http:", "https:", "src=", "script", "@import", " on"] {
        assert!(!markup.contains(wish), "{wish} in the markup");
    }
    let style = page.split("<style>").nth(1).unwrap();
    let style = style.split("</style>").next().unwrap();
    assert!(!style.contains("url(") && !style.contains("@import"));
    let links = page.split("href=\"").skip(1);
    assert!(links.into_iter().all(|link| link.starts_with('#')));
}

#[test]
fn a_comparison_is_one_page_with_its_verdict_first() {
    let folder = Folder::new();
    let page = page_of(&folder, &pair());
    assert_well_formed(&page);
    assert_self_contained(&page);
    let order = [
        "<title>Comparison: old and new, 20",
        "<h1>Comparison: old and new</h1>",
        ">Slower</span>",
        " takes 1.200 times as long as ",
        "<h2 id=\"distributions\">",
        "<h2 id=\"ratios\">",
        "<h2 id=\"order\">",
        "<h2 id=\"numbers\">",
        "<h2 id=\"environment\">",
    ];
    let places: Vec<usize> = order.iter().map(|text| page.find(text).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    // Three charts in two widths, each with its words and its numbers.
    assert_eq!(page.matches("role=\"img\"").count(), 6);
    assert_eq!(page.matches("<desc ").count(), 6);
    assert_eq!(page.matches("Chart data").count(), 3);
}

#[test]
fn three_implementations_are_ranked() {
    let folder = Folder::new();
    let mut report = pair();
    report.benchmarks.push(benchmark("third", times(0.9e7, 60)));
    let mut faster = comparison("old", "third", 0.9);
    faster.verdict = Verdict::Faster;
    report.comparisons.push(faster);
    let page = page_of(&folder, &report);
    assert_well_formed(&page);
    let order = [
        "<p class=\"answer\"><code>third</code> is fastest; <code>old</code> takes 1.11",
        "and <code>new</code> 1.33",
        "times as long.</p>",
        "<h2 id=\"ranking\">",
        ">1 · third</text>",
        ">2 · old</text>",
        ">baseline</text>",
        ">3 · new</text>",
        "<h2 id=\"distributions\">",
    ];
    let places: Vec<usize> = order.iter().map(|text| page.find(text).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    // It shows the same comparisons.
    assert!(!page.contains("<h2 id=\"ratios\">"));
    // Rows are named by the implementation, and not by its place.
    assert!(page.contains("<td class=\"n\">1</td><th scope=\"row\"><span>third</span></th>"));
}

/// What a page says before the first of the given words.
#[track_caller]
fn before<'p>(page: &'p str, word: &str) -> &'p str {
    page.split_once(word)
        .unwrap_or_else(|| panic!("no {word}"))
        .0
}

/// What a page says of a section, up to the next one.
#[track_caller]
fn section<'p>(page: &'p str, id: &str) -> &'p str {
    let start = format!("<h2 id=\"{id}\">");
    let (_, rest) = page.split_once(&start).unwrap_or_else(|| panic!("no {id}"));
    before(rest, "</section>")
}

#[test]
fn many_implementations_are_all_drawn_in_the_order_of_their_ranking() {
    let folder = Folder::new();
    let mut report = pair();
    for place in 0..9 {
        let factor = 2.0 - 0.1 * f64::from(place);
        let name = format!("variant {place}");
        report
            .benchmarks
            .push(benchmark(&name, times(1e7 * factor, 60)));
        report.comparisons.push(comparison("old", &name, factor));
    }
    let page = page_of(&folder, &report);
    assert_well_formed(&page);
    assert!(!page.contains("Not drawn"));
    let order = ["old", "new", "variant 8", "variant 3", "variant 0"];
    for (chart, mark) in [
        ("distributions", "600\">"),
        ("order", "600\">"),
        ("ranking", " · "),
    ] {
        let chart = section(&page, chart);
        for svg in chart.split("<svg").skip(1) {
            let place = |name: &&str| svg.find(&format!("{mark}{name}</text>"));
            let places: Vec<Option<usize>> = order.iter().map(place).collect();
            assert!(places.is_sorted() && places[0].is_some(), "{places:?}");
        }
    }
    // More than seven looks would not be told apart: all have the same.
    let classes = ["s0", "s1", "s2"].map(|class| page.contains(&format!("class=\"{class} ")));
    assert_eq!(classes, [true, false, false]);
    // Marks on both sides of 1, whatever the width.
    for svg in section(&page, "ranking").split("<svg").skip(1) {
        let texts = svg.split("<text class=\"muted f\"").skip(1);
        let texts = texts.map(|text| text.split(['>', '<']).nth(1).unwrap());
        let marks: Vec<f64> = texts.filter_map(|text| text.parse().ok()).collect();
        let (least, most) = (marks[0], marks[marks.len() - 1]);
        assert!(least < 1.0 && most > 1.0, "{marks:?}");
    }
}

/// Commands with a level and a tool.
fn scan(levels: &[u32], tools: &[&str]) -> Report {
    let mut report = Report::new(Environment::detect("mock"));
    for (tool, level) in tools
        .iter()
        .flat_map(|t| levels.iter().map(move |l| (t, l)))
    {
        let name = format!("{tool} -{level} file");
        let mut benchmark = benchmark(&name, times(1e6 * f64::from(10 + level), 40));
        benchmark.command = Some(name);
        let parameters = [("level", level.to_string()), ("tool", (*tool).to_owned())];
        benchmark.parameters = parameters.map(|(n, v)| (n.to_owned(), v)).into();
        report.benchmarks.push(benchmark);
    }
    report
}

#[test]
fn times_are_drawn_over_a_parameter() {
    let folder = Folder::new();
    let page = page_of(&folder, &scan(&[1, 2, 4, 8], &["gzip", "zstd"]));
    assert_well_formed(&page);
    assert!(page.contains("<h2 id=\"parameter\">Wall time over level</h2>"));
    let charts = section(&page, "parameter");
    assert!(charts.contains("The axis of level is logarithmic."));
    for svg in charts
        .split("<svg")
        .skip(1)
        .map(|svg| before(svg, "</svg>"))
    {
        for text in [
            ">gzip -{level} file<",
            ">zstd -{level} file<",
            ">8<",
            ">level<",
        ] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        // Each line has its band.
        assert_eq!(svg.matches("fill-opacity=\"0.2\"").count(), 2);
    }
    assert!(charts.contains(">low</th>"));
    folder
        .run(["report", "report.json", "--plot", "plot.svg"])
        .exits_with(0);
    let svg = folder.read("plot.svg");
    let order = [">Wall time over level<", ">Distribution of wall time<"];
    let places: Vec<_> = order.iter().map(|title| svg.find(title).unwrap()).collect();
    assert!(places.is_sorted());
    // More lines than looks are a panel each; two values are no line.
    let tools = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let page = page_of(&folder, &scan(&[1, 2, 3], &tools));
    assert_well_formed(&page);
    assert!(!section(&page, "parameter").contains("stroke-dasharray"));
    let page = page_of(&folder, &scan(&[1, 2], &tools));
    assert!(!page.contains("id=\"parameter\""));
}

#[test]
fn sizes_and_throughput_are_drawn_too() {
    let folder = Folder::new();
    let path = workspace().join("tests/samples/google-benchmark/single.json");
    let page = folder.run(["report", path.to_str().unwrap(), "--format", "html"]);
    let page = page.exits_with(0).stdout;
    assert_well_formed(&page);
    let charts = section(&page, "parameter");
    assert!(charts.starts_with("Wall time over size"));
    assert!(charts.contains(">Throughput over size</p>") && charts.contains(">1024</text>"));
    assert!(charts.contains(">BM_sum/{size}</text>"));
}

#[test]
fn a_plot_says_what_it_is_of_and_what_it_comes_to() {
    let folder = Folder::new();
    pair().save(folder.path("report.json")).unwrap();
    let plot = ["report", "report.json", "--plot", "plot.svg"];
    folder.run(plot).exits_with(0);
    let svg = folder.read("plot.svg");
    assert!(svg.contains(">Comparison: old and new, 20"), "{svg}");
    assert!(svg.contains(">Slower: new takes 1.200 times as long as old ("));
}

#[test]
fn more_operations_than_a_chart_tells_apart_are_in_further_charts() {
    let folder = Folder::new();
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    for call in 0..10_u64 {
        let name = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"][call as usize];
        monitor.measure(name, || clock.advance(Duration::from_micros(1000 - call)));
    }
    let page = page_of(&folder, &Report::from_snapshot(monitor.snapshot()));
    assert_well_formed(&page);
    let charts = section(&page, "percentiles");
    assert!(before(charts, "<details class=\"fold\"").contains("g: 1 call<"));
    assert!(charts.contains("<summary>Percentiles of execution time, 8 to 10 of 10</summary>"));
    assert!(charts.contains(">j: 1 call</text>"));
}

#[test]
fn summaries_with_a_histogram_have_percentile_curves() {
    let folder = Folder::new();
    let path = workspace().join("tests/samples/hdrhistogram/tagged.hlog");
    let page = folder.run(["report", path.to_str().unwrap(), "--format", "html"]);
    let page = page.exits_with(0).stdout;
    assert_well_formed(&page);
    let charts = section(&page, "percentiles");
    assert!(charts.contains(">write: 1,500 values</text>") && charts.contains(">99.9 %</text>"));
    // So many values tell nothing of one in ten thousand.
    assert!(charts.contains(">p99.9</th>") && !charts.contains(">p99.99</th>"));
}

#[test]
fn a_page_says_whose_numbers_it_shows_and_nothing_that_is_not_known() {
    let folder = Folder::new();
    let path = workspace().join("tests/samples/k6/machine-readable.json");
    let path = path.to_str().unwrap();
    let page = folder.run(["report", path, "--format", "html"]);
    let page = page.exits_with(0).stdout;
    assert_well_formed(&page);
    assert!(
        page.contains("Read from k6 2.0.0 summary JSON, <time datetime=\"2026-11-20T12:00:00Z\">")
    );
    assert!(!page.contains("unknown") && page.contains("<code>k6</code>: median 110 ms of "));
    // Nothing has a value there.
    assert!(page.contains(">success</th>") && !page.contains(">peak memory</th>"));
    let page = folder.run(["compare", path, path, "--format", "html"]);
    let page = page.exits_with(0).stdout;
    assert!(page.contains("Reported by perfkit, ") && !page.contains("Measured with"));
}

#[test]
fn several_reports_are_one_page() {
    let folder = Folder::new();
    pair().save(folder.path("<b>.json")).unwrap();
    let monitor = Monitor::new();
    monitor.measure("work", || ());
    let operations = Report::from_snapshot(monitor.snapshot());
    operations.save(folder.path("work.json")).unwrap();
    let files = ["<b>.json", "work.json", "<b>.json"];
    let arguments = [&["report", "--format", "html"], &files[..]].concat();
    let page = folder.run(arguments).exits_with(0).stdout;
    assert_well_formed(&page);
    assert_self_contained(&page);
    assert!(
        page.contains("<h1>3 reports: &#60;b&#62;.json, work.json and &#60;b&#62;.json</h1>")
            && !page.contains("<b>.json")
    );
    assert_eq!(page.matches("<article").count(), 3);
    assert_eq!(page.matches("Comparison: 1 slower").count(), 2);
    let ids: Vec<&str> = page.split(" id=\"").skip(1).collect();
    let ids: Vec<&str> = ids.iter().map(|id| id.split('"').next().unwrap()).collect();
    let distinct: std::collections::HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(distinct.len(), ids.len(), "{ids:?}");
    // Every link and every name of a section leads to something.
    let references = ["href=\"#", "aria-labelledby=\""].map(|start| page.split(start).skip(1));
    for reference in references.into_iter().flatten() {
        let mut targets = reference.split('"').next().unwrap().split(' ');
        assert!(
            targets.all(|target| distinct.contains(target)),
            "{reference}"
        );
    }
}

#[test]
fn what_several_reports_have_in_common_is_laid_over_each_other() {
    let folder = Folder::new();
    let monitors = [("v1", 1.0, 10), ("v2", 1.3, 13), ("v3", 2.0, 20)];
    for (name, factor, micros) in monitors {
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        for call in 0..200_u64 {
            let time = Duration::from_micros(1000 + micros * call);
            monitor.measure("handle", || clock.advance(time));
        }
        let mut report = Report::from_snapshot(monitor.snapshot());
        for (name, level) in [("parse", 1e7 * factor), ("write", 2e7)] {
            report.benchmarks.push(benchmark(name, times(level, 40)));
        }
        report.benchmarks.push(benchmark(name, times(1e6, 40)));
        report.save(folder.path(&format!("{name}.json"))).unwrap();
    }
    let reports = [
        "report", "--format", "html", "v1.json", "v2.json", "v3.json",
    ];
    let page = folder.run(reports).exits_with(0).stdout;
    assert_well_formed(&page);
    assert_self_contained(&page);
    assert!(page.contains("<h1>3 reports: v1.json, v2.json and v3.json</h1>"));
    let across = section(&page, "across");
    assert!(
        across.contains(
            "<code>parse</code> takes 2.00 times as long, the largest change of 2 benchmarks"
        ),
        "{}",
        &across[..2000]
    );
    // One chart has all benchmarks, one all operations, and each has one by report.
    let charts: Vec<&str> = across.split("<figure>").skip(1).collect();
    assert_eq!(charts.len(), 5);
    assert!(charts[0].contains(">parse</text>") && charts[0].contains(">v3</text>"));
    assert!(charts[1].contains(">handle</text>"));
    for chart in &charts[2..] {
        let places = ["v1", "v2", "v3"].map(|name| chart.find(&format!(">{name}")));
        assert!(places.is_sorted() && places[0].is_some(), "{places:?}");
    }
    assert!(charts[4].contains(">v2: 200 calls</text>"));
    // The reports themselves follow, folded away.
    let (_, alone) = page.split_once("</section>").unwrap();
    assert_eq!(
        alone
            .matches("<summary>This report alone</summary>")
            .count(),
        3
    );
    let two = ["report", "--format", "html", "v1.json", "v3.json"];
    let page = folder.run(two).exits_with(0).stdout;
    assert!(page.contains("<code>perfkit compare v1.json v3.json</code> gives one."));
}

#[test]
fn the_environment_is_that_of_what_was_measured() {
    let folder = Folder::new();
    let mut report = pair();
    report.environment.load = Some(3.25);
    let environment = |page: &str| section(page, "environment").to_owned();
    let of_benchmarks = environment(&page_of(&folder, &report));
    assert!(of_benchmarks.contains("<dt>Rust</dt>"), "{of_benchmarks}");
    for benchmark in &mut report.benchmarks {
        benchmark.command = Some(benchmark.name.clone());
    }
    let of_commands = environment(&page_of(&folder, &report));
    for told in [
        "<dd>2 commands, 60 runs of each</dd>",
        "<dt>Load</dt><dd>3.2 in the minute",
    ] {
        assert!(of_commands.contains(told), "{told}: {of_commands}");
    }
    for own in ["Rust", "Optimisation level", "Clock"] {
        assert!(!of_commands.contains(&format!("<dt>{own}</dt>")), "{own}");
    }
}

#[test]
fn a_page_of_revisions_tells_them_below_its_title() {
    let folder = Folder::new();
    let mut report = pair();
    let git = |digit: &str, subject: &str| {
        let text = format!(
            "{{\"commit\":\"{}\",\"subject\":\"{subject}\"}}",
            digit.repeat(40)
        );
        serde_json::from_str(&text).unwrap()
    };
    report.base = Some(git("a", "Reads <b>twice</b>"));
    report.environment.git = Some(git("b", "Reads once"));
    let page = page_of(&folder, &report);
    assert_well_formed(&page);
    let header = before(&page, "</header>");
    assert!(
        header.contains("Base <code>aaaaaaaaaaaa</code> (Reads &#60;b&#62;twice"),
        "{header}"
    );
    assert!(header.contains("head <code>bbbbbbbbbbbb</code> (Reads once)"));
}

#[test]
fn every_verb_writes_a_page() {
    let folder = Folder::new();
    let arguments = [
        "compare",
        "-r",
        "5",
        "true",
        "sleep 0.001",
        "--export-html",
        "saved.html",
        "--format",
        "html",
        "--export-json",
        "a.json",
    ];
    let answer = folder.run(arguments).exits_with(0);
    assert_well_formed(&answer.stdout);
    assert_eq!(folder.read("saved.html"), answer.stdout);
    assert!(
        answer
            .stdout
            .contains(" -r 5 true &#39;sleep 0.001&#39; --export-html saved.html "),
        "{}",
        answer.stdout
    );
    folder.write(
        "perfkit.toml",
        "[[budget]]\nbenchmark = \"*\"\nmax = \"< 1ns\"\n",
    );
    let gate = ["gate", "a.json", "--format", "html", "-o", "gate.html"];
    folder.run(gate).exits_with(1);
    let page = folder.read("gate.html");
    assert_well_formed(&page);
    assert!(
        page.contains("<h1>Gate: ") && page.contains(">Gate failed</span>"),
        "{page}"
    );
    let service = crate::support::example("01_function");
    let service = service.to_str().unwrap();
    let run = ["run", "--format", "html", "-o", "run.html", "--", service];
    folder.run(run).exits_with(0);
    let page = folder.read("run.html");
    assert_well_formed(&page);
    assert!(page.contains("<h1>Operations: ") && page.contains("<h2 id=\"percentiles\">"));
}

#[test]
fn names_from_outside_are_inert() {
    let folder = Folder::new();
    let mut report = pair();
    let long = "x".repeat(10_000);
    let names: Vec<&str> = HOSTILE.iter().copied().chain([long.as_str()]).collect();
    report.benchmarks.clear();
    report.comparisons.clear();
    for (index, name) in names.iter().enumerate() {
        let mut benchmark = benchmark(name, times(1e7, 30));
        let values = ["1e308", "-1e-320", "0", "-0", "1e17", "3", "4", "5"];
        let parameter = (HOSTILE[2].to_owned(), values[index].to_owned());
        benchmark.parameters = [parameter].into();
        benchmark.command = Some((*name).to_owned());
        benchmark.notes.push(Note::warning(NoteCode::Other, *name));
        report.benchmarks.push(benchmark);
        report.comparisons.push(comparison(names[0], name, 1.2));
    }
    report.environment.cpu = Some(HOSTILE[2].to_owned());
    let page = page_of(&folder, &report);
    assert_well_formed(&page);
    assert_self_contained(&page);
    let is_harmful = |c: char| {
        (c.is_control() && c != '\n') || matches!(c, '\u{202E}' | '\u{200B}' | '\u{FFFE}')
    };
    assert!(!page.contains(is_harmful));
    assert!(page.len() < 400_000, "{}", page.len());
    // What is cut has a mark of its own.
    assert!(page.contains("xxx #"), "{page}");
}

#[test]
fn odd_numbers_make_a_page() {
    let folder = Folder::new();
    let odd: [Vec<f64>; 8] = [
        vec![],
        vec![5e6],
        vec![5e6; 40],
        vec![0.0; 3],
        vec![0.0, 1e-300, 1e9, 1e17],
        vec![1.0, 1e18, f64::MAX],
        vec![-1e300, -5.0, 3.0],
        vec![f64::MIN_POSITIVE; 2],
    ];
    for times in odd {
        for ratio in [0.0, f64::MIN_POSITIVE, 1.0, 1e300] {
            let mut report = pair();
            report.benchmarks[1] = benchmark("new", times.clone());
            report.comparisons[0] = comparison("old", "new", ratio);
            let page = page_of(&folder, &report);
            assert_well_formed(&page);
            assert!(
                !page.contains("NaN") && !page.contains("\"inf"),
                "{times:?} {ratio}"
            );
        }
    }
    let empty = Report::new(Environment::detect("mock"));
    assert_well_formed(&page_of(&folder, &empty));
}

#[test]
fn operations_have_percentile_curves() {
    let folder = Folder::new();
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    for call in 0..2000_u64 {
        monitor.measure("work", || clock.advance(Duration::from_micros(call % 97)));
        monitor.measure("instant", || ());
    }
    let page = page_of(&folder, &Report::from_snapshot(monitor.snapshot()));
    assert_well_formed(&page);
    assert!(page.contains(">99.9 %</text>") && page.contains("work: 2,000 calls"));
}

/// Two saved reports of many benchmarks.
fn many(folder: &Folder, count: usize) {
    for (name, factor) in [("before.json", 1.0), ("after.json", 2.0)] {
        let mut report = Report::new(Environment::detect("mock"));
        for index in 0..count {
            let factor = if index % 7 == 0 { factor } else { 1.0 };
            let level = (index as f64 + 1.0) * 1e4 * factor;
            let name = format!("group{}/bench_{index}", index / 20);
            report.benchmarks.push(benchmark(&name, times(level, 30)));
        }
        report.save(folder.path(name)).unwrap();
    }
}

#[test]
fn a_thousand_benchmarks_are_a_short_page() {
    let folder = Folder::new();
    let page_of = |count| {
        many(&folder, count);
        let start = Instant::now();
        let arguments = ["compare", "before.json", "after.json", "--format", "html"];
        let Answer { stdout, .. } = folder.run(arguments).exits_with(0);
        (stdout, start.elapsed())
    };
    let (_, hundred) = page_of(100);
    let (page, thousand) = page_of(1000);
    // Ten times as long, and not a hundred times, as if each looked at all others; the
    // machine may be busy with other tests meanwhile.
    let slack = Duration::from_secs(5);
    assert!(thousand < 40 * hundred + slack, "{hundred:?}, {thousand:?}");
    assert_well_formed(&page);
    assert!(page.len() < 5_000_000, "{}", page.len());
    assert!(page.contains("<b>143</b> slower"), "{}", &page[..9000]);
    assert!(page.contains("1 to 40 of 1,000"));
    assert!(page.contains("<summary>group0/bench_0</summary>"));
    assert!(
        page.contains("The distributions of 980 more comparisons are not drawn; the table of ")
    );
}

#[test]
fn a_page_is_opened_with_the_systems_opener() {
    let folder = Folder::new();
    pair().save(folder.path("report.json")).unwrap();
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let with_path = |path: &Path, arguments: &[&str]| {
        let mut command = folder.perfkit(arguments);
        command.env("PATH", path).env("TMPDIR", folder.path("tmp"));
        Answer::of(command)
    };
    std::fs::create_dir_all(folder.path("tmp")).unwrap();
    std::fs::create_dir_all(folder.path("bin")).unwrap();
    let arguments = ["report", "report.json", "--open", "-o", "page.html"];
    with_path(&folder.path("bin"), &arguments)
        .exits_with(4)
        .complains(&format!("there is no {opener}"))
        .complains("open page.html in a browser yourself");
    let script = format!("bin/{opener}");
    folder.script(&script, "echo \"$1\" > opened");
    let both = ["report", "report.json", "report.json", "--open"];
    with_path(&folder.path("bin"), &both).exits_with(0);
    let opened = std::fs::read_to_string(folder.read("opened").trim()).unwrap();
    assert!(opened.contains("<h1>2 reports: report.json and report.json</h1>"));
    with_path(&folder.path("bin"), &["report", "report.json", "--open"]).exits_with(0);
    let opened = PathBuf::from(folder.read("opened").trim());
    assert!(opened.starts_with(folder.path("tmp")), "{opened:?}");
    assert_well_formed(&std::fs::read_to_string(opened).unwrap());
    folder.script(&script, "exit 3");
    with_path(&folder.path("bin"), &arguments)
        .exits_with(4)
        .complains("found nothing that shows the page");
    folder
        .run(["report", "report.json", "--open", "--format", "csv"])
        .exits_with(2)
        .complains("--format html");
}

/// The browser that pages are tried in, if there is one.
fn chromium() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("PERFKIT_TEST_CHROMIUM") {
        return Some(path.into());
    }
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let mut files =
        std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
    files.find(|file| file.is_file())
}

fn browse(browser: &Path, folder: &Folder, arguments: &[String]) -> String {
    let profile = folder.path("profile");
    let output = Command::new(browser)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
        ])
        .args([
            "--no-first-run",
            "--disable-extensions",
            "--allow-file-access-from-files",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(arguments)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What axe-core finds wrong with a page in one width and colour scheme, in
/// words; the page's policy, which forbids scripts, is taken out for it.
fn accessibility_faults(
    browser: &Path,
    folder: &Folder,
    (page, axe): (&str, &str),
    (width, scheme): (u32, u32),
) -> String {
    let axe = axe.replace("</script>", "<\\/script>");
    let run = "document.querySelectorAll('details').forEach(d => d.open = true); axe.run().then(found => { document.body.textContent = 'faults ' + JSON.stringify(found.violations.map(v => [v.id, v.impact, v.nodes.map(n => n.html.slice(0, 200))])) + ' end' })";
    let page = page
        .replace("http-equiv=\"Content-Security-Policy\"", "name=\"policy\"")
        .replace(
            "</body>",
            &format!("<script>{axe}</script><script>{run}</script></body>"),
        );
    let path = folder.write("axe.html", &page);
    let arguments = [
        format!("--blink-settings=preferredColorScheme={scheme}"),
        format!("--window-size={width},3000"),
        "--virtual-time-budget=20000".to_owned(),
        "--dump-dom".to_owned(),
        format!("file://{}", path.display()),
    ];
    let text = browse(browser, folder, &arguments);
    let found = text
        .split("faults ")
        .nth(1)
        .and_then(|rest| rest.split(" end").next());
    found
        .unwrap_or_else(|| panic!("axe did not run: {text}"))
        .to_owned()
}

/// With `npm pack axe-core` and `tar xzf axe-core-*.tgz`, the file is
/// `package/axe.min.js`.
#[test]
fn pages_are_accessible() {
    let axe = std::env::var_os("PERFKIT_TEST_AXE");
    let (Some(browser), Some(axe)) = (chromium(), axe) else {
        return skip("it takes a Chromium, and axe.min.js of axe-core in PERFKIT_TEST_AXE");
    };
    let axe = std::fs::read_to_string(axe).unwrap();
    let folder = Folder::new();
    many(&folder, 30);
    let arguments = ["compare", "before.json", "after.json", "--format", "html"];
    let many = folder.run(arguments).exits_with(0).stdout;
    let monitor = Monitor::new();
    monitor.measure("work", || ());
    let operations = page_of(&folder, &Report::from_snapshot(monitor.snapshot()));
    let files = ["report.json", "before.json", "after.json"];
    let several = [&["report", "--format", "html"], &files[..]].concat();
    let several = folder.run(several).exits_with(0).stdout;
    let scan = page_of(&folder, &scan(&[1, 2, 3], &["a", "b", "c"]));
    for page in [page_of(&folder, &pair()), many, operations, several, scan] {
        for width in [360, 1280] {
            for scheme in [0, 1] {
                let look = (width, scheme);
                let faults = accessibility_faults(&browser, &folder, (&page, &axe), look);
                assert_eq!(faults, "[]", "{width} px");
            }
        }
    }
}

#[test]
fn a_browser_shows_pages_without_sideways_scrolling() {
    let Some(browser) = chromium() else {
        return skip("there is no Chromium; name one in PERFKIT_TEST_CHROMIUM");
    };
    let folder = Folder::new();
    let pictures = workspace().join("target/pages");
    std::fs::create_dir_all(&pictures).unwrap();
    let mut hostile = pair();
    hostile.benchmarks[1].name = format!("{}{}", HOSTILE.concat(), "x".repeat(10_000));
    hostile.benchmarks[1]
        .notes
        .push(Note::warning(NoteCode::Other, "y".repeat(10_000)));
    hostile.comparisons[0]
        .candidate
        .clone_from(&hostile.benchmarks[1].name);
    let tools = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let scan = scan(&[1, 2, 4, 1000], &tools);
    for (name, report) in [("pair", pair()), ("hostile", hostile), ("scan", scan)] {
        let page = page_of(&folder, &report);
        let path = folder.write(&format!("{name}.html"), &page);
        for width in [360, 1280] {
            // The page stands in a frame of that width, and a script beside it,
            // which its own policy would forbid, measures it.
            let frame = format!(
                "<!doctype html><iframe id=f style=\"border:0;width:{width}px;height:4000px\" src=\"{}\"></iframe><p id=r></p><script>f.onload=()=>{{const d=f.contentDocument.documentElement;r.textContent='scroll '+d.scrollWidth+' of '+f.contentWindow.innerWidth}}</script>",
                path.file_name().unwrap().to_str().unwrap()
            );
            let frame = folder.write("frame.html", &frame);
            let url = format!("file://{}", frame.display());
            let dump = [
                "--virtual-time-budget=2000".to_owned(),
                "--dump-dom".to_owned(),
                url,
            ];
            let text = browse(&browser, &folder, &dump);
            let said = text
                .split("scroll ")
                .nth(1)
                .unwrap_or_else(|| panic!("{text}"));
            let (scroll, inner) = said.split('<').next().unwrap().split_once(" of ").unwrap();
            let (scroll, inner): (u32, u32) = (scroll.parse().unwrap(), inner.parse().unwrap());
            assert!(
                inner == width && scroll <= inner,
                "{name}: {scroll} of {inner}"
            );
            for (scheme, number) in [("dark", 0), ("light", 1)] {
                let picture = pictures.join(format!("{name}-{width}-{scheme}.png"));
                let _ = std::fs::remove_file(&picture);
                let arguments = [
                    format!("--blink-settings=preferredColorScheme={number}"),
                    format!("--window-size={width},3400"),
                    format!("--screenshot={}", picture.display()),
                    format!("file://{}", path.display()),
                ];
                browse(&browser, &folder, &arguments);
                assert!(picture.metadata().unwrap().len() > 10_000);
            }
        }
    }
}
