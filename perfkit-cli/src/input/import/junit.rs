//! JUnit's XML, as cargo-nextest and others write it: how long each test took, in seconds.

use perfkit::Metric;
use perfkit::report::{FailureKind, Report};

use super::build::{Entry, Import, check_number};
use super::date;
use super::grouped::Groups;
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{Scale, number};
use super::xml_tags::{Tag, tags};

/// What is known of the tests of one name.
#[derive(Default)]
struct Test {
    times: Vec<f64>,
    /// Why each that failed did.
    failures: Vec<String>,
}

/// A test that is being read.
struct Case {
    name: String,
    time: Option<f64>,
    failure: Option<String>,
    is_skipped: bool,
}

pub(super) fn recognise(text: &Text) -> bool {
    let mut first = tags(text.as_str()).filter(|tag| !tag.name.starts_with(['?', '!']));
    let is_suite = first
        .next()
        .is_some_and(|tag| tag.name.starts_with("testsuite"));
    is_suite && text.as_str().contains("<testcase ")
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let mut tests: Groups<String, Test> = Groups::default();
    let mut import = Import::new("JUnit XML");
    let mut is_dated = false;
    let mut open: Option<Case> = None;
    for tag in tags(text.as_str()) {
        match (tag.name, &mut open) {
            ("testsuites" | "testsuite", _) if !is_dated => {
                let created = tag
                    .attribute("timestamp")
                    .and_then(|text| date::parse(&text));
                is_dated = created.is_some();
                import.created(created);
            }
            ("testcase", _) => {
                open.take()
                    .into_iter()
                    .for_each(|case| case.add(&mut tests));
                check_number(tests.list.len())?;
                open = Some(Case::of(&tag)?);
            }
            ("failure" | "error", Some(case)) => {
                let told = tag.attribute("message").or_else(|| tag.attribute("type"));
                case.failure = Some(told.unwrap_or_else(|| "it failed".to_owned()));
            }
            ("skipped", Some(case)) => case.is_skipped = true,
            _ => {}
        }
    }
    open.into_iter().for_each(|case| case.add(&mut tests));
    let entries = tests.into_list().into_iter();
    import.finish_with(entries.map(|(name, test)| test.entry(name)))
}

impl Case {
    fn of(tag: &Tag<'_>) -> Result<Self, ParseError> {
        let name = tag.attribute("name").unwrap_or_default();
        let class = tag.attribute("classname").unwrap_or_default();
        let time = tag.attribute("time").map(|text| {
            let wrong = || {
                ParseError::at(
                    tag.line,
                    format!("the time of {name} is no number: {text:?}"),
                )
            };
            number(&text).ok_or_else(wrong)
        });
        let time = time.transpose()?;
        Ok(Self {
            name: match class.is_empty() {
                true => name,
                false => format!("{class}::{name}"),
            },
            time,
            failure: None,
            is_skipped: false,
        })
    }

    fn add(self, tests: &mut Groups<String, Test>) {
        if self.is_skipped {
            return;
        }
        let test = tests.of(self.name);
        match self.failure {
            Some(reason) => test.failures.push(reason),
            None => test.times.extend(self.time),
        }
    }
}

impl Test {
    fn entry(self, name: String) -> Entry {
        let mut entry = Entry::new(name);
        let failures = self.failures.len() as u64;
        for reason in self.failures {
            entry.failed_run(None, FailureKind::Unknown, reason);
        }
        entry.runs(self.times.len() as u64, failures);
        entry.numbers(Metric::WALL_TIME, Scale::SECONDS, self.times);
        entry
    }
}
