//! The addresses that are asked, and how often each is.

use http::{Method, Uri};

use crate::error::Error;
use crate::text::printable;

/// The most addresses of one file.
const MOST: usize = 10_000;

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    weight: f64,
}

impl Target {
    /// Where it is, without what a query may tell.
    pub(crate) fn address(&self) -> String {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        let host = self
            .uri
            .authority()
            .map_or("", http::uri::Authority::as_str);
        printable(&format!("{scheme}://{host}{}", self.uri.path()))
    }

    /// The method and the path, without what a query may tell.
    pub(crate) fn name(&self) -> String {
        printable(&format!("{} {}", self.method, self.uri.path()))
    }
}

/// Several targets, of which each is asked as often as its weight says.
#[derive(Clone, Debug)]
pub(crate) struct Targets {
    targets: Vec<Target>,
    /// The sum of the weights up to each.
    up_to: Vec<f64>,
}

impl Targets {
    pub(crate) fn of_url(method: &str, url: &str) -> Result<Self, Error> {
        let target = target(1.0, method, url).map_err(Error::usage)?;
        Ok(Self::new(vec![target]))
    }

    /// Of a file: a target in each line, as `WEIGHT METHOD URL`, where weight and method may be
    /// left out. Empty lines and those that begin with # are passed over.
    pub(crate) fn of_text(text: &str, method: &str) -> Result<Self, Error> {
        let mut targets = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let parsed = match words.as_slice() {
                [] => continue,
                [first, ..] if first.starts_with('#') => continue,
                [url] => target(1.0, method, url),
                [weight, url] if weight.parse::<f64>().is_ok() => weighted(weight, method, url),
                [method, url] => target(1.0, method, url),
                [weight, method, url] => weighted(weight, method, url),
                _ => Err("there are more words than WEIGHT METHOD URL".to_owned()),
            };
            targets
                .push(parsed.map_err(|why| Error::usage(format!("line {}: {why}", number + 1)))?);
        }
        match targets.len() {
            0 => Err(Error::usage("there is no address in it")
                .hint("write one in each line, as WEIGHT METHOD URL, or the URL alone")),
            1..=MOST => Ok(Self::new(targets)),
            more => Err(Error::usage(format!(
                "there are {more} addresses in it, and at most {MOST} are taken"
            ))),
        }
    }

    fn new(targets: Vec<Target>) -> Self {
        let mut sum = 0.0;
        let up_to = targets.iter().map(|target| {
            sum += target.weight;
            sum
        });
        let up_to = up_to.collect();
        Self { targets, up_to }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter()
    }

    /// The place of the target that request number `index` goes to: the same on all machines.
    pub(crate) fn place_of(&self, index: u64) -> usize {
        let all = self.up_to.last().copied().unwrap_or_default();
        let share = mixed(index) as f64 / 2_f64.powi(64);
        let at = self.up_to.partition_point(|up_to| *up_to <= share * all);
        at.min(self.targets.len().saturating_sub(1))
    }
}

/// A number whose bits are as if drawn by lot, as SplitMix64 ends.
fn mixed(index: u64) -> u64 {
    let mut bits = index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

fn weighted(weight: &str, method: &str, url: &str) -> Result<Target, String> {
    let known = weight.parse::<f64>().ok();
    let known = known.filter(|weight| *weight > 0.0 && *weight <= 1e9);
    match known {
        Some(weight) => target(weight, method, url),
        None => Err(format!(
            "`{}` is no weight above 0 and up to 10⁹",
            printable(weight)
        )),
    }
}

fn target(weight: f64, method: &str, url: &str) -> Result<Target, String> {
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| format!("`{}` is no method", printable(method)))?;
    let shown = printable(url);
    let uri: Uri = url
        .parse()
        .map_err(|error| format!("`{shown}` is no URL: {error}"))?;
    let authority = uri.authority().map(http::uri::Authority::as_str);
    match (uri.scheme_str(), authority) {
        (Some("http" | "https"), Some(authority)) if !authority.contains('@') => {}
        (Some("http" | "https"), Some(_)) => {
            return Err("a URL has no user and no password: give these as a header".to_owned());
        }
        _ => {
            return Err(format!(
                "`{shown}` is no URL such as http://localhost:8080/"
            ));
        }
    }
    Ok(Target {
        method,
        uri,
        weight,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_asked_as_their_weights_say() {
        let text = "# a comment\n\n3 GET http://a/1\nPOST http://a/2\n4 http://a/3?token=x\n";
        let targets = Targets::of_text(text, "GET").unwrap();
        let names: Vec<String> = targets.iter().map(Target::name).collect();
        assert_eq!(names, ["GET /1", "POST /2", "GET /3"]);
        let mut counts = [0; 3];
        for index in 0..80_000 {
            counts[targets.place_of(index)] += 1;
        }
        for (count, expected) in counts.into_iter().zip([30_000, 10_000, 40_000]) {
            assert!(i32::abs(count - expected) < 700, "{counts:?}");
        }
    }

    #[test]
    fn what_is_no_target_is_refused_with_its_line() {
        for (text, why) in [
            ("", "no address"),
            (
                "http://a/\nftp://a/",
                "line 2: `ftp://a/` is no URL such as",
            ),
            ("/path", "no URL such as"),
            ("0 GET http://a/", "no weight"),
            ("nan GET http://a/", "no weight"),
            ("1 G\u{1b}T http://a/", "no method"),
            ("1 GET http://a/ more", "more words"),
            ("http://user:secret@a/", "as a header"),
        ] {
            let error = Targets::of_text(text, "GET").unwrap_err();
            let message = error.message();
            assert!(message.contains(why), "{text}: {message}");
            assert!(!message.contains('\u{1b}') && !message.contains("secret"));
        }
    }
}
