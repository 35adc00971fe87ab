//! Failures by kinds that the program names.
#![allow(
    clippy::panic,
    clippy::redundant_closure_for_method_calls,
    clippy::unwrap_used,
    reason = "a failed test panics; closures are what is tested"
)]

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};

use perfkit::{ErrorKind, Failure, Monitor, OperationSnapshot, Outcome, Report, measure};

fn recorded(name: &str) -> OperationSnapshot {
    let snapshot = perfkit::snapshot();
    let found = snapshot.operation(name);
    found
        .unwrap_or_else(|| panic!("{name} was not recorded"))
        .clone()
}

/// Kinds with their counts and latest texts.
fn kinds(name: &str) -> Vec<(String, u64, String)> {
    let errors = recorded(name).errors.into_iter();
    errors.map(|e| (e.kind, e.count, e.last_text)).collect()
}

fn kind(kind: &str, count: u64, text: &str) -> (String, u64, String) {
    (kind.to_owned(), count, text.to_owned())
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future)
}

/// An error that has a code and does not implement `ErrorKind`.
#[derive(Debug)]
struct Coded {
    code: String,
    status: u16,
}

impl Coded {
    fn new(status: u16) -> Self {
        Self {
            code: format!("E{status}"),
            status,
        }
    }

    fn code(&self) -> &str {
        &self.code
    }

    fn status(&self) -> u16 {
        self.status
    }
}

impl fmt::Display for Coded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused with {}", self.status)
    }
}

#[measure(name = "borrowed code", error_kind = |error| error.code())]
fn borrowed(status: u16) -> Result<u16, Coded> {
    Err(Coded::new(status))
}

#[measure(name = "path", error_kind = Coded::status)]
fn by_path(status: u16) -> Result<u16, Coded> {
    if status < 400 {
        return Ok(status);
    }
    Err(Coded::new(status))
}

type Answer<T> = Result<T, Coded>;

#[measure(name = "alias", error_kind = |error: &Coded| format!("class {}", error.status / 100))]
fn alias(status: u16) -> Answer<()> {
    Err(Coded::new(status))
}

#[test]
fn a_closure_or_a_path_names_the_kind() {
    for status in [404, 404, 503] {
        let _ = (borrowed(status), by_path(status), alias(status));
    }
    assert_eq!(by_path(200).unwrap(), 200);
    assert_eq!(
        kinds("borrowed code"),
        [
            kind("E404", 2, "refused with 404"),
            kind("E503", 1, "refused with 503")
        ]
    );
    assert_eq!(kinds("path")[1], kind("503", 1, "refused with 503"));
    assert_eq!(recorded("path").lifetime.calls.success, 1);
    assert_eq!(kinds("alias")[0], kind("class 4", 2, "refused with 404"));
}

static ASKED: AtomicU32 = AtomicU32::new(0);

#[measure(name = "asked", error_kind = |_| ASKED.fetch_add(1, Ordering::Relaxed))]
fn asked(fail: bool) -> Result<(), ()> {
    if fail { Err(()) } else { Ok(()) }
}

#[test]
fn only_failures_are_asked() {
    for fail in [false, false, true] {
        let _ = asked(fail);
    }
    assert_eq!(ASKED.load(Ordering::Relaxed), 1);
    assert_eq!(kinds("asked"), [kind("0", 1, "()")]);
}

/// An error that knows its kind.
#[derive(Debug)]
enum PayError {
    Declined,
    Bank(u16),
    Nameless,
}

impl ErrorKind for PayError {
    fn error_kind(&self) -> Cow<'static, str> {
        match self {
            Self::Declined => "declined".into(),
            Self::Bank(status) => format!("bank_{status}").into(),
            Self::Nameless => "".into(),
        }
    }
}

struct Till;

impl Till {
    #[measure(name = "pay")]
    fn pay(&self, error: PayError) -> Result<(), PayError> {
        Err(error)
    }

    #[measure(name = "pay boxed error", memory)]
    fn pay_boxed(&self, error: PayError) -> Result<(), Box<PayError>> {
        Err(Box::new(error))
    }

    #[measure(name = "pay later")]
    async fn pay_later(&self, error: PayError) -> Result<(), PayError> {
        tokio::task::yield_now().await;
        Err(error)
    }

    #[measure(name = "pay in a box", error_kind = |error| matches!(error, PayError::Declined))]
    fn boxed(&self, error: PayError) -> Pin<Box<dyn Future<Output = Result<(), PayError>>>> {
        Box::pin(std::future::ready(Err(error)))
    }

    #[measure(name = "pay, generic")]
    fn generic<E>(&self, error: E) -> Result<(), E> {
        Err(error)
    }

    #[measure(name = "pay, generic with bound")]
    fn bound<E: ErrorKind>(&self, error: E) -> Result<(), E> {
        Err(error)
    }
}

#[test]
fn an_error_that_knows_its_kind_is_asked_without_an_option() {
    let _ = (Till.pay(PayError::Declined), Till.pay(PayError::Bank(503)));
    let _ = Till.pay(PayError::Nameless);
    let of_type = "error_kinds::PayError";
    assert_eq!(
        kinds("pay"),
        [
            kind("declined", 1, "Declined"),
            kind("bank_503", 1, "Bank(503)"),
            kind(of_type, 1, "Nameless"),
        ]
    );
    let _ = Till.pay_boxed(PayError::Declined);
    assert_eq!(kinds("pay boxed error")[0].0, "declined");
    let _ = block_on(Till.pay_later(PayError::Bank(1)));
    assert_eq!(kinds("pay later"), [kind("bank_1", 1, "Bank(1)")]);
    let _ = block_on(Till.boxed(PayError::Declined));
    assert_eq!(kinds("pay in a box"), [kind("true", 1, "Declined")]);
    let _ = (
        Till.generic(PayError::Declined),
        Till.bound(PayError::Declined),
    );
    assert_eq!(kinds("pay, generic"), [kind(of_type, 1, "")]);
    assert_eq!(kinds("pay, generic with bound"), [kind("declined", 1, "")]);
}

#[measure(name = "verdict", ok = |status| if *status < 500 { Ok(()) } else { Err(format!("HTTP {status}")) })]
fn respond(status: u16) -> u16 {
    status
}

#[measure(name = "verdict and kind", ok = |result| match result {
    Err(error) if error.status == 404 => Ok(()),
    Err(error) if error.status == 418 => Err("teapot"),
    Err(_) => Err(""),
    Ok(_) => Err("fine"),
}, error_kind = Coded::status)]
async fn judged(status: u16) -> Result<(), Coded> {
    if status == 200 {
        return Ok(());
    }
    Err(Coded::new(status))
}

#[test]
fn a_verdict_may_name_the_kind() {
    for status in [200, 503, 504, 503] {
        respond(status);
    }
    assert_eq!(recorded("verdict").lifetime.calls.success, 1);
    assert_eq!(
        kinds("verdict"),
        [kind("HTTP 503", 2, ""), kind("HTTP 504", 1, "")]
    );
    for status in [404, 418, 503, 200] {
        let _ = block_on(judged(status));
    }
    assert_eq!(recorded("verdict and kind").lifetime.calls.success, 1);
    assert_eq!(
        kinds("verdict and kind"),
        [
            kind("teapot", 1, "refused with 418"),
            kind("503", 1, "refused with 503"),
            kind("fine", 1, ""),
        ]
    );
}

#[measure(name = "many kinds", error_kind = |number| format!("{number}{}", "k".repeat(1000)))]
fn many(number: u32) -> Result<(), u32> {
    Err(number)
}

#[test]
fn kinds_are_bounded_in_number_and_length_and_the_report_says_so() {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                (0..100).for_each(|number| {
                    let _ = many(100 * thread + number);
                });
            });
        }
    });
    let many = recorded("many kinds");
    assert_eq!(many.errors.len(), 17);
    assert!(many.errors.iter().all(|error| error.kind.len() <= 256));
    let (overflow, apart) = many.errors.split_last().unwrap();
    assert!(overflow.is_overflow && overflow.kind == "other");
    assert!(apart.iter().all(|error| !error.is_overflow));
    assert_eq!(
        many.errors.iter().map(|error| error.count).sum::<u64>(),
        400
    );
    let report = Report::from_snapshot(perfkit::snapshot());
    let note = report
        .notes
        .iter()
        .find(|note| note.code == perfkit::report::NoteCode::ManyErrorKinds);
    let message = &note.unwrap().message;
    let said = format!("many kinds ({} of 400)", overflow.count);
    assert!(message.contains(&said), "{message}");
}

#[measure(name = "panicking kind", error_kind = |_| -> u8 { panic!("expected in this test") })]
fn panicking() -> Result<(), ()> {
    Err(())
}

#[test]
fn a_kind_that_panics_loses_no_call() {
    assert!(catch_unwind(panicking).is_err());
    assert_eq!(recorded("panicking kind").lifetime.calls.panic, 1);

    /// Panics only while it is written.
    struct Rude;
    impl fmt::Display for Rude {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half a kind")?;
            panic!("expected in this test")
        }
    }
    #[measure(name = "rude kind", error_kind = |_| Rude)]
    fn rude() -> Result<(), ()> {
        Err(())
    }
    assert!(catch_unwind(AssertUnwindSafe(rude)).is_ok());
    assert_eq!(kinds("rude kind"), [kind("half a kind", 1, "()")]);
}

#[test]
fn the_same_is_said_without_the_macro() {
    let monitor = Monitor::new();
    let pay = monitor.operation("pay");
    let result = pay.measure_with(
        || Err::<(), _>(PayError::Declined),
        |result| match result {
            Ok(()) => Outcome::Success,
            Err(error) => Outcome::Failure(Failure::new(error.error_kind(), "no money")),
        },
    );
    assert!(result.is_err());
    let snapshot = monitor.snapshot();
    let error = &snapshot.operation("pay").unwrap().errors[0];
    assert_eq!((&*error.kind, &*error.last_text), ("declined", "no money"));
}
