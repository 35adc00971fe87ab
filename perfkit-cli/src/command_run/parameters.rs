//! Putting values in the place of `{name}`.

use std::collections::BTreeMap;

use crate::error::Error;

/// Values by name.
pub(crate) type Parameters = BTreeMap<String, String>;

/// The most commands of one comparison; every combination of values makes one.
pub(super) const MOST_COMMANDS: usize = 1000;

/// Every combination of the values of `--parameter-list` (name and values by
/// turns) and `--parameter-scan` (name, minimum and maximum by turns). The first parameter
/// changes first, as with hyperfine, so that names and hooks for each command fit both.
pub(crate) fn combinations(
    lists: &[String],
    scans: &[String],
    step: Option<&str>,
) -> Result<Vec<Parameters>, Error> {
    let mut choices: Vec<(&str, Vec<String>)> = Vec::new();
    for list in lists.chunks_exact(2) {
        choices.push((&list[0], split_values(&list[1])));
    }
    for scan in scans.chunks_exact(3) {
        let values = scan_values(&scan[1], &scan[2], step.unwrap_or("1"))?;
        choices.push((&scan[0], values));
    }
    let mut combinations = vec![Parameters::new()];
    for (name, values) in choices {
        if combinations[0].contains_key(name) {
            return Err(Error::usage(format!(
                "the parameter `{name}` is given twice"
            )));
        }
        if combinations.len() * values.len() > MOST_COMMANDS {
            return Err(Error::usage(format!(
                "the parameters have more than {MOST_COMMANDS} combinations"
            )));
        }
        let with = |combination: &Parameters, value: &String| {
            let mut combination = combination.clone();
            combination.insert(name.to_owned(), value.clone());
            combination
        };
        combinations = values
            .iter()
            .flat_map(|value| combinations.iter().map(move |others| with(others, value)))
            .collect();
    }
    Ok(combinations)
}

/// The text with each `{name}` replaced by the parameter's value.
pub(crate) fn fill(template: &str, parameters: &Parameters) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        filled.push_str(&rest[..start]);
        let inner = &rest[start + 1..];
        let value = inner
            .find('}')
            .and_then(|end| Some((end, parameters.get(&inner[..end])?)));
        match value {
            Some((end, value)) => {
                filled.push_str(value);
                rest = &inner[end + 1..];
            }
            None => {
                filled.push('{');
                rest = inner;
            }
        }
    }
    filled + rest
}

/// Values between commas; `\,` is a comma within a value.
fn split_values(text: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&',') => {
                characters.next();
                push(&mut values, ',');
            }
            ',' => values.push(String::new()),
            other => push(&mut values, other),
        }
    }
    values
}

fn push(values: &mut [String], character: char) {
    if let Some(last) = values.last_mut() {
        last.push(character);
    }
}

fn scan_values(min: &str, max: &str, step: &str) -> Result<Vec<String>, Error> {
    let decimal = |text: &str| {
        Decimal::parse(text).ok_or_else(|| {
            Error::usage(format!(
                "`{text}` in --parameter-scan is not a plain decimal number"
            ))
        })
    };
    let (min, max, step) = (decimal(min)?, decimal(max)?, decimal(step)?);
    let places = min.places.max(max.places).max(step.places);
    let units = |number: &Decimal| {
        number
            .units(places)
            .ok_or_else(|| Error::usage("a number in --parameter-scan has too many digits"))
    };
    let (min, max, step) = (units(&min)?, units(&max)?, units(&step)?);
    if step <= 0 || min > max {
        return Err(Error::usage(
            "--parameter-scan needs MIN ≤ MAX and a positive step",
        ));
    }
    let steps = max.checked_sub(min).map(|range| range / step);
    if steps.is_none_or(|steps| steps >= MOST_COMMANDS as i128) {
        return Err(Error::usage(format!(
            "--parameter-scan has more than {MOST_COMMANDS} values"
        )));
    }
    let mut values = Vec::new();
    let mut units = min;
    while units <= max {
        values.push(
            Decimal {
                digits: units,
                places,
            }
            .to_string(),
        );
        units += step;
    }
    Ok(values)
}

/// A decimal number, exactly: 0.1 + 0.2 is 0.3 here.
struct Decimal {
    digits: i128,
    places: u32,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let unsigned = whole.strip_prefix('-').unwrap_or(whole);
        let has_digits = !unsigned.is_empty() || !fraction.is_empty();
        if !has_digits || !is_digits(unsigned) || !is_digits(fraction) || text.len() > 30 {
            return None;
        }
        Some(Self {
            digits: format!("{whole}{fraction}").parse().ok()?,
            places: fraction.len() as u32,
        })
    }

    /// The number in units of 10^-places, for at least as many places as it has.
    fn units(&self, places: u32) -> Option<i128> {
        self.digits
            .checked_mul(10_i128.checked_pow(places - self.places)?)
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scale = 10_u128.saturating_pow(self.places);
        let magnitude = self.digits.unsigned_abs();
        let sign = if self.digits < 0 { "-" } else { "" };
        write!(f, "{sign}{}", magnitude / scale)?;
        if self.places > 0 {
            write!(
                f,
                ".{:0width$}",
                magnitude % scale,
                width = self.places as usize
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(values: &[&str]) -> Vec<String> {
        values.iter().map(|&value| value.to_owned()).collect()
    }

    #[test]
    fn every_combination_is_made() {
        let lists = owned(&["a", "1,2", "b", "x,y\\,z,"]);
        let made = combinations(&lists, &[], None).unwrap();
        let filled: Vec<_> = made.iter().map(|p| fill("{a}-{b}", p)).collect();
        assert_eq!(filled, ["1-x", "2-x", "1-y,z", "2-y,z", "1-", "2-"]);
    }

    #[test]
    fn scans_are_exact() {
        let scan = |min: &str, max: &str, step: &str| scan_values(min, max, step).unwrap();
        assert_eq!(scan("0.1", "0.5", "0.2"), ["0.1", "0.3", "0.5"]);
        assert_eq!(scan("8", "10", "1"), ["8", "9", "10"]);
        assert_eq!(
            scan("-1", "1", "0.5"),
            ["-1.0", "-0.5", "0.0", "0.5", "1.0"]
        );
    }

    #[test]
    fn what_cannot_be_scanned_is_refused() {
        assert!(scan_values("2", "1", "1").is_err());
        assert!(scan_values("1", "2", "0").is_err());
        assert!(scan_values("1", "1e3", "1").is_err());
        assert!(scan_values("0", "100000", "1").is_err());
        let huge = "100000000000000000000";
        assert!(scan_values(huge, huge, "0.0000000000000000000000001").is_err());
        assert!(combinations(&owned(&["a", "1", "a", "2"]), &[], None).is_err());
    }

    #[test]
    fn braces_without_a_parameter_stay() {
        let parameters = Parameters::from([("n".to_owned(), "{m}".to_owned())]);
        assert_eq!(
            fill("awk '{print}' {n} {x} {", &parameters),
            "awk '{print}' {m} {x} {"
        );
    }
}
