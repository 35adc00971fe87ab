//! `#[track_caller]` functions are measured and still see their caller, under the
//! strictest lints.
#![deny(warnings, clippy::all, clippy::pedantic)]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::needless_return,
    clippy::panic,
    clippy::unnecessary_wraps,
    clippy::unwrap_used,
    reason = "the tests do on purpose what these lints advise against"
)]

use std::future::Future;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use perfkit::{Calls, OperationSnapshot, measure};

fn recorded(name: &str) -> OperationSnapshot {
    let snapshot = perfkit::snapshot();
    let names: Vec<_> = snapshot.operations.iter().map(|o| o.name.clone()).collect();
    let found = snapshot.operation(name);
    found
        .unwrap_or_else(|| panic!("{name} is not in {names:?}"))
        .clone()
}

fn calls(name: &str) -> Calls {
    recorded(name).lifetime.calls
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future)
}

/// An error that says where it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Here(u32);

impl Here {
    #[track_caller]
    fn new() -> Self {
        Self(Location::caller().line())
    }
}

impl From<std::num::ParseIntError> for Here {
    #[track_caller]
    fn from(_: std::num::ParseIntError) -> Self {
        Self::new()
    }
}

/// Every way out of a function.
#[measure(name = "every way")]
#[track_caller]
fn every_way(way: u32, text: &str) -> Result<u32, Here> {
    let early = || -> Result<u32, Here> {
        // This `return` is the closure's own.
        return Ok(7);
    };
    if way == 0 {
        return Err(Here::new());
    }
    let number: u32 = text.parse()?;
    for turn in 0..10 {
        if turn == way {
            return Ok(text.trim().parse::<u32>()? + turn);
        } else if turn > way {
            break;
        }
    }
    text.parse::<u32>()?;
    let Some(digit) = text.chars().next() else {
        return Err(Here::new());
    };
    match digit {
        '9' => Err(Here::new())?,
        '8' => return early(),
        _ => {}
    }
    number.checked_mul(2).ok_or(Here::new())
}

#[test]
fn every_way_out_is_seen_and_the_caller_too() {
    assert_eq!(every_way(0, "1"), Err(Here(line!())));
    assert_eq!(every_way(99, "x"), Err(Here(line!())));
    assert_eq!(every_way(3, "40"), Ok(43));
    assert_eq!(every_way(99, "9"), Err(Here(line!())));
    assert_eq!(every_way(99, "8"), Ok(7));
    assert_eq!(every_way(99, "21"), Ok(42));
    let every_way = recorded("every way");
    let seen = every_way.lifetime.calls;
    assert_eq!((seen.success, seen.failure), (3, 3));
    assert_eq!(every_way.errors[0].kind, "track_caller::Here");
    assert!(every_way.errors[0].last_text.starts_with("Here("));
}

struct Cart<T> {
    items: Vec<T>,
}

trait Shop: Sized {
    type Item;
    fn take(&mut self, at: usize) -> Result<Self::Item, Here>;

    #[measure(name = "take first")]
    #[track_caller]
    fn take_first(&mut self) -> Result<Self::Item, Here> {
        let first = self.take(0)?;
        Ok(first)
    }
}

impl<T: Clone> Shop for Cart<T> {
    type Item = T;

    #[track_caller]
    #[measure(
        name = "take",
        error_kind = |_| "nothing there",
        labels(found = |result| result.is_ok(), at = at),
        throughput(items = 1)
    )]
    fn take(&mut self, at: usize) -> Result<T, Here> {
        let Some(item) = self.items.get(at).cloned() else {
            Err(Here::new())?
        };
        self.items.remove(at);
        Ok(item)
    }
}

impl<T> Cart<T> {
    #[measure(name = "get", ok = Option::is_some)]
    #[track_caller]
    fn get(&self, at: Option<usize>) -> Option<&T> {
        let at = at?;
        let item = self.items.get(at)?;
        Some(item)
    }

    #[measure(name = "item", memory)]
    #[cfg_attr(all(), track_caller)]
    fn item(&self, at: usize) -> &T {
        self.items.get(at).expect("expected in this test")
    }
}

#[test]
fn methods_of_traits_and_generics_are_measured_where_they_stand() {
    let mut cart = Cart {
        items: vec!["a".to_owned()],
    };
    assert_eq!(cart.take_first(), Ok("a".to_owned()));
    assert_eq!(cart.take_first(), Err(Here(line!())));
    assert_eq!(cart.take(5), Err(Here(line!())));
    assert_eq!(calls("take first").failure, 1);
    assert_eq!(calls(r#"take{at="0",found="true"}"#).success, 1);
    let failed = recorded(r#"take{at="0",found="false"}"#);
    assert_eq!(failed.errors[0].kind, "nothing there");
    assert_eq!(calls(r#"take{at="5",found="false"}"#).failure, 1);

    cart.items.push("b".to_owned());
    assert_eq!(cart.get(Some(0)).unwrap(), "b");
    assert_eq!((cart.get(None), cart.get(Some(1))), (None, None));
    assert_eq!((calls("get").success, calls("get").failure), (1, 2));
}

#[test]
fn a_panic_says_where_the_caller_is() {
    let cart = Cart { items: vec![1] };
    assert_eq!(*cart.item(0), 1);
    let line = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&line);
    std::panic::set_hook(Box::new(move |info| {
        *seen.lock().unwrap() = info.location().unwrap().line();
    }));
    let expected = line!() + 1;
    let panicked = catch_unwind(AssertUnwindSafe(|| *cart.item(9)));
    let _ = std::panic::take_hook();
    assert!(panicked.is_err());
    assert_eq!(*line.lock().unwrap(), expected);
    assert_eq!((calls("item").success, calls("item").panic), (1, 1));
}

macro_rules! bail {
    ($what:expr) => {
        return Err($what)
    };
}

#[measure(name = "bails", labels(length = |result| result.as_ref().map_or(0, String::len)))]
#[track_caller]
fn bails(text: &str) -> Result<String, Here> {
    if text.is_empty() {
        bail!(Here::new());
    }
    Ok(format!("{}!", text.parse::<u32>()?))
}

macro_rules! give {
    ($what:expr) => {
        return $what
    };
}

#[measure(name = "gives")]
#[track_caller]
fn gives(early: bool) -> u32 {
    if early {
        give!(Location::caller().line());
    }
    1
}

#[measure(name = "opaque")]
#[track_caller]
fn opaque(text: &str) -> Result<impl Iterator<Item = char>, Here> {
    if text.is_empty() {
        bail!(Here::new());
    }
    text.parse::<u32>()?;
    Ok(text.chars())
}

#[test]
fn what_a_macro_returns_is_a_failure_of_its_own_kind() {
    assert_eq!(bails(""), Err(Here(line!())));
    assert_eq!(bails("x"), Err(Here(line!())));
    assert_eq!(bails("7").unwrap(), "7!");
    let unseen = recorded(r#"bails{length="unknown"}"#);
    assert_eq!(unseen.lifetime.calls.failure, 2);
    assert_eq!(unseen.errors[0].kind, "returned_by_macro");
    assert_eq!(calls(r#"bails{length="2"}"#).success, 1);
    // A value that says nothing of failure is none.
    assert_eq!((gives(true), gives(false)), (line!(), 1));
    assert_eq!(calls("gives").success, 2);
    assert_eq!(opaque("").err(), Some(Here(line!())));
    assert_eq!(opaque("x").err(), Some(Here(line!())));
    assert_eq!(opaque("12").unwrap().count(), 2);
    assert_eq!((calls("opaque").success, calls("opaque").failure), (1, 2));
}

#[measure(name = "unfinished")]
#[track_caller]
fn unfinished(fail: bool) -> Result<(), Here> {
    loop {
        assert!(!fail, "expected in this test");
    }
}

#[measure(name = "unit")]
#[track_caller]
fn unit(early: bool, seen: &mut Vec<u8>) {
    if early {
        return;
    }
    seen.push(1);
}

#[measure(name = "flow")]
#[track_caller]
fn flow(number: u8) -> ControlFlow<u8, u16> {
    let step = |number| {
        if number > 9 {
            ControlFlow::Break(number)
        } else {
            ControlFlow::Continue(number)
        }
    };
    let number = step(number)?;
    ControlFlow::Continue(u16::from(number) * 2)
}

#[measure(name = "poll")]
#[track_caller]
fn poll(answer: Poll<Option<Result<u8, Here>>>) -> Poll<Option<Result<u16, Here>>> {
    let answer = answer?;
    answer.map(|number| Some(Ok(u16::from(number?))))
}

#[test]
fn other_types_leave_as_they_did() {
    assert!(catch_unwind(|| unfinished(true)).is_err());
    assert_eq!(calls("unfinished").panic, 1);
    let mut seen = Vec::new();
    unit(true, &mut seen);
    unit(false, &mut seen);
    assert_eq!((seen.len(), calls("unit").success), (1, 2));
    assert_eq!(flow(3), ControlFlow::Continue(6));
    assert_eq!(flow(11), ControlFlow::Break(11));
    assert_eq!(calls("flow").success, 2);
    assert_eq!(poll(Poll::Pending), Poll::Pending);
    assert_eq!(poll(Poll::Ready(Some(Ok(2)))), Poll::Ready(Some(Ok(2))));
    let here = Here(0);
    assert_eq!(
        poll(Poll::Ready(Some(Err(here)))),
        Poll::Ready(Some(Err(here)))
    );
}

#[measure(name = "later")]
#[track_caller]
fn later(fail: bool) -> impl Future<Output = Result<u32, Here>> {
    let here = Here::new();
    async move {
        let number = "5".parse::<u32>()?;
        if fail {
            return Err(here);
        }
        Ok(number)
    }
}

#[measure(name = "boxed")]
#[track_caller]
fn boxed<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = (usize, Here)> + Send + 'a>> {
    let here = Here::new();
    if text.is_empty() {
        return Box::pin(std::future::ready((0, here)));
    }
    Box::pin(async move { (text.len(), here) })
}

#[test]
fn functions_that_return_futures_see_their_caller() {
    let future = later(true);
    assert_eq!(block_on(future), Err(Here(line!() - 1)));
    assert_eq!(block_on(later(false)), Ok(5));
    assert_eq!((calls("later").success, calls("later").failure), (1, 1));
    let (empty, four) = (boxed(""), boxed("four"));
    assert_eq!(block_on(empty), (0, Here(line!() - 1)));
    assert_eq!(block_on(four).0, 4);
    assert_eq!(calls("boxed").success, 2);
}

struct Shelf(Vec<u8>);

impl std::ops::Index<usize> for Shelf {
    type Output = u8;

    // The trait's declaration has the attribute too, where `measure` does not see it.
    #[measure(name = "index")]
    #[track_caller]
    fn index(&self, at: usize) -> &u8 {
        assert!(at < 9, "expected in this test, from {}", Location::caller());
        &self.0[at]
    }
}

#[test]
fn the_caller_that_a_trait_declares_is_seen_where_the_method_says_so_too() {
    let shelf = Shelf(vec![5]);
    assert_eq!(shelf[0], 5);
    let line = line!() + 1;
    let panicked = catch_unwind(AssertUnwindSafe(|| shelf[9])).unwrap_err();
    let text = panicked.downcast_ref::<String>().unwrap();
    assert!(text.contains(&format!("track_caller.rs:{line}:")), "{text}");
    assert_eq!((calls("index").success, calls("index").panic), (1, 1));
}
