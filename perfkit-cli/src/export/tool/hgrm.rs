//! The text in which HdrHistogram prints percentiles (`.hgrm`), which its
//! plotter draws.

use std::collections::HashSet;

use hdrhistogram::Histogram as Buckets;
use perfkit::Report;

use crate::error::Error;
use crate::text::{ascii_words, printable, shorten};

use super::distribution::{Distribution, distributions};

/// How many lines there are from one halving of the distance to 100 % to the
/// next; HdrHistogram's own default.
const STEPS_PER_HALVING: u32 = 5;

/// Values are in microseconds, so that three decimals are nanoseconds.
const NS_PER_US: f64 = 1e3;

/// How many names an error lists.
const LISTED: usize = 10;

/// The percentiles of one benchmark or operation: the one that is named, or the
/// only one there is.
pub(crate) fn render(report: &Report, wanted: Option<&str>) -> Result<String, Error> {
    let distributions = distributions(report)?;
    let chosen = match wanted {
        Some(name) => distributions.iter().find(|d| d.name == name),
        None if distributions.len() == 1 => distributions.first(),
        None => None,
    };
    chosen.map(|d| text(&d.times)).ok_or_else(|| {
        let problem = match wanted {
            Some(name) => format!("`{}` has no times", shorten(&printable(name), 60)),
            None => "a file of this format holds one operation or benchmark".to_owned(),
        };
        Error::usage(format!(
            "{problem}; the report has {}",
            list(&distributions)
        ))
        .hint("choose one with --operation NAME, or have all in a folder with -o FOLDER")
    })
}

/// A file for each benchmark or operation: its name and its content.
pub(crate) fn files(report: &Report) -> Result<Vec<(String, String)>, Error> {
    let distributions = distributions(report)?;
    let mut taken: HashSet<String> = HashSet::new();
    let mut files = Vec::new();
    for distribution in &distributions {
        let stem = file_stem(&distribution.name);
        let numbered = (2_u64..).map(|number| format!("{stem}-{number}"));
        let mut names = std::iter::once(stem.clone()).chain(numbered);
        // Some file systems do not tell upper from lower case.
        let name = names.find(|name| taken.insert(name.to_ascii_lowercase()));
        let name = name.unwrap_or_default();
        files.push((format!("{name}.hgrm"), text(&distribution.times)));
    }
    Ok(files)
}

/// A name of plain letters and digits, which no file system takes for more than
/// a name.
fn file_stem(name: &str) -> String {
    const LONGEST: usize = 80;
    let start: String = name.chars().take(4 * LONGEST).collect();
    let stem: String = ascii_words(&start, "-").chars().take(LONGEST).collect();
    if stem.is_empty() {
        "unnamed".to_owned()
    } else {
        stem
    }
}

fn list(distributions: &[Distribution]) -> String {
    let named = distributions.iter().take(LISTED);
    let names: Vec<String> = named
        .map(|d| format!("`{}`", shorten(&printable(&d.name), 60)))
        .collect();
    let more = match distributions.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    names.join(", ") + &more
}

fn text(times: &Buckets<u64>) -> String {
    let mut text = format!(
        "{:>12} {:>14} {:>10} {:>14}\n\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    let mut seen = 0;
    for step in times.iter_quantiles(STEPS_PER_HALVING) {
        seen += step.count_since_last_iteration();
        let value = step.value_iterated_to() as f64 / NS_PER_US;
        let quantile = step.quantile_iterated_to();
        text += &format!("{value:>12.3} {quantile:>2.12} {seen:>10}");
        // The last line has no distance to 100 % to divide by.
        if quantile < 1.0 {
            text += &format!(" {:>14.2}", 1.0 / (1.0 - quantile));
        }
        text.push('\n');
    }
    text + &format!(
        "#[Mean    = {:>12.3}, StdDeviation   = {:>12.3}]\n#[Max     = {:>12.3}, Total count    = {:>12}]\n#[Buckets = {:>12}, SubBuckets     = {:>12}]\n#[Unit    = microseconds]\n",
        times.mean() / NS_PER_US,
        times.stdev() / NS_PER_US,
        times.max() as f64 / NS_PER_US,
        times.len(),
        times.buckets(),
        sub_buckets(times)
    )
}

/// Into how many parts the first bucket is cut: the least power of two that has
/// twice as many as the significant digits tell apart.
fn sub_buckets(times: &Buckets<u64>) -> u64 {
    (2 * 10_u64.pow(u32::from(times.sigfig()))).next_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_that_of_hdrhistogram() {
        let mut times = Buckets::<u64>::new_with_bounds(1, (1 << 48) - 1, 2).unwrap();
        for ns in [1000, 2000, 3000, 100_000] {
            times.record(ns).unwrap();
        }
        let text = text(&times);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "       Value     Percentile TotalCount 1/(1-Percentile)"
        );
        assert_eq!(
            lines[2],
            "       1.003 0.000000000000          1           1.00"
        );
        assert!(text.contains("#[Buckets =           41, SubBuckets     =          256]"));
        assert!(
            text.contains("     100.351 1.000000000000          4\n#[Mean"),
            "{text}"
        );
    }

    #[test]
    fn no_name_leads_out_of_a_folder() {
        assert_eq!(file_stem("../../etc/passwd"), "etc-passwd");
        assert_eq!(file_stem("shop::pay"), "shop-pay");
        assert_eq!(file_stem("測"), "unnamed");
        assert!(file_stem(&"x".repeat(10_000)).len() <= 80);
    }
}
